"""Debian's Chromium, driven as a person uses it: keys and clicks in, what is on the screen out.

It speaks the Chrome DevTools Protocol over a pipe of its own: no port, no driver, and it ends when the pipe
does. Nothing waits for an amount of time: the page itself says when a condition holds, under a deadline.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers import DEADLINE

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    # A name that isn't this machine's leads nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
# The program reads its orders from descriptor 3 and answers on 4; what it is handed has other numbers.
START = 'exec "$0" "$@" 3<&"$ORDERS" 4>&"$ANSWERS"'

# Lets a test move the page's clock forward; timers go on as ever.
CLOCK = "{ const now = Date.now; let later = 0; Date.now = () => now() + later; window.later = (ms) => { later = ms } }"
# What has moved on the screen without anybody's doing.
SHIFTS = """
    window.shifts = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
"""
# Every text's contrast with what it stands on, where it is under the 4.5 to 1 of WCAG 2.2 (1.4.3).
CONTRAST = """(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const channels = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (color) => channels(color).slice(0, 3)
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (channels(color)[3] === 255) return color;
    }
    return "white";
  };
  const weak = [];
  for (const element of document.querySelectorAll("body *")) {
    if (!element.checkVisibility() || ![...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [one, other] = [light(getComputedStyle(element).color), light(ground(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) weak.push(`${ratio.toFixed(2)}: ${element.textContent.slice(0, 30)}`);
  }
  return weak;
})()"""
# What a keyboard or a screen reader could not make out.
NAMELESS = """[...document.querySelectorAll("button, a, input:not([type=hidden])")]
  .filter((element) => !(element.ariaLabel ?? (element.labels?.[0] ?? element).textContent).trim())
  .map((element) => element.outerHTML)"""


@dataclass(frozen=True)
class Look:
    """How somebody has set up their browser."""

    language: str = "en"
    width: int = 1280
    height: int = 900
    scheme: str = "light"


class Browser:
    """A running browser with an empty profile."""

    def __init__(self, profile: Path):
        program = shutil.which("chromium")
        assert program, "chromium is missing: apt-get install chromium"
        their_orders, self._orders = _pipe()
        self._answers, their_answers = _pipe()
        with (profile / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", START, program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
                env={**os.environ, "ORDERS": str(their_orders), "ANSWERS": str(their_answers)},
                pass_fds=(their_orders, their_answers),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        os.close(their_orders)
        os.close(their_answers)
        self._unread = b""
        self._number = 0
        self._pages: dict[str, Page] = {}

    def open(self, url: str, look: Look) -> "Page":
        """A page in a profile of its own, loaded."""
        context = self.order("Target.createBrowserContext")["browserContextId"]
        target = self.order("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.order("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session, context)
        page.set_up(look, url)
        return page

    def order(self, method: str, session: str | None = None, **parameters: object) -> dict[str, Any]:
        """Has something done and gives the answer; what happens meanwhile is told to the pages."""
        self._number += 1
        order = {"id": self._number, "method": method, "params": parameters}
        os.write(self._orders, json.dumps(order | ({"sessionId": session} if session else {})).encode() + b"\0")
        while True:
            message = self.read()
            if message.get("id") == self._number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    def read(self) -> dict[str, Any]:
        """The next message, under a deadline."""
        give_up = time.monotonic() + DEADLINE
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._answers], [], [], max(0, give_up - time.monotonic()))
            assert ready, "the browser doesn't answer"
            more = os.read(self._answers, 1 << 16)
            assert more, "the browser has ended"
            self._unread += more
        text, self._unread = self._unread.split(b"\0", 1)
        message = json.loads(text)
        if "method" in message and message.get("sessionId") in self._pages:
            self._pages[message["sessionId"]].hear(message["method"], message["params"])
        return message

    def close(self) -> None:
        """Ends it."""
        os.close(self._orders)
        os.close(self._answers)
        self._process.kill()
        self._process.wait(timeout=DEADLINE)


class Page:
    """A page; `problems` and `requests` grow while it lives."""

    def __init__(self, browser: Browser, session: str, context: str):
        self._browser = browser
        self._session = session
        self._context = context
        self._loaded = False
        self.problems: list[str] = []
        self.requests: list[str] = []

    def order(self, method: str, **parameters: object) -> dict[str, Any]:
        """Has something done in this page."""
        return self._browser.order(method, self._session, **parameters)

    def hear(self, event: str, what: dict[str, Any]) -> None:
        """Keeps what a test wants to know."""
        if event == "Page.loadEventFired":
            self._loaded = True
        elif event == "Network.requestWillBeSent":
            self.requests.append(what["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(what["exceptionDetails"]))
        elif event == "Runtime.consoleAPICalled":
            self.problems.append(json.dumps(what["args"]))
        elif event == "Audits.issueAdded":
            self.problems.append(json.dumps(what["issue"]))
        elif event == "Log.entryAdded":
            # A refused call is what this page is about; the browser notes each as an error of the network. And
            # whoever clicks into a field before the browser has put the cursor there is right to.
            source, text = what["entry"]["source"], what["entry"]["text"]
            is_refusal = source == "network" and "status of 401" in text
            if not is_refusal and not text.startswith("Autofocus processing was blocked"):
                self.problems.append(text)

    def set_up(self, look: Look, url: str) -> None:
        """Loads an address, with the reader's settings."""
        for domain in ("Page", "Network", "Runtime", "Log", "Audits"):
            self.order(f"{domain}.enable")
        agent = self._browser.order("Browser.getVersion")["userAgent"]
        self.order("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=look.language)
        self.show(look)
        self.order("Page.addScriptToEvaluateOnNewDocument", source=CLOCK + SHIFTS)
        self.order("Page.navigate", url=url)
        while not self._loaded:
            self._browser.read()

    def follow(self, step: Callable[[], None]) -> None:
        """Does what leads to another page, and waits until that is loaded."""
        self._loaded = False
        step()
        while not self._loaded:
            self._browser.read()

    def show(self, look: Look) -> None:
        """Changes the window's size and the colour scheme."""
        size = {"width": look.width, "height": look.height}
        self.order("Emulation.setDeviceMetricsOverride", **size, deviceScaleFactor=1, mobile=look.width < 600)
        self.order("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": look.scheme}])

    def allow(self, *permissions: str) -> None:
        """What a person would be asked for: yes."""
        self._browser.order("Browser.grantPermissions", permissions=permissions, browserContextId=self._context)

    def ask(self, expression: str) -> Any:
        """What a JavaScript expression gives, awaited."""
        answer = self.order("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Until a JavaScript expression is true; looks at every frame."""
        look = f"() => {{ if ({condition}) done(); else requestAnimationFrame(look) }}"
        give_up = f"setTimeout(() => fail(Error('never: ' + {json.dumps(condition)})), {DEADLINE * 500})"
        self.ask(f"new Promise((done, fail) => {{ const look = {look}; {give_up}; look() }})")

    def text(self, selector: str) -> str:
        """What an element says on the screen."""
        return self.ask(f"document.querySelector({json.dumps(selector)}).innerText")

    def click(self, selector: str) -> None:
        """A click with the mouse on the middle of an element, which must be what lies there."""
        quoted = json.dumps(selector)
        x, y = self.ask(
            f"""(() => {{
                const element = document.querySelector({quoted});
                element.scrollIntoView({{ block: "center", behavior: "instant" }});
                const box = element.getBoundingClientRect();
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                if (!element.contains(document.elementFromPoint(x, y))) throw Error("covered: " + {quoted});
                return [x, y];
            }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.order("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text: str) -> None:
        """Writes into whatever has the focus."""
        self.order("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """Presses Tab, Enter or space."""
        code, text = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " ")}[key]
        shown = {"text": text} if text else {}
        self.order("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **shown)
        self.order("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def picture(self, file: Path) -> None:
        """Keeps the whole page as an image."""
        self.ask("window.scrollTo(0, 0)")
        image = self.order("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(image))

    def close(self) -> None:
        """Closes it and forgets its profile."""
        self._browser.order("Target.disposeBrowserContext", browserContextId=self._context)


def _pipe() -> tuple[int, int]:
    """A pipe whose numbers are above those that the program has its own use for."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return moved
