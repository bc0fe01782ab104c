"""Bad input over real HTTP: always a 4xx of one shape with a stable `code`, never a 5xx, and no answer
that tells whether a user exists."""

import json
import select
import socket
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import jwt
import pytest

from conftest import Database, StartDev
from servers import DEADLINE, Dev
from tokens import forged
from web import Answer, bearer, call, log_in, post_login

FORM = "application/x-www-form-urlencoded"


def check_refused(answer: Answer, *statuses: int) -> str:
    """It is a problem of the one shape; its code."""
    assert 400 <= answer.status < 500, (answer.status, answer.body)
    assert not statuses or answer.status in statuses, (answer.status, answer.body)
    assert answer.headers.get_content_type() == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status
    assert isinstance(problem["code"], str) and problem["code"]
    return problem["code"]


@pytest.fixture(autouse=True)
def still_answers(dev: Dev) -> Iterator[None]:
    """Whatever a test sends, the next honest login works."""
    yield
    assert log_in(dev).status == 200


BODIES = {
    "nothing": b"",
    "not JSON": b"username=demo",
    "cut JSON": b'{"username": "demo", "password": ',
    "two values": b'{"username": "demo", "password": "x"} {}',
    "array": b'["demo", "x"]',
    "string": b'"demo"',
    "null": b"null",
    "number": b"1e400",
    "no members": b"{}",
    "no username": b'{"password": "x"}',
    "no password": b'{"username": "demo"}',
    "doubled username": b'{"username": "demo", "username": "demo", "password": "x"}',
    "doubled password": b'{"username": "demo", "password": "x", "password": "x"}',
    "not UTF-8": b'{"username": "\xff\xfe", "password": "x"}',
    "UTF-16": '{"username": "demo", "password": "x"}'.encode("utf-16"),
    "lone surrogate": b'{"username": "\\ud800", "password": "x"}',
    "deep": b"[" * 100_000,
    "deep member": b'{"username": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b', "password": "x"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_broken_json_body_is_refused(dev: Dev, body: bytes):
    check_refused(post_login(dev, body), 400, 413, 422)


@pytest.mark.parametrize("field", ["username", "password"])
@pytest.mark.parametrize("value", [None, True, 1, 1.5, [], ["demo"], {}, {"a": "b"}], ids=repr)
def test_a_field_of_another_type_is_refused(dev: Dev, field: str, value: object):
    fields = {"username": dev.username, "password": dev.password, field: value}
    check_refused(post_login(dev, json.dumps(fields).encode()), 400, 422)


FORMS = {
    "nothing": b"",
    "no password": b"username=demo",
    "doubled username": b"username=demo&username=demo&password=x",
    "doubled password": b"username=demo&password=x&password=x",
    "array": b"username[]=demo&password=x",
    "not UTF-8": b"username=%ff%fe&password=x",
    "cut escape": b"username=%4&password=x%",
    "NUL": b"username=demo%00&password=x",
}


@pytest.mark.parametrize("body", FORMS.values(), ids=FORMS.keys())
def test_a_broken_form_is_refused(dev: Dev, body: bytes):
    check_refused(post_login(dev, body, FORM), 400, 401, 422)


def test_a_form_logs_in_as_json_does(dev: Dev):
    body = urlencode({"username": dev.username, "password": dev.password}).encode()
    assert post_login(dev, body, FORM).status == 200
    assert post_login(dev, body, f"{FORM}; charset=UTF-8").status == 200


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


NAMES = {
    "empty": "",
    "space": " ",
    "inner space": "de mo",
    "inner tab": "de\tmo",
    "inner newline": "de\nmo",
    "NUL": "demo\0",
    "only NUL": "\0",
    "emoji": "\N{PILE OF POO}" * 10,
    "zero width": "de\u200bmo",
    "right to left": "\u202edemo",
    "combining": "e" + "\u0301" * 200,
    "10,000 characters": "a" * 10_000,
    "SQL": "' OR 1=1 --",
    "path": "../../etc/passwd",
    "escape": "%s%n${jndi:ldap://x}",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_an_odd_username_is_refused(dev: Dev, name: str):
    check_refused(log_in(dev, username=name), 401, 422)
    body = urlencode({"username": name, "password": dev.password}).encode()
    check_refused(post_login(dev, body, FORM), 401, 422)


def test_a_username_in_another_case_or_form_is_the_same_user(dev: Dev):
    assert log_in(dev, username=dev.username.upper()).status == 200
    assert log_in(dev, username=f" \t{dev.username}\N{NO-BREAK SPACE}\n").status == 200
    fullwidth = "".join(chr(ord(c) + 0xFEE0) for c in dev.username)
    assert log_in(dev, username=fullwidth).status == 200


@pytest.mark.parametrize("length", [0, 1025, 10**6])
def test_a_password_of_a_wrong_length_is_refused(dev: Dev, length: int):
    check_refused(log_in(dev, password="p" * length), 401, 413, 422)


def test_w1_the_longest_password_is_hashed_and_one_byte_more_is_not(dev: Dev):
    assert check_refused(log_in(dev, password="p" * 1024), 401) == check_refused(log_in(dev, password="wrong"))
    check_refused(log_in(dev, password="p" * 1025), 422)
    check_refused(log_in(dev, password="\N{HANGUL SYLLABLE GA}" * 342), 422)


@pytest.mark.parametrize("password", ["\0", "{}\0", "\0{}", "{}\0{}"])
def test_w2_a_nul_never_shortens_a_password(dev: Dev, password: str):
    check_refused(log_in(dev, password=password.format(*[dev.password] * 2)), 401, 422)


def test_a_huge_body_is_413(dev: Dev):
    check_refused(log_in(dev, password="p" * (16 << 20)), 413)


def test_a_huge_announced_body_is_413_before_it_is_sent(dev: Dev):
    headers = [("Content-Type", "application/json"), ("Content-Length", str(1 << 40))]
    check_refused(call(f"{dev.issuer}/api/login", "POST", headers), 413)


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
    check_refused(call(f"{dev.issuer}/api/me", headers=header), 400, 401)


def test_every_forgery_is_401(dev: Dev):
    key = jwt.PyJWKClient(dev.jwks_uri).get_signing_key_from_jwt(dev.access_token).key
    for token in forged(dev.access_token, key).values():
        check_refused(call(f"{dev.issuer}/api/me", headers=bearer(token)), 401)


def test_no_and_two_tokens_are_refused(dev: Dev):
    check_refused(call(f"{dev.issuer}/api/me"), 401)
    check_refused(call(f"{dev.issuer}/api/me?access_token={dev.access_token}"), 401)
    check_refused(call(f"{dev.issuer}/api/me", headers=bearer(dev.access_token) * 2), 400, 401)


def test_w4_unknown_disabled_and_wrong_get_the_same_answer(start_dev: StartDev, database: Database):
    dev = start_dev("--database", database.url, environment=database.environment)
    wrong = log_in(dev, password="a wrong password")
    unknown = log_in(dev, username="nobody-of-this-name")
    database.run("UPDATE users SET state = 'disabled'")
    disabled = log_in(dev)

    assert wrong.status == unknown.status == disabled.status == 401
    assert wrong.body == unknown.body == disabled.body
    assert named(wrong) == named(unknown) == named(disabled)


def named(answer: Answer) -> dict[str, str]:
    """The headers that don't change by the second."""
    return {name: value for name, value in answer.headers.items() if name.lower() != "date"}


def raw_connection(dev: Dev) -> socket.socket:
    parts = urlsplit(dev.issuer)
    return socket.create_connection((parts.hostname, parts.port), timeout=DEADLINE)
