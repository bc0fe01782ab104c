"""Bad HTTP: wrong types, methods, paths, sizes, headers and tokens, and what isn't HTTP at all. Always a
4xx, of one shape with a stable `code` wherever the request could be read; and the next honest login works."""

import json
import select
import socket
from urllib.parse import urlencode, urlsplit

import jwt
import pytest

from servers import DEADLINE, Dev
from tokens import forged
from web import FORM, bearer, call, check_refused, log_in, post_login

pytestmark = pytest.mark.usefixtures("still_answers")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonp", "nonsense", "", "\xff"],
)
def test_another_content_type_is_415(dev: Dev, content_type: str):
    body = json.dumps({"username": dev.username, "password": dev.password}).encode()
    check_refused(post_login(dev, body, content_type), 415)


def test_no_or_two_content_types_are_refused(dev: Dev):
    body = json.dumps({"username": dev.username, "password": dev.password}).encode()
    url = f"{dev.issuer}/api/login"
    check_refused(call(url, "POST", [], body), 400, 415)
    check_refused(call(url, "POST", [("Content-Type", "application/json"), ("Content-Type", FORM)], body), 400, 415)


@pytest.mark.parametrize(
    "path", ["/api/login", "/api/me", "/.well-known/jwks.json", "/.well-known/openid-configuration", "/healthz"]
)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "NONSENSE"])
def test_another_method_is_405_and_says_which_are_right(dev: Dev, path: str, method: str):
    answer = call(dev.issuer + path, method)
    check_refused(answer, 405)
    assert answer.headers["Allow"]


def test_credentials_never_go_by_get(dev: Dev):
    query = urlencode({"username": dev.username, "password": dev.password})
    check_refused(call(f"{dev.issuer}/api/login?{query}"), 405)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api",
        "/api/",
        "/api/login/",
        "/api//login",
        "/API/LOGIN",
        "/api/me/..",
        "/%00",
        "/%ff",
        "/" + "a" * 8_000,
    ],
    ids=lambda path: path[:20],
)
def test_an_unknown_path_is_404(dev: Dev, path: str):
    check_refused(call(dev.issuer + path), 404)


def test_a_huge_body_is_413(dev: Dev):
    check_refused(log_in(dev, password="p" * (16 << 20)), 413)


def test_a_huge_announced_body_is_413_before_it_is_sent(dev: Dev):
    headers = [("Content-Type", "application/json"), ("Content-Length", str(1 << 40))]
    check_refused(call(f"{dev.issuer}/api/login", "POST", headers), 413)


def test_a_client_that_asks_before_sending_a_huge_body_is_told_413(dev: Dev):
    with raw_connection(dev) as connection:
        connection.sendall(
            b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100000000\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(64 << 10).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("hosts", [b"", b"Host: x\r\nHost: y\r\n"], ids=["none", "two"])
def test_no_or_two_hosts_are_refused(dev: Dev, hosts: bytes):
    # RFC 9112, section 3.2: otherwise a proxy in front and we could mean different ones.
    with raw_connection(dev) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n" + hosts + b"\r\n")
        assert connection.recv(64 << 10).startswith(b"HTTP/1.1 400 ")


def test_an_endless_body_is_cut_off(dev: Dev):
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    sent = 0
    with raw_connection(dev) as connection:
        connection.sendall(
            b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        while sent < 64 << 20 and not select.select([connection], [], [], 0)[0]:
            try:
                sent += connection.send(chunk[sent % len(chunk) :])
            except OSError:
                break
        start = connection.recv(64 << 10)
    assert start.startswith(b"HTTP/1.1 413 "), (sent, start)


GARBAGE = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no version": b"GET /healthz\r\n\r\n",
    "two lengths": b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "odd encoding": b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nTransfer-Encoding: odd\r\n\r\n{}",
    "negative length": b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "chunk size": b"POST /api/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "NUL in a header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n",
    "folded header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "endless header": b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + b"a" * (1 << 20),
    "many headers": b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 5_000 + b"\r\n",
}


@pytest.mark.parametrize("request_bytes", GARBAGE.values(), ids=GARBAGE.keys())
def test_what_is_not_http_is_refused(dev: Dev, request_bytes: bytes):
    with raw_connection(dev) as connection:
        try:
            connection.sendall(request_bytes)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(64 << 10)
        except OSError:
            return
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer


BEARERS = {
    "no scheme": "{token}",
    "another scheme": "Basic {token}",
    "nothing after": "Bearer",
    "two tokens": "Bearer {token} {token}",
    "a comma": "Bearer {token}, Bearer {token}",
    "quoted": 'Bearer "{token}"',
    "padded": "Bearer {token}=",
    "trailing dot": "Bearer {token}.",
    "garbage": "Bearer garbage",
    "JSON": 'Bearer {{"protected":"{token}"}}',
    "huge": "Bearer {token}" + "A" * 20_000,
    "not ASCII": "Bearer \xff",
}


@pytest.mark.parametrize("value", BEARERS.values(), ids=BEARERS.keys())
def test_an_odd_authorization_header_is_401(dev: Dev, value: str):
    header = [("Authorization", value.format(token=dev.access_token))]
    answer = call(f"{dev.issuer}/api/me", headers=header)
    # More than all headers together may be: refused by their size (RFC 6585 §5), before anybody reads them.
    if answer.status != 431:
        check_refused(answer, 400, 401)


def test_every_forgery_is_401(dev: Dev):
    key = jwt.PyJWKClient(dev.jwks_uri).get_signing_key_from_jwt(dev.access_token).key
    for token in forged(dev.access_token, key).values():
        check_refused(call(f"{dev.issuer}/api/me", headers=bearer(token)), 401)


def test_no_and_two_tokens_are_refused(dev: Dev):
    check_refused(call(f"{dev.issuer}/api/me"), 401)
    check_refused(call(f"{dev.issuer}/api/me?access_token={dev.access_token}"), 401)
    check_refused(call(f"{dev.issuer}/api/me", headers=bearer(dev.access_token) * 2), 400, 401)


def raw_connection(dev: Dev) -> socket.socket:
    parts = urlsplit(dev.issuer)
    return socket.create_connection((parts.hostname, parts.port), timeout=DEADLINE)
