"""The REST login over HTTP against the running example: rows P0-01 to P0-15 of the seed programs."""

import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from examples import Example
from servers import PROGRAMS
from web import FORM, Answer, call

SECRET = secrets.token_urlsafe(48)
PATHS = ("/protected", "/whoami")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    log = tmp_path_factory.mktemp("rest-login") / "log"
    example = Example("rest-login", log, environment={"JWT_SECRET_KEY": SECRET})
    yield example
    example.kill()


def auth(api: Example, **changes: object) -> Answer:
    return api.send("POST", "/auth", {"username": "admin", "password": api.password, **changes})


def token_of(api: Example) -> str:
    return auth(api).json()["access_token"]


def original(secret: str = SECRET, **changes: object) -> str:
    """A token as the Python program makes it; a claim that is None is left out."""
    now = int(time.time())
    claims = {"identity": 1, "iat": now, "nbf": now, "exp": now + 300, **changes}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret)


def protected(api: Example, authorization: str | None, path: str = "/protected") -> Answer:
    return api.send("GET", path, headers=[] if authorization is None else [("Authorization", authorization)])


def check_refused(answer: Answer, error: str, description: str):
    assert answer.status == 401
    assert answer.json() == {"status_code": 401, "error": error, "description": description}
    assert answer.headers["WWW-Authenticate"].startswith("JWT ")


def test_p0_01_auth_takes_post_only(api: Example):
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        assert api.send(method, "/auth").status == 405


@pytest.mark.parametrize("changes", [{"admin": True}, {"password": None}, {"password": 1}, {"username": ["admin"]}])
def test_p0_02_exactly_the_two_keys(api: Example, changes: dict):
    check = auth(api, **changes)
    assert (check.status, check.json()["description"]) == (401, "Invalid credentials")


@pytest.mark.parametrize("body", [b"{}", b"[]", b'["admin", "x"]', b'"x"', b"null", b'{"username": "admin"}'])
def test_p0_02_what_is_no_such_object_is_refused(api: Example, body: bytes):
    answer = call(f"{api.url}/auth", "POST", [("Content-Type", "application/json")], body)
    assert (answer.status, answer.json()["description"]) == (401, "Invalid credentials")


@pytest.mark.parametrize("content_type, body, status", [
    (FORM, b"username=admin&password=x", 415),
    ("application/json", b"{", 400),
    ("application/json", b"\xff", 400),
    ("application/json", b'"' + b"x" * 3_000_000 + b'"', 413),
])
def test_p0_02_what_is_no_json_is_a_clean_4xx(api: Example, content_type: str, body: bytes, status: int):
    answer = call(f"{api.url}/auth", "POST", [("Content-Type", content_type)], body)
    assert (answer.status, answer.json()["status_code"], answer.json()["error"]) == (status, status, "Bad Request")


def test_p0_03_the_answer_is_a_token_and_nothing_else(api: Example):
    answer = auth(api)
    assert answer.status == 200
    assert list(answer.json()) == ["access_token"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("changes", [
    {"password": "wrong"}, {"password": ""}, {"username": "nobody"}, {"username": ""}, {"username": "Admin"},
    {"password": "x" * 5000},
])
def test_p0_04_bad_credentials(api: Example, changes: dict):
    answer = auth(api, **changes)
    assert answer.status == 401
    assert answer.json() == {"status_code": 401, "error": "Bad Request", "description": "Invalid credentials"}


def test_p0_05_pyjwt_verifies_the_token_with_the_shared_secret(api: Example):
    token = token_of(api)
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience=api.url, issuer=api.url)
    assert claims["identity"] == claims["sub"] == "1"
    assert claims["exp"] - claims["iat"] == 300
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "at+jwt"}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", ["JWT", "jwt", "Jwt"])
def test_p0_06_the_scheme_is_jwt_in_any_case(api: Example, path: str, scheme: str):
    assert protected(api, f"{scheme} {token_of(api)}", path).status == 200


@pytest.mark.parametrize("identity", [1, "1"])
def test_p0_06_a_token_of_pyjwt_is_taken(api: Example, identity: object):
    answer = protected(api, f"JWT {original(identity=identity)}")
    assert (answer.status, answer.json()) == (200, "Hello, admin!")


def test_p0_07_a_json_string_with_the_users_name(api: Example):
    answer = protected(api, f"JWT {token_of(api)}")
    assert answer.status == 200
    assert answer.headers.get_content_type() == "application/json"
    assert json.loads(answer.body) == "Hello, admin!"


@pytest.mark.parametrize("path", PATHS)
def test_p0_08_no_header(api: Example, path: str):
    answer = protected(api, None, path)
    check_refused(answer, "Authorization Required", "Request does not contain an access token")
    assert answer.headers["WWW-Authenticate"] == 'JWT realm="Login Required"'


@pytest.mark.parametrize("authorization, description", [
    ("Bearer {}", "Unsupported authorization type"),
    ("{}", "Unsupported authorization type"),
    ("", "Unsupported authorization type"),
    ("JWT", "Token missing"),
    ("JWT {} x", "Token contains spaces"),
])
def test_p0_09_a_header_that_is_none(api: Example, authorization: str, description: str):
    answer = protected(api, authorization.format(token_of(api)))
    check_refused(answer, "Invalid JWT header", description)


@pytest.mark.parametrize("changes, description", [
    ({"secret": secrets.token_urlsafe(48)}, "Signature verification failed"),
    ({"exp": 1}, "Signature has expired"),
    ({"nbf": 2**33}, "The token is not yet valid (nbf)"),
    ({"exp": None}, 'Token is missing the "exp" claim'),
])
def test_p0_10_a_bad_token_and_what_the_verifier_says(api: Example, changes: dict, description: str):
    check_refused(protected(api, f"JWT {original(**changes)}"), "Invalid token", description)


@pytest.mark.parametrize("changes", [
    {"iat": None}, {"nbf": None}, {"identity": None}, {"identity": True}, {"identity": None, "sub": "1"},
    {"aud": "elsewhere"}, {"type": "refresh"}, {"user_id": 1},
])
def test_p0_10_a_token_of_another_shape_is_for_something_else(api: Example, changes: dict):
    answer = protected(api, f"JWT {original(**changes)}")
    assert (answer.status, answer.json()["error"]) == (401, "Invalid token")


def test_p0_10_a_forged_token_of_ours(api: Example):
    header, claims, signature = token_of(api).split(".")
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    answer = protected(api, f"JWT {header}.{claims}.{flipped}")
    check_refused(answer, "Invalid token", "Signature verification failed")
    assert protected(api, f"JWT {header}.{claims}.").json()["error"] == "Invalid token"
    assert protected(api, "JWT garbage").json()["error"] == "Invalid token"


@pytest.mark.parametrize("identity", [0, 2, -1, "2", "01x", "", 2**62])
def test_p0_10_a_user_who_does_not_exist(api: Example, identity: object):
    answer = protected(api, f"JWT {original(identity=identity)}")
    check_refused(answer, "Invalid JWT", "User does not exist")


def test_p0_11_other_methods_are_405_with_and_without_a_token(api: Example):
    for path in PATHS:
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            for headers in ([], [("Authorization", f"JWT {token_of(api)}")]):
                assert api.send(method, path, headers=headers).status == 405, (method, path)


def test_p0_12_and_p0_14_the_view_knows_the_user_and_hides_the_password(api: Example):
    answer = protected(api, f"JWT {token_of(api)}", "/whoami")
    assert answer.body.decode() == 'User(id=1, username="admin", password="********")'


def test_p0_15_the_second_secret_counts_where_the_first_is_not_set(tmp_path: Path):
    other = secrets.token_urlsafe(48)
    for environment, secret in [
        ({"JWT_SECRET_KEY": SECRET, "SECRET_KEY": other}, SECRET),
        ({"JWT_SECRET_KEY": "", "SECRET_KEY": other}, other),
    ]:
        example = Example("rest-login", tmp_path / "log", environment=environment)
        try:
            jwt.decode(token_of(example), secret, algorithms=["HS256"], audience=example.url)
        finally:
            example.kill()


def test_p0_15_without_a_secret_one_is_made_that_nobody_shares(tmp_path: Path):
    example = Example("rest-login", tmp_path / "log", environment={"JWT_SECRET_KEY": "", "SECRET_KEY": ""})
    try:
        assert protected(example, f"JWT {token_of(example)}").status == 200
        assert protected(example, f"JWT {original()}").json()["error"] == "Invalid token"
    finally:
        assert example.stop() == (0, "")


@pytest.mark.parametrize("secret", ["secret-key", "secret-key" * 4, "your-256-bit-secret-your-256-bit-secret"])
def test_p0_15_the_tutorials_secret_is_refused_with_the_command_that_makes_one(tmp_path: Path, secret: str):
    with pytest.raises(AssertionError, match="openssl rand -base64 48") as refused:
        Example("rest-login", tmp_path / "log", environment={"JWT_SECRET_KEY": secret}).kill()
    assert secret not in str(refused.value).replace(str(PROGRAMS), "")
