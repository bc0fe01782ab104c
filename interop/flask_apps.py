"""Loads the Flask apps of examples/python, and stands in for their issuer where a test needs its keys.

Symbolon never signs a token that lacks `exp` or `typ`, and doesn't turn its keys over while a test looks on:
`Mint` does both.
"""

import importlib
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
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
    monkeypatch.setenv("SYMBOLON_ISSUER", issuer)
    if audience:
        monkeypatch.setenv("SYMBOLON_AUDIENCE", audience)
    for module in ("issuer", name):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return importlib.import_module(name)


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

    def __init__(self, name: str, issuer: str, log: Path):
        flask = Path(sys.executable).with_name("flask")
        super().__init__(
            "/bin/sh",
            "-c",
            'exec "$0" "$@" 2>&1',
            *f"{flask} --app {APPS / name}.py run --port 0".split(),
            log=log,
            environment={"SYMBOLON_ISSUER": issuer, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
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
    server = make_server("127.0.0.1", 0, app)
    one = Mint(f"http://127.0.0.1:{server.port}")
    app.add_url_rule("/.well-known/jwks.json", view_func=lambda: {"keys": one.keys()})
    app.add_url_rule("/api/me", endpoint="me", view_func=lambda: {"id": "somebody", "username": "x", "roles": []})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
