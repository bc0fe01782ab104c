"""The Flask apps of examples/python with Symbolon as their issuer: what all of them take and refuse."""

import socket
import time
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest
import time_machine
from flask.testing import FlaskClient

from conftest import StartApp
from examples import Example
from flask_apps import FlaskApp, Mint, get, mint, token_of
from servers import Dev
from tokens import forged
from web import call


@dataclass(frozen=True)
class App:
    """An app, the route that a good token opens, and how it says no to a bad one."""

    name: str
    guarded: str
    scheme: str = "Bearer"
    refusal: int = 401


EVERY = [
    App("rest_login", "/protected", scheme="JWT"),
    App("role_claim", "/protected"),
    App("form_login", "/protected", refusal=422),
    App("app_session", "/account"),
    App("posts_api", "/api/posts"),
    App("oauth_login", "/api/posts"),
]
every_app = pytest.mark.parametrize("app", EVERY, ids=lambda app: app.name)


def ask(client: FlaskClient, app: App, token: str) -> int:
    """What its guarded route answers to a token."""
    answer = get(client, app.guarded, f"{app.scheme} {token}")
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"].split()[0].lower() == app.scheme.lower()
    return answer.status_code


def advance(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Lets time go by for what is kept and cooling down; tokens don't get older."""
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + seconds)


@every_app
def test_our_token_is_accepted(app: App, start_app: StartApp, site: Example):
    assert ask(start_app(app.name, site.url), app, token_of(site, "writer")) == 200


@every_app
def test_nobody_gets_in_without_a_token(app: App, start_app: StartApp, site: Example):
    answer = get(start_app(app.name, site.url), app.guarded)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].split()[0].lower() == app.scheme.lower()


@every_app
def test_every_forgery_is_refused(app: App, start_app: StartApp, site: Example):
    client, token = start_app(app.name, site.url), token_of(site, "writer")
    key = jwt.PyJWKClient(f"{site.url}/.well-known/jwks.json").get_signing_key_from_jwt(token).key
    for attack, forgery in forged(token, key).items():
        assert ask(client, app, forgery) == app.refusal, attack
    assert ask(client, app, token) == 200


@every_app
def test_what_is_no_token_is_refused(app: App, start_app: StartApp, site: Example):
    client = start_app(app.name, site.url)
    for nonsense in ("x", "x.y.z", "...", "토큰", "x" * 8000):
        assert ask(client, app, nonsense) == app.refusal, nonsense


@every_app
def test_an_expired_token_is_refused(app: App, start_app: StartApp, own: Mint):
    client, token = start_app(app.name, own.url), own.token()
    expiry = jwt.decode(token, options={"verify_signature": False})["exp"]
    assert ask(client, app, token) == 200
    with time_machine.travel(expiry + 1, tick=False):
        assert ask(client, app, token) == 401


@every_app
def test_another_audience_is_refused(app: App, start_app: StartApp, site: Example):
    client = start_app(app.name, site.url, audience="https://elsewhere.example")
    assert ask(client, app, token_of(site, "writer")) == app.refusal


@every_app
@pytest.mark.parametrize("flaw", [
    {"exp": None}, {"iss": None}, {"aud": None}, {"sub": None}, {"iss": "https://elsewhere.example"},
    {"aud": ["https://elsewhere.example"]}, {"header": {"typ": "JWT"}}, {"header": {"typ": None}},
    {"header": {"kid": "unknown"}}, {"header": {"kid": None}},
], ids=str)
def test_a_signature_alone_is_not_enough(app: App, flaw: dict, start_app: StartApp, own: Mint):
    client = start_app(app.name, own.url)
    assert ask(client, app, own.token()) == 200
    assert ask(client, app, own.token(**flaw)) == app.refusal


@every_app
def test_keys_turn_over_while_it_runs(app: App, start_app: StartApp, own: Mint, monkeypatch: pytest.MonkeyPatch):
    client, old = start_app(app.name, own.url), own.token()
    assert ask(client, app, old) == 200
    own.turn_over()
    # Invented names of keys can't make it ask the issuer again and again.
    assert ask(client, app, own.token()) == app.refusal
    advance(monkeypatch, seconds=31)
    assert ask(client, app, own.token()) == 200
    assert ask(client, app, old) == 200


@every_app
def test_an_issuer_out_of_reach_is_nobodys_fault(app: App, start_app: StartApp, site: Example):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        issuer = f"http://127.0.0.1:{closed.getsockname()[1]}"
    assert ask(start_app(app.name, issuer), app, token_of(site, "writer")) == 503


@every_app
def test_it_goes_on_with_the_issuer_stopped_while_it_holds_the_keys(
    app: App, start_app: StartApp, monkeypatch: pytest.MonkeyPatch
):
    with mint() as own:
        client, token = start_app(app.name, own.url), own.token()
        assert ask(client, app, token) == 200
    # One of them asks with each call whether the user is still there.
    assert ask(client, app, token) == (503 if app.name == "rest_login" else 200)
    advance(monkeypatch, seconds=301)
    assert ask(client, app, token) == 503


@every_app
def test_it_runs_as_its_readme_says(app: App, dev: Dev, tmp_path: Path):
    program = FlaskApp(app.name, dev.issuer, tmp_path / "log")
    try:
        # The demo user's token is good, but not for posts.
        answer = call(program.url + app.guarded, headers=[("Authorization", f"{app.scheme} {dev.access_token}")])
        assert answer.status == (403 if app.guarded == "/api/posts" else 200), answer.body
        assert call(program.url + app.guarded).status == 401
    finally:
        program.kill()


@pytest.mark.parametrize("name, path, kind", [
    ("rest_login", "/auth", "json"), ("role_claim", "/login", "json"), ("form_login", "/login", "data"),
    ("form_login", "/login", "json"), ("app_session", "/login", "json"),
])
def test_a_login_is_passed_on(name: str, path: str, kind: str, start_app: StartApp, dev: Dev):
    client = start_app(name, dev.issuer)
    good = client.post(path, **{kind: {"username": dev.username, "password": dev.password}})
    assert (good.status_code, list(good.json)) == (200, ["access_token"])
    assert good.headers["Cache-Control"] == "no-store"
    (app,) = [app for app in EVERY if app.name == name]
    assert ask(client, app, good.json["access_token"]) == 200

    for username, password in [(dev.username, "wrong"), ("nobody", dev.password), ("", ""), ("\0", "x" * 2000)]:
        bad = client.post(path, **{kind: {"username": username, "password": password}})
        assert bad.status_code == 401, username
        assert "access_token" not in bad.json
        assert bad.headers["WWW-Authenticate"]


@pytest.mark.parametrize("name, path", [
    ("rest_login", "/auth"), ("role_claim", "/login"), ("form_login", "/login"), ("app_session", "/login"),
])
def test_a_login_that_is_none_is_told_so(name: str, path: str, start_app: StartApp, dev: Dev):
    client = start_app(name, dev.issuer)
    for body in ({}, [], "x", None, {"username": dev.username}, {"username": 1, "password": dev.password}):
        answer = client.post(path, json=body)
        assert 400 <= answer.status_code < 500 and answer.is_json, body
    for raw in (b"", b"{", b"\xff", b'{"username": "\\ud800", "password": "x"}'):
        assert 400 <= client.post(path, data=raw, content_type="application/json").status_code < 500, raw
    assert client.post(path, data=b"x" * 20_000, content_type="application/json").status_code in (401, 413)
    assert client.get(path).status_code == 405
