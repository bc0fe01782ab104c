"""Loads the Flask apps of examples/python, and stands in for their issuer where a test needs its keys.

Symbolon never signs a token that lacks `exp` or `typ`, and doesn't turn its keys over while a test looks on:
`Mint` does both.
"""

import atexit
import importlib
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from examples import Example
from servers import ROOT, Program

APPS = ROOT / "examples" / "python"


def load(monkeypatch: pytest.MonkeyPatch, name: str, issuer: str, audience: str | None = None) -> ModuleType:
    """An app with keys, sessions and posts of its own, told of its issuer as a user tells it."""
    monkeypatch.syspath_prepend(APPS)
    for variable, value in environment_of(issuer, audience).items():
        monkeypatch.setenv(variable, value)
    for module in ("issuer", name):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return importlib.import_module(name)


def environment_of(issuer: str, audience: str | None = None) -> dict[str, str]:
    """How an app is told of its issuer, and by which name tokens mean it."""
    audience = audience or issuer
    told = {"SYMBOLON_ISSUER": issuer, "SYMBOLON_AUDIENCE": audience}
    return told | {"OAUTH_ISSUER": issuer, "OAUTH_APP_URL": audience, "OAUTH_CLIENT_KEY": client_key()}


@cache
def client_key() -> str:
    """A file with a key as `openssl genrsa` makes it; it lives as long as the tests."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    key = rsa.generate_private_key(65537, 2048)
    file = Path(folder.name, "client.pem")
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(file)


def token_of(site: Example, username: str) -> str:
    """Logs in at the issuer itself."""
    answer = site.send("POST", "/api/login", {"username": username, "password": site.password})
    assert answer.status == 200, answer.body
    return answer.json()["access_token"]


def get(client: FlaskClient, path: str, authorization: str | None = None, **more: object) -> TestResponse:
    """Reads something from an app, with an Authorization header or without."""
    return send(client, "GET", path, authorization, **more)


def send(client: FlaskClient, method: str, path: str, authorization: str | None, **more: object) -> TestResponse:
    """Any other request; what it is to hold besides is named as Flask's test client names it."""
    headers = {} if authorization is None else {"Authorization": authorization}
    return client.open(path, method=method, headers=headers | more.pop("headers", {}), **more)


class FlaskApp(Program):
    """An app in a process of its own, started by `flask run` as its README says."""

    def __init__(self, name: str, issuer: str, log: Path, port: int = 0, environment: dict[str, str] | None = None):
        flask = Path(sys.executable).with_name("flask")
        super().__init__(
            "/bin/sh",
            "-c",
            'exec "$0" "$@" 2>&1',
            *f"{flask} --app {APPS / name}.py run --port {port}".split(),
            log=log,
            environment={"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
            | environment_of(issuer)
            | (environment or {}),
        )
        self.url = self.read_until(" * Running on ")[-1].split()[-1]


class Mint:
    """An issuer that signs whatever a test wants."""

    def __init__(self, url: str):
        self.url = url
        self._keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self._kid = ""
        self.turn_over()

    def turn_over(self) -> None:
        """Signs with a new key from now on; the old one stays published."""
        self._kid = f"key-{len(self._keys)}"
        self._keys[self._kid] = ec.generate_private_key(ec.SECP256R1())

    def keys(self) -> list[dict]:
        """The public keys."""
        return [
            jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
            | {"kid": kid, "use": "sig", "alg": "ES256"}
            for kid, key in self._keys.items()
        ]

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The one it signs with."""
        return self._keys[self._kid].public_key()

    def token(self, header: dict | None = None, **claims: object) -> str:
        """A good token but for what is given; None takes a claim or a part of the header away."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": self.url,
            "sub": "somebody",
            "exp": now + 600,
            "iat": now,
            "jti": "one",
            "client_id": "local",
            "scope": "posts:read",
        } | claims
        header = {"typ": "at+jwt", "kid": self._kid} | (header or {})
        # PyJWT adds a `typ` of its own unless it is told that there is none.
        header = {name: value for name, value in header.items() if value is not None or name == "typ"}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self._keys[self._kid], algorithm="ES256", headers=header)


@contextmanager
def mint() -> Iterator[Mint]:
    """A running one; its `/api/me` knows everybody."""
    app = Flask(__name__)
    with serving(app) as url:
        one = Mint(url)
        jwks_uri = f"{url}/.well-known/jwks.json"
        app.add_url_rule("/.well-known/jwks.json", view_func=lambda: {"keys": one.keys()})
        app.add_url_rule(
            "/.well-known/openid-configuration", "metadata", lambda: {"issuer": url, "jwks_uri": jwks_uri}
        )
        app.add_url_rule("/api/me", endpoint="me", view_func=lambda: {"id": "somebody", "username": "x", "roles": []})
        yield one


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """An app of the test's own on a port of its own; its address."""
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
