"""Bad credentials over real HTTP: always a 4xx of one shape with a stable `code`, and no answer that
tells whether a user exists. Whatever is sent, the next honest login works."""

import json
from urllib.parse import urlencode

import pytest

from conftest import Database, StartDev
from servers import Dev
from web import FORM, Answer, check_refused, log_in, post_login

pytestmark = pytest.mark.usefixtures("still_answers")


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
    """The headers that don't change by the second, nor by the request."""
    changing = {"date", "x-request-id"}
    return {name: value for name, value in answer.headers.items() if name.lower() not in changing}
