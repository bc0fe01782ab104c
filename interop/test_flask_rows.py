"""The rows of the seed programs, P0 to P4, shown on the Flask apps of examples/python."""

import sqlite3
from contextlib import closing
from pathlib import Path

import jwt
import pytest

from conftest import StartApp, StartDev
from examples import Example
from flask_apps import Mint, get, load, send, token_of
from servers import DEADLINE, Dev

# P0.


def test_p0_02_a_third_key_is_no_login(start_app: StartApp, dev: Dev):
    client = start_app("rest_login", dev.issuer)
    credentials = {"username": dev.username, "password": dev.password}
    assert client.post("/auth", json=credentials | {"more": 1}).status_code == 401
    assert client.post("/auth", data=credentials).status_code == 401


def test_p0_04_bad_credentials(start_app: StartApp, dev: Dev):
    answer = start_app("rest_login", dev.issuer).post("/auth", json={"username": dev.username, "password": "wrong"})
    assert answer.status_code == 401
    assert answer.json == {"status_code": 401, "error": "Bad Request", "description": "Invalid credentials"}


def test_p0_06_the_scheme_is_jwt_in_capitals_or_not(start_app: StartApp, dev: Dev):
    client = start_app("rest_login", dev.issuer)
    for scheme in ("JWT", "jwt", "Jwt"):
        assert get(client, "/protected", f"{scheme} {dev.access_token}").status_code == 200
    assert get(client, "/protected", f"Bearer {dev.access_token}").status_code == 401


def test_p0_07_p0_11_a_class_and_a_view_greet_by_name(start_app: StartApp, dev: Dev):
    client = start_app("rest_login", dev.issuer)
    for path in ("/protected", "/hello"):
        answer = get(client, path, f"JWT {dev.access_token}")
        assert (answer.status_code, answer.json) == (200, f"Hello, {dev.username}!")
        assert client.post(path).status_code == 405


@pytest.mark.parametrize("header, error, description", [
    (None, "Authorization Required", "Request does not contain an access token"),
    ("Bearer x", "Invalid JWT header", "Unsupported authorization type"),
    ("x.y.z", "Invalid JWT header", "Unsupported authorization type"),
    ("JWT", "Invalid JWT header", "Token missing"),
    ("JWT x y", "Invalid JWT header", "Token contains spaces"),
    ("JWT x", "Invalid token", "Not enough segments"),
])
def test_p0_08_p0_09_p0_10_each_refusal_says_why(
    header: str | None, error: str, description: str, start_app: StartApp, dev: Dev
):
    answer = get(start_app("rest_login", dev.issuer), "/protected", header)
    assert answer.json == {"status_code": 401, "error": error, "description": description}
    assert answer.headers["WWW-Authenticate"] == 'JWT realm="Login Required"'


def test_p0_10_a_user_who_was_shut_out_is_refused(start_app: StartApp, start_dev: StartDev, tmp_path: Path):
    file = tmp_path / "symbolon.db"
    dev = start_dev("--database", str(file))
    client = start_app("rest_login", dev.issuer)
    assert get(client, "/protected", f"JWT {dev.access_token}").status_code == 200
    with closing(sqlite3.connect(file, timeout=DEADLINE)) as connection, connection:
        connection.execute("UPDATE users SET state = 'disabled'")
    answer = get(client, "/protected", f"JWT {dev.access_token}")
    assert answer.status_code == 401
    assert (answer.json["error"], answer.json["description"]) == ("Invalid JWT", "User does not exist")


# P1.


@pytest.mark.parametrize("header", ["{}", "Bearer {}", "bearer {}"])
def test_p1_03_p1_06_a_raw_token_and_a_bearer_token_open_it(header: str, start_app: StartApp, dev: Dev):
    client = start_app("role_claim", dev.issuer)
    answer = get(client, "/protected", header.format(dev.access_token))
    assert (answer.status_code, answer.json) == (200, {"message": "보호된 엔드포인트에 접근하셨습니다."})
    assert client.post("/protected").status_code == 405


def test_p1_04_p1_05_it_says_no_in_korean(start_app: StartApp, dev: Dev):
    client = start_app("role_claim", dev.issuer)
    assert get(client, "/protected").json == {"message": "인증되지 않았습니다."}
    for header in ("x.y.z", "Bearer", "Bearer x y", f"JWT {dev.access_token}"):
        answer = get(client, "/protected", header)
        assert (answer.status_code, answer.json) == (401, {"message": "유효하지 않은 토큰입니다."}), header
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_p1_07_the_role_is_enforced(start_app: StartApp, site: Example, dev: Dev):
    client = start_app("role_claim", site.url)
    assert get(client, "/admin", f"Bearer {token_of(site, 'admin')}").status_code == 200
    # The writer's token has no role at all.
    answer = get(client, "/admin", f"Bearer {token_of(site, 'writer')}")
    assert (answer.status_code, answer.json) == (403, {"message": "접근 권한이 없습니다."})
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'
    assert get(client, "/admin").status_code == 401
    assert get(start_app("role_claim", dev.issuer), "/admin", dev.access_token).status_code == 403


def test_p1_07_a_decorated_function_keeps_its_name(start_app: StartApp, site: Example):
    assert {"protected", "admin"} <= start_app("role_claim", site.url).application.view_functions.keys()


@pytest.mark.parametrize("languages, said", [
    ("en", "You are not authenticated."), ("en-GB, en;q=0.9, ko;q=0.5", "You are not authenticated."),
    ("ko, en;q=0.9", "인증되지 않았습니다."), ("fr", "인증되지 않았습니다."),
])
def test_p1_08_english_where_it_is_preferred(languages: str, said: str, start_app: StartApp, dev: Dev):
    answer = get(start_app("role_claim", dev.issuer), "/protected", headers={"Accept-Language": languages})
    assert answer.json == {"message": said}
    assert answer.headers["Vary"] == "Accept-Language"
    assert answer.data.isascii()


# P2.


def test_p2_02_p2_03_what_a_bad_login_gets(start_app: StartApp, dev: Dev):
    client = start_app("form_login", dev.issuer)
    wrong = client.post("/login", data={"username": dev.username, "password": "wrong"})
    assert (wrong.status_code, wrong.json) == (401, {"message": "Invalid credentials"})
    missing = client.post("/login", data={"password": dev.password})
    assert (missing.status_code, missing.json) == (400, {"message": "Send username and password"})


def test_p2_05_it_names_the_user(start_app: StartApp, dev: Dev):
    subject = jwt.decode(dev.access_token, options={"verify_signature": False})["sub"]
    answer = get(start_app("form_login", dev.issuer), "/protected", f"Bearer {dev.access_token}")
    assert answer.json == {"message": f"Protected route for user: {subject}"}


@pytest.mark.parametrize("header, status, said", [
    (None, 401, "Missing Authorization Header"),
    ("JWT x", 401, "Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'"),
    ("Bearer", 422, "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'"),
    ("Bearer x y", 422, "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'"),
    ("Bearer x", 422, "Not enough segments"),
])
def test_p2_06_p2_07_each_refusal_says_why(header: str | None, status: int, said: str, start_app: StartApp, dev: Dev):
    answer = get(start_app("form_login", dev.issuer), "/protected", header)
    assert (answer.status_code, answer.json) == (status, {"msg": said})


def test_p2_08_expired(start_app: StartApp, own: Mint):
    answer = get(start_app("form_login", own.url), "/protected", f"Bearer {own.token(exp=1)}")
    assert (answer.status_code, answer.json) == (401, {"msg": "Token has expired"})


# P3.


def test_p3_03_verify_token_gives_a_user_or_none(monkeypatch: pytest.MonkeyPatch, dev: Dev):
    user = load(monkeypatch, "app_session", dev.issuer).User
    assert user.make_token(dev.username, "wrong") is None
    found = user.verify_token(user.make_token(dev.username, dev.password))
    subject = jwt.decode(dev.access_token, options={"verify_signature": False})["sub"]
    assert (found.id, found.roles) == (subject, {"user"})
    assert user.verify_token(dev.access_token[:-4]) is None


def test_p3_04_the_guard_is_used_bare_and_called(start_app: StartApp, site: Example):
    client = start_app("app_session", site.url)
    writer, admin = (f"Bearer {token_of(site, name)}" for name in ("writer", "admin"))
    assert get(client, "/account", writer).status_code == 200
    assert send(client, "DELETE", "/account", writer).status_code == 403
    assert send(client, "DELETE", "/account", admin).status_code == 204


def test_p3_05_a_refusal_is_json(start_app: StartApp, site: Example):
    client = start_app("app_session", site.url)
    missing, invalid = "Missing bearer token", "Invalid token"
    for header, said in [(None, missing), ("JWT x", missing), ("Bearer x y", missing), ("Bearer x", invalid)]:
        answer = get(client, "/account", header)
        assert (answer.status_code, answer.json) == (401, {"msg": said})


def test_p3_06_p3_07_p3_08_a_session_is_set_read_and_deleted(start_app: StartApp, site: Example):
    client = start_app("app_session", site.url)
    assert get(client, "/session").text == "현재 사용자: None"
    begun = get(client, "/")
    assert begun.text == "세션 시작!"
    for attribute in ("session=", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert attribute in begun.headers["Set-Cookie"]
    read = get(client, "/session")
    assert (read.text, read.headers["Vary"]) == ("현재 사용자: user1", "Cookie")
    ended = send(client, "DELETE", "/session", None)
    assert ended.text == "세션 값 삭제!"
    assert "Max-Age=0" in ended.headers["Set-Cookie"]
    assert get(client, "/session").text == "현재 사용자: None"
    assert send(client, "DELETE", "/session", None).status_code == 200


def test_p3_09_a_session_is_no_token_and_a_token_no_session(start_app: StartApp, site: Example):
    client = start_app("app_session", site.url)
    get(client, "/")
    assert get(client, "/account").status_code == 401
    stranger = client.application.test_client()
    assert get(stranger, "/session", f"Bearer {token_of(site, 'admin')}").text == "현재 사용자: None"


def test_p3_01_cookies_have_a_key_of_their_own(start_app: StartApp, site: Example):
    """What signs a cookie must not be able to make a token."""
    client = start_app("app_session", site.url)
    secret = client.application.config["SECRET_KEY"]
    claims = {"iss": site.url, "aud": site.url, "sub": "x", "exp": 2**32}
    forgery = jwt.encode(claims, secret, algorithm="HS256", headers={"typ": "at+jwt"})
    assert get(client, "/account", f"Bearer {forgery}").status_code == 401


# P4.


def test_p4_07_it_begins_with_two_posts(start_app: StartApp, site: Example):
    answer = get(start_app("posts_api", site.url), "/api/posts", f"Bearer {token_of(site, 'writer')}")
    assert answer.json == {"posts": [{"id": 1, "title": "First Post"}, {"id": 2, "title": "Second Post"}]}


@pytest.mark.parametrize("header, error", [
    (None, "missing_authorization"), ("JWT x", "unsupported_token_type"), ("Bearer", "unsupported_token_type"),
    ("Bearer x", "invalid_token"),
])
def test_p4_08_p4_09_each_refusal_is_named(header: str | None, error: str, start_app: StartApp, site: Example):
    client = start_app("posts_api", site.url)
    for method, path in [("GET", "/api/posts"), ("POST", "/api/posts"), ("GET", "/api/posts/1"),
                         ("PUT", "/api/posts/1"), ("DELETE", "/api/posts/1")]:
        answer = send(client, method, path, header)
        assert (answer.status_code, answer.json["error"]) == (401, error), (method, path)
        assert answer.headers["WWW-Authenticate"].lower().startswith("bearer ")


def test_p4_09_a_missing_scope_is_insufficient(start_app: StartApp, own: Mint):
    client = start_app("posts_api", own.url)
    for scope, method in [(None, "GET"), ("posts:write", "GET"), ("posts:read", "POST"), ("posts", "GET")]:
        answer = send(client, method, "/api/posts", f"Bearer {own.token(scope=scope)}", json={"title": "x"})
        assert (answer.status_code, answer.json["error"]) == (403, "insufficient_scope"), (scope, method)
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'


def test_p4_10_posts_are_made_changed_and_removed(start_app: StartApp, site: Example):
    client, admin = start_app("posts_api", site.url), f"Bearer {token_of(site, 'admin')}"
    made = send(client, "POST", "/api/posts", admin, json={"title": "Third Post"})
    assert (made.status_code, made.headers["Location"]) == (201, "/api/posts/3")
    assert get(client, "/api/posts/3", admin).json == {"id": 3, "title": "Third Post"}
    changed = send(client, "PUT", "/api/posts/3", admin, json={"title": " Changed "})
    assert (changed.status_code, changed.json) == (200, {"id": 3, "title": "Changed"})
    removed = send(client, "DELETE", "/api/posts/3", admin)
    assert (removed.status_code, removed.data) == (204, b"")
    for method in ("GET", "PUT", "DELETE"):
        gone = send(client, method, "/api/posts/3", admin, json={"title": "x"})
        assert (gone.status_code, gone.json) == (404, {"error": "not_found"})
    next_one = send(client, "POST", "/api/posts", admin, json={"title": "Next"})
    assert next_one.headers["Location"] == "/api/posts/4"


def test_p4_10_authors_change_their_own_and_admins_all(start_app: StartApp, site: Example):
    client = start_app("posts_api", site.url)
    writer, admin = (f"Bearer {token_of(site, name)}" for name in ("writer", "admin"))
    own = send(client, "POST", "/api/posts", writer, json={"title": "Mine"}).headers["Location"]
    assert send(client, "PUT", own, writer, json={"title": "Still mine"}).status_code == 200
    for method in ("PUT", "DELETE"):
        refused = send(client, method, "/api/posts/1", writer, json={"title": "Not mine"})
        assert (refused.status_code, refused.json["error"]) == (403, "insufficient_scope")
    assert get(client, "/api/posts/1", writer).json["title"] == "First Post"
    assert send(client, "PUT", own, admin, json={"title": "An admin's word"}).status_code == 200
    assert send(client, "DELETE", own, admin).status_code == 204


@pytest.mark.parametrize("body", [{}, {"title": 1}, {"title": " "}, {"title": "x" * 201}, {"title": "x", "id": 1}, []])
def test_p4_10_a_body_that_is_no_post_is_told_so(body: object, start_app: StartApp, site: Example):
    writer = f"Bearer {token_of(site, 'writer')}"
    answer = send(start_app("posts_api", site.url), "POST", "/api/posts", writer, json=body)
    assert (answer.status_code, answer.json) == (422, {"error": "invalid_post"})
