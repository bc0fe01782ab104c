"""The page at `/` of `symbolon dev`, walked in Debian's Chromium as a person walks it.

The pictures go to .tools/screenshots, for people to look at. Expiry is real at both ends: libfaketime sets
the server's clock forward and the browser's page gets the same hours; nothing about the token is forged.
"""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest

from browser import CONTRAST, NAMELESS, Browser, Look, Page
from conftest import StartDev
from servers import DEADLINE, ROOT, Dev, faked_clock
from web import bearer, call

PICTURES = ROOT / ".tools" / "screenshots"
LOOKS = [
    pytest.param(Look(language, width, height, scheme), id=f"{language}-{screen}-{scheme}")
    for language in ("en", "ko")
    for screen, width, height in (("phone", 360, 740), ("desktop", 1280, 900))
    for scheme in ("light", "dark")
]
VERDICTS = {
    "en": {"let_in": "Let in", "refused": "Refused", "expired": "Expired"},
    "ko": {"let_in": "통과", "refused": "거부", "expired": "만료됨"},
}
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all; every page has a profile of its own."""
    running = Browser(tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens the page, and holds every page to a clean console and to its own server at the end."""
    opened: list[tuple[Dev, Page]] = []

    def open_one(dev: Dev, look: Look = Look(), path: str = "/") -> Page:  # noqa: B008
        page = browser.open(f"{dev.issuer}{path}", look)
        opened.append((dev, page))
        page.wait("!document.querySelector('#call').disabled")
        return page

    yield open_one
    for _, page in opened:
        page.close()
    for dev, page in opened:
        assert page.problems == []
        assert [url for url in page.requests if not url.startswith(f"{dev.issuer}/")] == []


@dataclass(frozen=True)
class Clocked:
    """A `dev` whose clock a test can set forward."""

    dev: Dev
    clock: Path

    def let_expire(self, page: Page) -> None:
        """Ten minutes later, here and there; the page calls by itself when the time is over."""
        self.clock.write_text("+600s")
        page.ask("document.querySelector('#verdict').className = ''; later(600 * 1000)")
        page.wait("document.querySelector('#verdict.verdict')")


@pytest.fixture
def clocked(start_dev: StartDev, tmp_path: Path) -> Clocked:
    """Starts it at the present."""
    clock = tmp_path / "clock"
    clock.write_text("+0s")
    return Clocked(start_dev(environment=faked_clock(clock)), clock)


def log_in(page: Page, dev: Dev, password: str | None = None) -> None:
    """Logs in with the mouse and the keyboard; the user name is there already."""
    page.click("#password")
    page.type(dev.password if password is None else password)
    page.press("Enter")
    page.wait("document.querySelector('.outcome.yes, .outcome.no')")


def call_me(page: Page) -> None:
    """Calls the guarded endpoint and waits for what it says."""
    page.ask("document.querySelector('#verdict').className = ''")
    page.click("#call")
    page.wait("document.querySelector('#verdict.verdict')")


def flip(page: Page, part: int) -> None:
    """Has a character of a part changed, which calls with the changed token."""
    page.ask("document.querySelector('#verdict').className = ''")
    page.click(f"[data-part='{part}']")
    page.wait("document.querySelector('#verdict.verdict')")


@pytest.mark.parametrize("look", LOOKS)
def test_it_can_be_read_and_used(clocked: Clocked, open_page: Open, look: Look, request: pytest.FixtureRequest):
    page = open_page(clocked.dev, look)
    says = VERDICTS[look.language]

    def keep(moment: str) -> None:
        # The buttons' colours fade; what is measured and kept is where they end.
        page.ask("Promise.all(document.getAnimations().map((animation) => animation.finished))")
        page.picture(PICTURES / f"{request.node.callspec.id}-{moment}.png")
        assert page.ask(CONTRAST) == []
        assert page.ask("document.documentElement.scrollWidth") == look.width

    assert page.ask("document.documentElement.lang") == look.language
    keep("1-start")
    log_in(page, clocked.dev)
    keep("2-logged-in")
    call_me(page)
    assert says["let_in"] in page.text("#verdict")
    keep("3-let-in")
    flip(page, 1)
    assert says["refused"] in page.text("#verdict")
    keep("4-changed")
    page.click("#restore")
    clocked.let_expire(page)
    assert says["expired"] in page.text(".life")
    assert says["refused"] in page.text("#verdict")
    keep("5-expired")
    assert page.ask("shifts") < 0.01
    assert page.ask(NAMELESS) == []


def test_the_parts_are_those_of_the_token(dev: Dev, open_page: Open):
    page = open_page(dev)
    log_in(page, dev)
    token = page.text(".whole").replace("\n", "")
    claims = jwt.decode(token, options={"verify_signature": False})
    shown = page.ask(
        "Object.fromEntries([...document.querySelectorAll('#claims [data-claim]:not([hidden])')].map((row) =>"
        " [row.dataset.claim, row.querySelector('.value').firstChild.data]))"
    )
    assert shown == {
        name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
        for name, value in claims.items()
    }
    assert page.text("#header").count(jwt.get_unverified_header(token)["kid"]) == 1
    assert page.text("#left") in ("10:00", "9:59", "9:58")
    # It is the token of a login just made, not the one on the terminal.
    assert token != dev.access_token
    assert call(f"{dev.issuer}/api/me", headers=bearer(token)).status == 200


def test_a_call_shows_what_is_sent_and_answered(dev: Dev, open_page: Open):
    page = open_page(dev)
    call_me(page)
    assert "401" in page.text("#answer")
    assert 'WWW-Authenticate: Bearer realm="api"' in page.text("#answer")
    assert "Authorization" not in page.text("#request")
    log_in(page, dev)
    call_me(page)
    assert page.text("#request").replace("\n", "").endswith(f"Authorization: Bearer {page.text('.whole')}")
    assert page.text("#answer").startswith("200 OK")
    assert '"username": "demo"' in page.text("#answer")
    assert page.ask("document.querySelectorAll('.steps .done').length") == 5


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "claims", "signature"])
def test_one_changed_character_is_refused_and_put_back(dev: Dev, open_page: Open, part: int):
    page = open_page(dev)
    log_in(page, dev)
    good = page.text(".whole")
    flip(page, part)
    bad = page.text(".whole")
    assert sum(one != other for one, other in zip(good, bad, strict=True)) == 1
    assert page.ask("document.querySelectorAll('.whole mark, #request mark').length") == 2
    assert "Refused" in page.text("#verdict")
    assert page.text("#answer").startswith("401 Unauthorized\nWWW-Authenticate: Bearer error=\"invalid_token\"")
    assert page.text("#answer").count(bad) == 0
    page.click("#restore")
    assert page.text(".whole") == good
    call_me(page)
    assert "Let in" in page.text("#verdict")


def test_a_wrong_password_is_said_and_nothing_else(dev: Dev, open_page: Open):
    page = open_page(dev, Look(language="ko"))
    log_in(page, dev, password="<b>not the password</b>")
    assert "사용자 이름이나 비밀번호가 맞지 않습니다." in page.text(".outcome.no")
    assert page.ask("document.querySelector('[data-part]').disabled")


def test_the_language_changes_and_the_token_stays(dev: Dev, open_page: Open):
    page = open_page(dev)
    log_in(page, dev)
    token = page.text(".whole")
    flip(page, 2)
    page.click("nav [lang=ko]")
    page.wait("document.documentElement.lang === 'ko'")
    assert "거부" in page.text("#verdict")
    assert page.text("h1") == "로그인 들여다보기"
    page.click("#restore")
    assert page.text(".whole") == token
    assert open_page(dev, path="/?lang=ko").text("h1") == "로그인 들여다보기"


def test_it_can_be_used_without_a_mouse(dev: Dev, open_page: Open):
    page = open_page(dev)

    def tab_to(selector: str) -> None:
        for _ in range(30):
            page.press("Tab")
            if page.ask(f"document.activeElement.matches({json.dumps(selector)})"):
                assert page.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"
                return
        pytest.fail(f"{selector} can't be reached")

    page.press("Tab")
    assert page.text(":focus") == "Skip to the login"
    tab_to("#password")
    page.type(dev.password)
    page.press("Enter")
    page.wait("document.querySelector('.outcome.yes')")
    tab_to("[data-part='2']")
    page.press(" ")
    page.wait("document.querySelector('.verdict.no')")
    tab_to("#restore")
    page.press("Enter")
    assert page.ask("document.querySelector('.whole mark')") is None


def test_the_token_is_in_memory_only(dev: Dev, open_page: Open):
    page = open_page(dev)
    log_in(page, dev)
    assert page.order("Network.getCookies")["cookies"] == []
    assert page.ask("JSON.stringify([localStorage, sessionStorage])") == "[{},{}]"
    assert page.ask("location.href") == f"{dev.issuer}/"
    assert page.ask("indexedDB.databases()") == []
    assert page.ask("document.querySelector('#password').value") == ""


def test_the_policy_holds(dev: Dev, browser: Browser):
    page = browser.open(f"{dev.issuer}/", Look())
    page.ask(
        """new Promise((done) => {
            document.addEventListener("securitypolicyviolation", done, { once: true });
            document.body.append(Object.assign(document.createElement("img"), { src: "http://elsewhere.example/" }));
        })"""
    )
    assert page.ask("try { document.body.innerHTML = '<b>'; 'taken' } catch { 'refused' }") == "refused"
    assert page.problems != []


def test_lines_are_copied_whole(dev: Dev, open_page: Open):
    page = open_page(dev)
    page.allow("clipboardReadWrite", "clipboardSanitizedWrite")
    log_in(page, dev)
    token = page.text(".whole")
    page.click("[data-copy='curl-me-text']")
    page.wait("document.querySelector('[data-copy=curl-me-text]').textContent === 'Copied'")
    line = page.ask("navigator.clipboard.readText()")
    assert token in line
    answer = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert '"username":"demo"' in answer.stdout


def test_it_expires_at_the_server_and_on_the_page(clocked: Clocked, open_page: Open):
    page = open_page(clocked.dev)
    log_in(page, clocked.dev)
    call_me(page)
    assert "Let in" in page.text("#verdict")

    clocked.let_expire(page)
    assert page.text(".life").strip() == "Expired"
    assert "the token's time is over" in page.text("#verdict")
    assert page.text("#answer").startswith("401 Unauthorized")
    assert 'error="invalid_token"' in page.text("#answer")
    assert "expired" in page.text("#answer")

    page.click("#again")
    assert page.ask("document.activeElement.id") == "password"
    log_in(page, clocked.dev)
    call_me(page)
    assert "Let in" in page.text("#verdict")
    assert page.text("#left").startswith(("10:", "9:"))
