"""The first user, as whoever runs a server makes them: a code from the terminal, a page in Debian's Chromium.

The pictures go to .tools/screenshots, for people to look at.
"""

import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import CONTRAST, NAMELESS, Browser, Look, Page
from conftest import Database
from servers import DEADLINE, PROGRAMS, ROOT, Site
from web import call, check_refused, log_in_to, make_first_user

PICTURES = ROOT / ".tools" / "screenshots"
LOOKS = [
    pytest.param(Look(language, width, height, scheme), id=f"{language}-{screen}-{scheme}")
    for language in ("en", "ko")
    for screen, width, height in (("phone", 360, 740), ("desktop", 1280, 900))
    for scheme in ("light", "dark")
]
WORDS = {
    "en": ("The first user", "The code is not accepted", "That's it"),
    "ko": ("첫 사용자", "쓸 수 없는 코드입니다", "다 됐습니다"),
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all; every page has a profile of its own."""
    running = Browser(tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with nobody in it."""
    return Site.make(tmp_path / "site")


def fill(page: Page, code: str) -> None:
    """Types into every field, with the keyboard alone; the first has the focus already."""
    page.wait("document.activeElement === document.querySelector('#code')")
    page.type(code)
    for text in (Site.USERNAME, Site.PASSWORD, Site.PASSWORD):
        page.press("Tab")
        page.type(text)


def submit(page: Page) -> None:
    page.follow(lambda: page.press("Enter"))


@pytest.mark.parametrize("look", LOOKS)
def test_w7_the_first_user_is_made_in_a_browser(
    browser: Browser, site: Site, look: Look, request: pytest.FixtureRequest
):
    title, refused, done = WORDS[look.language]
    code = site.setup_code()
    server = site.serve()
    page = browser.open(f"{site.issuer}/setup", look)
    assert page.text("h1") == title
    picture(page, request, "form")

    fill(page, code[:-4] + "AAAA")
    submit(page)
    assert refused in page.text("[role=alert]")
    picture(page, request, "refused")
    # Nothing that was typed came back.
    assert page.ask("[...document.querySelectorAll('input')].map((input) => input.value).join('')") == ""
    fill(page, code.lower().replace("-", " "))
    submit(page)
    assert page.ask("location.pathname") == "/setup/done"
    assert page.text("h1") == done
    picture(page, request, "done")

    assert page.order("Network.getCookies")["cookies"] == []
    # The browser notes a refused page as an error; everything else there is a mistake.
    assert [one for one in page.problems if "403" not in one] == []
    assert all(url.startswith(f"{site.issuer}/") for url in page.requests), page.requests
    assert not any(code[-4:] in url for url in page.requests)
    page.close()
    assert log_in_to(site).status == 200
    server.stop()
    # G23: neither the code nor the password is in a log or in the data.
    spoken = [code, code.replace("-", ""), code.removeprefix("sym_setup_").replace("-", ""), site.PASSWORD]
    for file in [site.log, *site.data.iterdir()]:
        content = file.read_bytes().lower()
        assert not any(text.lower().encode() in content for text in spoken), file


def picture(page: Page, request: pytest.FixtureRequest, of: str) -> None:
    """Keeps the page as an image, and looks at what a machine can see."""
    page.picture(PICTURES / f"setup-{of}-{request.node.callspec.id}.png")
    assert page.ask(CONTRAST) == []
    assert page.ask(NAMELESS) == []
    assert page.ask("document.documentElement.scrollWidth <= innerWidth"), "it is wider than the screen"


def test_w7_a_code_works_on_both_engines_and_once(database: Database, tmp_path: Path):
    site = Site.make(tmp_path / "site", database.url, database.environment)
    replaced, code = site.setup_code(), site.setup_code()
    server = site.serve()
    for wrong in (replaced, "", code + "A", code[:-1]):
        assert check_refused(make_first_user(site, wrong), 403) == "setup_code_refused"
    assert make_first_user(site, code).status == 303
    assert check_refused(make_first_user(site, code), 403) == "setup_code_refused"
    assert log_in_to(site).status == 200
    server.stop()
    again = site.run("setup-link", "--print")
    assert again.returncode == 1 and "there is an administrator already" in again.stderr
    # A kill doesn't bring the code back.
    server = site.serve()
    assert check_refused(make_first_user(site, code), 403) == "setup_code_refused"
    server.kill()


def test_w7_a_code_is_shown_on_a_terminal_only(site: Site):
    refused = site.run("setup-link")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "no terminal" in refused.stderr and "--print" in refused.stderr
    assert not site.data.exists()

    ours, theirs = pty.openpty()
    shown = subprocess.run(
        [PROGRAMS / "symbolon", "setup-link"],
        cwd=site.folder,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
        timeout=DEADLINE,
    )
    os.close(theirs)
    text = os.read(ours, 4096).decode()
    os.close(ours)
    assert shown.returncode == 0, shown.stderr
    assert f"{site.issuer}/setup" in text and "sym_setup_" in text
    assert b"sym_setup_" not in shown.stderr


def test_w7_there_is_nobody_by_default(site: Site):
    server = site.serve()
    assert call(f"{site.issuer}/setup").status == 200
    for username, password in (("admin", "admin"), ("admin", ""), ("symbolon", "symbolon"), ("root", "root")):
        body = f'{{"username": "{username}", "password": "{password}"}}'.encode()
        headers = [("Content-Type", "application/json")]
        check_refused(call(f"{site.issuer}/api/login", "POST", headers, body), 401, 422)
    server.kill()
