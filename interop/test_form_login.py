"""The form login over HTTP against the running example: rows P2-01 to P2-08 of the seed programs."""

import datetime
import json
import secrets
from collections.abc import Iterator
from urllib.parse import urlencode

import jwt
import pytest
from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token, decode_token

from examples import Example
from web import FORM, Answer, bearer, call

SECRET = secrets.token_urlsafe(48)
NO_BEARER = "Missing 'Bearer' type in 'Authorization' header. Expected 'Authorization: Bearer <JWT>'"
BAD_HEADER = "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'"
NOT_ACCESS = "Only non-refresh tokens are allowed"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    log = tmp_path_factory.mktemp("form-login") / "log"
    example = Example("form-login", log, environment={"JWT_SECRET_KEY": SECRET})
    yield example
    example.kill()


@pytest.fixture
def flask_program(api: Example) -> Iterator[Flask]:
    """The Python program, with the same secret."""
    app = Flask(__name__)
    app.config.update(JWT_SECRET_KEY=SECRET, JWT_DECODE_AUDIENCE=api.url, JWT_DECODE_ISSUER=api.url)
    JWTManager(app)
    with app.app_context():
        yield app


def log_in(api: Example, content_type: str = FORM, **changes: str | None) -> Answer:
    fields = {"username": "admin", "password": api.password, **changes}
    fields = {name: value for name, value in fields.items() if value is not None}
    body = urlencode(fields) if content_type == FORM else json.dumps(fields)
    return call(f"{api.url}/login", "POST", [("Content-Type", content_type)], body.encode())


def token_of(api: Example) -> str:
    return log_in(api).json()["access_token"]


def protected(api: Example, authorization: str | None) -> Answer:
    return api.send("GET", "/protected", headers=[] if authorization is None else [("Authorization", authorization)])


def check_refused(answer: Answer, status: int, msg: str):
    assert (answer.status, answer.json()) == (status, {"msg": msg})
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("content_type", [FORM, "application/json", "application/json; charset=utf-8"])
def test_p2_01_and_p2_02_a_form_or_json_gives_a_token(api: Example, content_type: str):
    answer = log_in(api, content_type)
    assert (answer.status, list(answer.json())) == (200, ["access_token"])
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("content_type", [FORM, "application/json"])
@pytest.mark.parametrize("changes", [
    {"password": "wrong"}, {"password": ""}, {"username": "nobody"}, {"username": ""}, {"password": "x" * 5000},
])
def test_p2_02_bad_credentials(api: Example, content_type: str, changes: dict):
    answer = log_in(api, content_type, **changes)
    assert (answer.status, answer.json()) == (401, {"message": "Invalid credentials"})


@pytest.mark.parametrize("content_type", [FORM, "application/json"])
@pytest.mark.parametrize("missing", ["username", "password"])
def test_p2_03_a_missing_field_is_a_400_in_json(api: Example, content_type: str, missing: str):
    answer = log_in(api, content_type, **{missing: None})
    assert (answer.status, answer.json()) == (400, {"message": "Send username and password"})


@pytest.mark.parametrize("content_type, body, status", [
    ("text/plain", b"username=admin&password=x", 415), ("application/json", b"{", 400),
    ("application/json", b'{"username": 1, "password": 2}', 400), (FORM, b"username=a&password=b&password=c", 400),
])
def test_p2_03_what_is_neither_is_a_clean_4xx(api: Example, content_type: str, body: bytes, status: int):
    answer = call(f"{api.url}/login", "POST", [("Content-Type", content_type)], body)
    assert (answer.status, list(answer.json())) == (status, ["message"])
    assert api.send("GET", "/login").status == 405


def test_p2_04_pyjwt_and_flask_jwt_extended_verify_the_token(api: Example, flask_program: Flask):
    token = token_of(api)
    claims = jwt.decode(
        token, SECRET, algorithms=["HS256"], audience=api.url, issuer=api.url,
        options={"require": ["exp", "iat", "sub", "jti"]},
    )
    assert claims["exp"] - claims["iat"] == 900
    assert isinstance(claims["sub"], str)
    assert decode_token(token)["sub"] == claims["sub"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_p2_05_the_protected_route_says_who_is_asking(api: Example, scheme: str):
    token = token_of(api)
    user = jwt.decode(token, options={"verify_signature": False})["sub"]
    answer = protected(api, f"{scheme} {token}")
    assert (answer.status, answer.json()) == (200, {"message": f"Protected route for user: {user}"})
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert api.send(method, "/protected", headers=bearer(token)).status == 405


@pytest.mark.parametrize("fresh", [False, True])
def test_p2_05_a_token_of_flask_jwt_extended_is_taken(api: Example, flask_program: Flask, fresh: bool):
    token = create_access_token("42", fresh=fresh)
    answer = protected(api, f"Bearer {token}")
    assert (answer.status, answer.json()) == (200, {"message": "Protected route for user: 42"})


def test_p2_06_no_header_and_another_scheme(api: Example):
    token = token_of(api)
    check_refused(protected(api, None), 401, "Missing Authorization Header")
    for authorization in (f"JWT {token}", token, "Basic dTpw"):
        check_refused(protected(api, authorization), 401, NO_BEARER)


def test_p2_07_a_header_that_is_none(api: Example):
    token = token_of(api)
    for authorization in ("Bearer", f"Bearer {token} x"):
        check_refused(protected(api, authorization), 422, BAD_HEADER)
    doubled = [("Authorization", f"Bearer {token}")] * 2
    check_refused(api.send("GET", "/protected", headers=doubled), 422, BAD_HEADER)


def test_p2_07_garbage_and_forgeries(api: Example, flask_program: Flask):
    check_refused(protected(api, "Bearer garbage"), 422, "Not enough segments")
    for token in (token_of(api), create_access_token("42")):
        header, claims, signature = token.split(".")
        flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
        check_refused(protected(api, f"Bearer {header}.{claims}.{flipped}"), 422, "Signature verification failed")


def test_p2_07_a_refresh_token_is_no_access_token(api: Example, flask_program: Flask):
    check_refused(protected(api, f"Bearer {create_refresh_token('42')}"), 422, NOT_ACCESS)
    claims = jwt.decode(token_of(api), options={"verify_signature": False})
    ours = jwt.encode(claims, SECRET, headers={"typ": "refresh+jwt"})
    assert protected(api, f"Bearer {ours}").status == 422


def test_p2_07_a_number_as_the_subject_is_refused_in_words(api: Example, flask_program: Flask):
    flask_program.config["JWT_VERIFY_SUB"] = False
    check_refused(protected(api, f"Bearer {create_access_token(1)}"), 422, "Subject must be a string")


@pytest.mark.parametrize("claims", [{"aud": "elsewhere"}, {"iss": "elsewhere"}, {"role": "admin"}])
def test_p2_07_a_token_of_another_shape_is_for_something_else(api: Example, flask_program: Flask, claims: dict):
    token = create_access_token("42", additional_claims=claims)
    check_refused(protected(api, f"Bearer {token}"), 422, NOT_ACCESS)


def test_p2_08_an_expired_token(api: Example, flask_program: Flask):
    late = create_access_token("42", expires_delta=datetime.timedelta(seconds=-1))
    check_refused(protected(api, f"Bearer {late}"), 401, "Token has expired")
    # For ever is no time to expire at.
    assert protected(api, f"Bearer {create_access_token('42', expires_delta=False)}").status == 422
    claims = jwt.decode(token_of(api), options={"verify_signature": False})
    ours = jwt.encode({**claims, "exp": 1}, SECRET, headers={"typ": "at+jwt"})
    check_refused(protected(api, f"Bearer {ours}"), 401, "Token has expired")


def test_it_needs_nothing_and_ends_cleanly(tmp_path_factory: pytest.TempPathFactory, flask_program: Flask):
    log = tmp_path_factory.mktemp("form-login") / "log"
    example = Example("form-login", log, environment={"JWT_SECRET_KEY": "", "SECRET_KEY": ""})
    assert protected(example, f"Bearer {token_of(example)}").status == 200
    # Nobody shares the secret that was made: a token of somebody else's is none.
    assert protected(example, f"Bearer {create_access_token('42')}").status == 422
    assert example.stop() == (0, "")
