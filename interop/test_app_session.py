"""The session and the token side by side, over HTTP against the running example: rows P3-01 to P3-09."""

import secrets
import time
from collections.abc import Iterator
from http.cookies import Morsel, SimpleCookie
from pathlib import Path

import jwt
import pytest

from examples import Example
from web import FORM, Answer, bearer, call

SECRET = secrets.token_urlsafe(48)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    log: Path = tmp_path_factory.mktemp("app-session") / "log"
    # P3-01: no JWT_SECRET_KEY, so that SECRET_KEY counts.
    example = Example("app-session", log, environment={"JWT_SECRET_KEY": "", "SECRET_KEY": SECRET})
    yield example
    example.kill()


def cookie_of(answer: Answer) -> Morsel:
    (header,) = answer.headers.get_all("Set-Cookie", [])
    (morsel,) = SimpleCookie(header).values()
    return morsel


def visit(app: Example, method: str, path: str, cookie: Morsel | None = None) -> Answer:
    headers = [] if cookie is None else [("Cookie", f"{cookie.key}={cookie.value}")]
    return app.send(method, path, headers=headers)


def log_in(app: Example, password: str | None = None, cookie: Morsel | None = None) -> Answer:
    headers = [("Content-Type", FORM)]
    if cookie is not None:
        headers.append(("Cookie", f"{cookie.key}={cookie.value}"))
    body = f"username=admin&password={app.password if password is None else password}".encode()
    return call(f"{app.url}/login", "POST", headers, body)


def token_of(app: Example) -> str:
    return log_in(app).json()["access_token"]


def resource(app: Example, token: str | None = None) -> Answer:
    return app.send("GET", "/resource", headers=[] if token is None else bearer(token))


def test_p3_01_secret_key_signs_where_there_is_no_key_for_jwt(app: Example):
    claims = jwt.decode(token_of(app), SECRET, algorithms=["HS256"], audience=app.url, issuer=app.url)
    assert claims["sub"] == "1"


def test_p3_02_the_token_names_the_user_by_id_and_expires(app: Example):
    claims = jwt.decode(token_of(app), options={"verify_signature": False})
    assert claims["id"] == "1"
    assert claims["exp"] > time.time()


def test_p3_04_p3_05_a_resource_asks_for_a_token(app: Example):
    answer = resource(app)
    assert (answer.status, answer.json()) == (401, {"msg": "Missing Authorization Header"})
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert (resource(app, token_of(app)).status, resource(app, token_of(app)).json()) == (200, {"user": "admin"})
    assert app.send("POST", "/resource").status == 405


@pytest.mark.parametrize("path", ["/resource", "/report"])
def test_p3_04_a_guard_as_an_argument_and_one_around(app: Example, path: str):
    original = jwt.encode({"id": 1, "exp": int(time.time()) + 60}, SECRET)
    for token in (token_of(app), original):
        assert app.send("GET", path, headers=bearer(token)).status == 200
        for method in ("POST", "DELETE", "OPTIONS"):
            assert app.send(method, path, headers=bearer(token)).status == 405


@pytest.mark.parametrize("path", ["/resource", "/report"])
def test_p3_05_what_is_wrong_with_a_token_is_told_in_json(app: Example, path: str):
    soon = int(time.time()) + 60
    for authorization, status, msg in [
        (None, 401, "Missing Authorization Header"),
        (f"JWT {token_of(app)}", 401, "Missing 'Bearer' type in 'Authorization' header"),
        ("Bearer", 422, "Invalid token"),
        (f"Bearer {jwt.encode({'id': 1, 'exp': 1}, SECRET)}", 401, "Token has expired"),
        (f"Bearer {jwt.encode({'id': 2, 'exp': soon}, SECRET)}", 401, "User not found"),
        (f"Bearer {jwt.encode({'id': 1, 'exp': soon}, SECRET[::-1])}", 422, "Signature verification failed"),
        (f"Bearer {jwt.encode({'id': 1}, SECRET)}", 422, "Invalid token"),
        (f"Bearer {jwt.encode({'id': 1, 'exp': soon, 'aud': 'mail'}, SECRET)}", 422, "Invalid token"),
    ]:
        headers = [] if authorization is None else [("Authorization", authorization)]
        answer = app.send("GET", path, headers=headers)
        assert (answer.status, answer.json()) == (status, {"msg": msg})
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_p3_03_whose_a_token_is(app: Example):
    token = token_of(app)
    for sent, user in [(token, "admin"), (token[:-1], None), ("", None), ("x.y.z", None)]:
        answer = call(f"{app.url}/verify", "POST", [("Content-Type", "text/plain")], sent.encode())
        assert (answer.status, answer.json()) == (200, {"user": user})


def test_p3_03_a_token_of_pyjwt_is_taken_once_it_carries_an_end(app: Example):
    soon = int(time.time()) + 60
    for claims, secret, user in [
        ({"id": 1, "exp": soon}, SECRET, "admin"),
        ({"id": "1", "exp": soon, "iat": soon - 60}, SECRET, "admin"),
        ({"id": 1}, SECRET, None),
        ({"id": 1, "exp": soon - 120}, SECRET, None),
        ({"id": 2, "exp": soon}, SECRET, None),
        ({"id": 1, "exp": soon, "purpose": "mail"}, SECRET, None),
        ({"id": 1, "exp": soon}, SECRET + "x", None),
    ]:
        sent = jwt.encode(claims, secret)
        answer = call(f"{app.url}/verify", "POST", [("Content-Type", "text/plain")], sent.encode())
        assert (answer.status, answer.json()) == (200, {"user": user}), claims


@pytest.mark.parametrize("spoil, status, text", [
    (lambda token: "x.y.z", 422, "Invalid token"),
    (lambda token: token[:-2] + ("AA" if token[-2:] != "AA" else "BA"), 422, "Signature verification failed"),
])
def test_p3_05_a_bad_token_is_told_in_the_same_words(app: Example, spoil: object, status: int, text: str):
    answer = resource(app, spoil(token_of(app)))
    assert (answer.status, answer.json()) == (status, {"msg": text})


def test_p3_06_a_session_begins(app: Example):
    answer = visit(app, "GET", "/")
    assert answer.status == 200
    assert answer.body.decode() == "세션 시작!"
    cookie = cookie_of(answer)
    assert cookie.key == "session"
    assert cookie["httponly"] and cookie["path"] == "/" and cookie["samesite"] == "Lax"
    assert not cookie["domain"] and not cookie["secure"]
    assert "user1" not in cookie.value


def test_p3_07_a_session_is_read(app: Example):
    cookie = cookie_of(visit(app, "GET", "/"))
    answer = visit(app, "GET", "/session", cookie)
    assert answer.body.decode() == "현재 사용자: user1"
    assert "Cookie" in answer.headers["Vary"]
    nobody = visit(app, "GET", "/session")
    assert nobody.body.decode() == "현재 사용자: None"
    assert "Cookie" in nobody.headers["Vary"]
    assert "Set-Cookie" not in nobody.headers


def test_p3_08_a_session_is_cleared_as_often_as_one_likes(app: Example):
    cookie = cookie_of(visit(app, "GET", "/"))
    answer = visit(app, "DELETE", "/session", cookie)
    assert answer.body.decode() == "세션 값 삭제!"
    assert cookie_of(answer)["max-age"] == "0"
    # What the cookie named is gone, also for who copied it.
    assert visit(app, "GET", "/session", cookie).body.decode() == "현재 사용자: None"
    for again in (cookie, None):
        answer = visit(app, "DELETE", "/session", again)
        assert (answer.status, answer.body.decode()) == (200, "세션 값 삭제!")


def test_p3_09_session_and_token_side_by_side(app: Example):
    before = cookie_of(visit(app, "GET", "/"))
    answer = log_in(app, cookie=before)
    assert answer.status == 200
    after = cookie_of(answer)
    assert after.value != before.value
    assert visit(app, "GET", "/session", after).body.decode() == "현재 사용자: admin"
    # S2: who knew the old id doesn't come in with whoever logs in.
    assert visit(app, "GET", "/session", before).body.decode() == "현재 사용자: None"
    # Neither stands in for the other.
    assert resource(app).status == 401
    assert visit(app, "GET", "/resource", after).status == 401


@pytest.mark.parametrize("password", ["wrong", "", "x" * 2000])
def test_a_bad_login_is_a_clean_401(app: Example, password: str):
    answer = log_in(app, password)
    assert (answer.status, answer.json()) == (401, {"msg": "Invalid credentials"})
    assert "Set-Cookie" not in answer.headers


def test_a_body_that_is_no_form_is_told_so(app: Example):
    for kind, body, status in [(FORM, b"username=admin", 422), ("text/plain", b"x", 415)]:
        answer = call(f"{app.url}/login", "POST", [("Content-Type", kind)], body)
        assert (answer.status, answer.json()) == (status, {"msg": "Send username and password"})
