"""A Flask-JWT-Extended service, served over HTTP, that trusts us instead of signing for itself.

Its `type` claim is its own invention: a token without one counts as an access token.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import jwt
import pytest
import time_machine
from flask import Flask, jsonify
from flask_jwt_extended import JWTManager, get_jwt, get_jwt_identity, jwt_required
from werkzeug.serving import make_server

from servers import Dev
from tokens import forged
from web import Answer, bearer, call


@contextmanager
def flask_service(dev: Dev, audience: str) -> Iterator[str]:
    """Runs the service; gives the address of its one guarded route."""
    app = Flask(__name__)
    app.config.update(
        JWT_ALGORITHM="ES256",
        JWT_DECODE_ALGORITHMS=["ES256"],
        JWT_DECODE_AUDIENCE=audience,
        JWT_DECODE_ISSUER=dev.issuer,
        JWT_IDENTITY_CLAIM="sub",
    )
    keys = jwt.PyJWKClient(dev.jwks_uri)

    @JWTManager(app).decode_key_loader
    def key_of(header: dict, _claims: dict):
        return keys.get_signing_key(header.get("kid")).key

    @app.get("/whoami")
    @jwt_required()
    def whoami():
        return jsonify(sub=get_jwt_identity(), roles=get_jwt()["roles"])

    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/whoami"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def whoami(dev: Dev) -> Iterator[str]:
    with flask_service(dev, audience=dev.issuer) as url:
        yield url


def reason(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json()["msg"]


def test_our_token_is_accepted(dev: Dev, whoami: str):
    answer = call(whoami, headers=bearer(dev.access_token))
    claims = jwt.decode(dev.access_token, options={"verify_signature": False})
    assert answer.status == 200, answer.body
    assert answer.json() == {"sub": claims["sub"], "roles": ["user"]}


def test_no_token_is_refused(whoami: str):
    assert reason(call(whoami)) == (401, "Missing Authorization Header")


def test_every_forgery_is_refused(dev: Dev, whoami: str):
    key = jwt.PyJWKClient(dev.jwks_uri).get_signing_key_from_jwt(dev.access_token).key
    for attack, token in forged(dev.access_token, key).items():
        answer = call(whoami, headers=bearer(token))
        assert answer.status == 422, (attack, answer.body)


def test_an_expired_token_is_refused(dev: Dev, whoami: str):
    expiry = jwt.decode(dev.access_token, options={"verify_signature": False})["exp"]
    with time_machine.travel(expiry, tick=False):
        assert reason(call(whoami, headers=bearer(dev.access_token))) == (401, "Token has expired")


def test_another_audience_is_refused(dev: Dev):
    with flask_service(dev, audience="https://elsewhere.example") as url:
        answer = call(url, headers=bearer(dev.access_token))
        assert answer.status == 422
        assert "audience" in answer.json()["msg"].lower()
