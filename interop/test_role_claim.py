"""Roles in tokens over HTTP against the running example: rows P1-01 to P1-08 of the seed programs."""

import secrets
import time
from collections.abc import Iterator

import jwt
import pytest

from examples import Example
from web import FORM, Answer, call

SECRET = secrets.token_urlsafe(48)
NO_TOKEN, BAD_TOKEN = "인증되지 않았습니다.", "유효하지 않은 토큰입니다."
PROTECTED, ADMINS_ONLY = "보호된 엔드포인트에 접근하셨습니다.", "관리자 권한이 필요합니다."


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    log = tmp_path_factory.mktemp("role-claim") / "log"
    example = Example("role-claim", log, environment={"JWT_SECRET_KEY": SECRET})
    yield example
    example.kill()


def log_in(api: Example, user_id: str = "admin") -> str:
    answer = api.send("POST", "/login", {"id": user_id, "password": api.password})
    assert answer.status == 200, answer.body
    return answer.json()["access_token"]


def original(secret: str = SECRET, **changes: object) -> str:
    """A token as the Python program makes it, but expiring; a claim that is None is left out."""
    claims = {"user_id": "admin", "role": "user", "exp": int(time.time()) + 300, **changes}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret)


def get(api: Example, path: str, authorization: str | None, *headers: tuple[str, str]) -> Answer:
    sent = [] if authorization is None else [("Authorization", authorization)]
    return api.send("GET", path, headers=[*sent, *headers])


def said(answer: Answer) -> tuple[int, dict]:
    return answer.status, answer.json()


def test_p1_01_an_id_and_a_password_give_a_token(api: Example):
    answer = api.send("POST", "/login", {"id": "admin", "password": api.password})
    assert (answer.status, list(answer.json())) == (200, ["access_token"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert api.send("GET", "/login").status == 405


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"id": "nobody"}, {"id": ""}, {"password": ""}])
def test_p1_01_wrong_credentials(api: Example, changes: dict):
    answer = api.send("POST", "/login", {"id": "admin", "password": api.password, **changes})
    assert said(answer) == (401, {"message": "아이디 또는 비밀번호가 올바르지 않습니다."})


@pytest.mark.parametrize("content_type, body, status", [
    (FORM, b"id=admin&password=x", 415), ("application/json", b"{", 400), ("application/json", b"{}", 422),
    ("application/json", b'{"id": 1, "password": "x"}', 422),
    ("application/json", b'{"id": "admin", "password": "x", "role": "admin"}', 422),
])
def test_p1_01_what_is_no_login_is_told_so(api: Example, content_type: str, body: bytes, status: int):
    answer = call(f"{api.url}/login", "POST", [("Content-Type", content_type)], body)
    assert said(answer) == (status, {"message": "id와 password를 담은 JSON 객체를 보내세요."})


@pytest.mark.parametrize("user_id", ["admin", "user"])
def test_p1_02_pyjwt_verifies_the_token_and_reads_id_and_role(api: Example, user_id: str):
    token = log_in(api, user_id)
    claims = jwt.decode(
        token, SECRET, algorithms=["HS256"], audience=api.url, issuer=api.url,
        options={"require": ["exp", "iat", "sub", "jti"]},
    )
    # The role is the one that they have, not a constant.
    assert (claims["user_id"], claims["role"], claims["roles"]) == (user_id, user_id, [user_id])
    assert claims["exp"] - claims["iat"] == 600


def test_p1_03_the_token_stands_in_the_header_as_it_is(api: Example):
    token = log_in(api)
    assert said(get(api, "/protected", token)) == (200, {"message": PROTECTED})
    for authorization in (f"Bearer {token}", f"JWT {token}", f"{token} x", "Bearer", ""):
        assert said(get(api, "/protected", authorization)) == (401, {"message": BAD_TOKEN}), authorization


@pytest.mark.parametrize("user_id", ["admin", "user"])
def test_p1_03_a_token_of_pyjwt_is_taken_once_it_expires(api: Example, user_id: str):
    assert get(api, "/protected", original(user_id=user_id)).status == 200
    assert get(api, "/protected", original(user_id=user_id, iat=int(time.time()))).status == 200
    assert said(get(api, "/protected", original(user_id=user_id, exp=None))) == (401, {"message": BAD_TOKEN})


@pytest.mark.parametrize("path", ["/protected", "/admin", "/me"])
def test_p1_04_no_header(api: Example, path: str):
    answer = get(api, path, None)
    assert said(answer) == (401, {"message": NO_TOKEN})
    assert answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("changes", [
    {"secret": secrets.token_urlsafe(48)},
    {"exp": 1},
    {"aud": "elsewhere"},
    {"role": None},
    {"user_id": None},
    {"role": 1},
    {"user_id": True},
    {"type": "refresh"},
    {"identity": "admin"},
    {"user_id": "nobody"},
    {"user_id": 1},
])
def test_p1_05_a_bad_expired_or_foreign_token_or_one_of_another_shape(api: Example, changes: dict):
    assert said(get(api, "/protected", original(**changes))) == (401, {"message": BAD_TOKEN})


def test_p1_05_a_forged_token(api: Example):
    header, claims, signature = log_in(api).split(".")
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    unsigned = jwt.encode({"user_id": "admin", "role": "admin", "exp": 2**33}, None, algorithm="none")
    for token in (f"{header}.{claims}.{flipped}", f"{header}.{claims}.", "garbage", unsigned):
        assert said(get(api, "/protected", token)) == (401, {"message": BAD_TOKEN}), token


def test_p1_06_other_methods_are_405(api: Example):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert api.send(method, "/protected", headers=[("Authorization", log_in(api))]).status == 405


def test_p1_07_id_and_role_are_at_hand_and_a_role_opens_what_it_should(api: Example):
    admin, user = log_in(api, "admin"), log_in(api, "user")
    assert get(api, "/me", user).json() == {"user_id": "user", "role": "user"}
    assert get(api, "/me", admin).json() == {"user_id": "admin", "role": "admin"}
    assert get(api, "/admin", admin).status == 200
    refused = get(api, "/admin", user)
    assert said(refused) == (403, {"message": ADMINS_ONLY})
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]


def test_p1_07_the_role_in_a_token_is_not_taken_at_its_word(api: Example):
    claimed = original(user_id="user", role="admin")
    assert get(api, "/me", claimed).json()["role"] == "user"
    assert get(api, "/admin", claimed).status == 403
    assert get(api, "/admin", original(user_id="admin", role="user")).status == 200


def test_p1_08_messages_are_utf_8_and_english_for_who_asks(api: Example):
    korean = get(api, "/protected", None)
    assert korean.headers["Content-Language"] == "ko"
    assert NO_TOKEN in korean.body.decode()
    english = get(api, "/protected", None, ("Accept-Language", "en-GB,en;q=0.9,ko;q=0.8"))
    assert said(english) == (401, {"message": "You are not authenticated."})
    for answer in (korean, english):
        assert answer.headers["Vary"] == "Accept-Language"


def test_it_ends_cleanly(tmp_path_factory: pytest.TempPathFactory):
    log = tmp_path_factory.mktemp("role-claim") / "log"
    example = Example("role-claim", log, environment={"JWT_SECRET_KEY": "", "SECRET_KEY": ""})
    assert get(example, "/protected", log_in(example)).status == 200
    assert get(example, "/protected", original()).status == 401
    assert example.stop() == (0, "")
