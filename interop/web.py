"""HTTP calls that send exactly what a test says, doubled headers and wrong types included."""

import http.client
import json
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlencode, urlsplit

import canaries
from servers import DEADLINE, Dev, Site

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """An answer that was read to its end."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> dict:
        """The body, which has to be JSON."""
        return json.loads(self.body)


def call(
    url: str,
    method: str = "GET",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
) -> Answer:
    """One request on a connection of its own; Content-Length is added unless the headers bring it."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=DEADLINE)
    try:
        # By itself, so that whoever is reset here isn't taken for one whose request was refused below.
        connection.connect()
        connection.putrequest(method, parts.path + (f"?{parts.query}" if parts.query else ""))
        headers = list(headers)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None and "content-length" not in {name.lower() for name, _ in headers}:
            connection.putheader("Content-Length", str(len(body)))
        # Refused while it is being sent: the answer is here nevertheless.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.endheaders(body)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        canaries.remember_exchange(headers, body, answer.body)
        return answer
    finally:
        connection.close()


def await_ready(url: str) -> None:
    """Asks until the answer is 200, under a deadline."""
    give_up = time.monotonic() + DEADLINE
    while (answer := call(url)).status != 200:
        assert time.monotonic() < give_up, answer.body


def bearer(token: str) -> list[tuple[str, str]]:
    """The header that carries an access token."""
    return [("Authorization", f"Bearer {token}")]


def log_in(dev: Dev, username: object = None, password: object = None) -> Answer:
    """Logs in, as the demo user where nothing else is said; values that aren't text go out as they are."""
    credentials = {
        "username": dev.username if username is None else username,
        "password": dev.password if password is None else password,
    }
    return post_login(dev, json.dumps(credentials).encode())


def post_login(dev: Dev, body: bytes, content_type: str = "application/json") -> Answer:
    """Sends a body to the login API."""
    return call(f"{dev.issuer}/api/login", "POST", [("Content-Type", content_type)], body)


def make_first_user(site: Site, code: str) -> Answer:
    """Sends a site's setup page as a browser does."""
    fields = {"code": code, "username": site.USERNAME, "password": site.PASSWORD, "repeated": site.PASSWORD}
    headers = [("Content-Type", FORM), ("Origin", site.issuer)]
    return call(f"{site.issuer}/setup", "POST", headers, urlencode(fields).encode())


def log_in_to(site: Site, password: str = Site.PASSWORD) -> Answer:
    """Logs a site's first user in."""
    body = json.dumps({"username": site.USERNAME, "password": password}).encode()
    return call(f"{site.issuer}/api/login", "POST", [("Content-Type", "application/json")], body)


def check_refused(answer: Answer, *statuses: int) -> str:
    """It is a problem of the one shape; its code."""
    assert 400 <= answer.status < 500, (answer.status, answer.body)
    assert not statuses or answer.status in statuses, (answer.status, answer.body)
    assert answer.headers.get_content_type() == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status
    assert isinstance(problem["code"], str) and problem["code"]
    return problem["code"]
