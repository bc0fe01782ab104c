"""P4 on examples/python/oauth_login.py: people log in by Authlib at a real provider, each step as a browser does it.

What a provider could lie about is shown on an app whose provider is the test's own.
"""

import base64
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from browser import Browser, Look
from flask_apps import FlaskApp, client_key, environment_of, load
from liar import Liar, lying
from projects import free_address
from providers import Client, Page, Person, Provider, Registered
from tokens import forged
from web import bearer, call

POSTS = {"posts": [{"id": 1, "title": "First Post"}, {"id": 2, "title": "Second Post"}]}


@dataclass(frozen=True)
class Site:
    """The app, and its provider."""

    app: FlaskApp
    provider: Provider
    client: Client

    def begin(self, person: Person) -> Page:
        """The first redirect."""
        return person.go(f"{self.app.url}/login")

    def answer(self, person: Person, username: str = "admin") -> str:
        """Signs in at the provider; the address that leads back to the app."""
        page = person.follow(person.sign_in(self.provider, self.begin(person), username), until=self.app.url)
        return page.headers["Location"]

    def log_in(self, person: Person, username: str = "admin") -> Page:
        """All the way to the index."""
        return person.follow(person.go(self.answer(person, username)))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Both as their READMEs start them."""
    folder, address = tmp_path_factory.mktemp("site"), free_address()
    url = f"http://{address}"
    where = ["--redirect-uri", f"{url}/authorize", "--post-logout-redirect-uri", f"{url}/"]
    provider = Provider(
        "--client-id", "flask-app", "--client-jwks", f"{url}/login/keys", *where, log=folder / "provider.log"
    )
    port, environment = int(address.rpartition(":")[2]), environment_of(provider.issuer, url)
    app = FlaskApp("oauth_login", provider.issuer, folder / "app.log", port, environment)
    registered = Registered.of_pem(client_key(), "flask-app")
    yield Site(app, provider, Client(provider, registered, f"{url}/authorize"))
    app.kill()
    provider.kill()


def test_p4_02_a_login_leads_to_the_provider(site: Site):
    page = site.begin(Person())
    assert page.status == 302
    assert page.headers["Location"].startswith(site.provider.metadata["authorization_endpoint"] + "?")
    sent = page.query()
    assert (sent["response_type"], sent["client_id"]) == ("code", "flask-app")
    assert sent["redirect_uri"] == f"{site.app.url}/authorize"
    assert {"openid", "posts:read"} <= set(sent["scope"].split())
    assert (len(sent["state"]), len(sent["nonce"])) == (30, 20)
    assert (sent["code_challenge_method"], len(sent["code_challenge"])) == ("S256", 43)


def test_p4_02_a_host_header_moves_nothing(site: Site):
    page = Person().go(f"{site.app.url}/login", headers={"Host": "elsewhere.example"})
    assert page.query()["redirect_uri"] == f"{site.app.url}/authorize"


def test_p4_03_state_stays_on_the_server(site: Site):
    """What is in the cookie opens nothing: neither verifier nor nonce stands there."""
    person = Person()
    nonce = site.begin(person).query()["nonce"]
    cookie = person.cookies[urlsplit(site.app.url).netloc]["session"][0]
    payload = cookie.split(".")[0 if not cookie.startswith(".") else 1]
    kept = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    (state,) = kept
    assert state.startswith("_state_provider_")
    assert kept[state].keys() == {"exp"}
    assert nonce not in str(kept)


def test_p4_04_p4_12_the_answer_signs_in_and_logging_out_ends_it(site: Site):
    person = Person()
    assert site.log_in(person).url == f"{site.app.url}/"
    index = person.go(f"{site.app.url}/")
    assert b"Signed in as Ada Admin" in index.body
    assert person.go(f"{site.app.url}/api/posts").status == 200
    assert b"Nobody is signed in" in Person().go(f"{site.app.url}/").body

    cookie = dict(person.cookies[urlsplit(site.app.url).netloc])
    action, fields = index.form()
    left = person.go(action, fields)
    assert left.status == 303
    assert left.headers["Location"].startswith(site.provider.metadata["end_session_endpoint"])
    back = person.follow(person.confirm(left))
    assert urlsplit(back.url)[:3] == urlsplit(f"{site.app.url}/")[:3]
    assert b"Nobody is signed in" in back.body
    assert person.go(f"{site.app.url}/api/posts").status == 401
    # And the provider asks for the password again.
    assert person.follow(site.begin(person)).url.startswith(f"{site.provider.issuer}/sign-in/")
    assert cookie.keys() == {"session"}


def test_p4_04_a_login_begins_a_session_of_its_own(site: Site):
    """S2: what somebody has planted in the browser before is gone."""
    person = Person()
    jar = person.cookies.setdefault(urlsplit(site.app.url).netloc, {})
    back = site.answer(person)
    before = jar["session"]
    person.go(back)
    assert jar["session"] != before
    stranger = Person({urlsplit(site.app.url).netloc: {"session": before}})
    assert b"Nobody is signed in" in stranger.go(f"{site.app.url}/").body


def test_p4_05_several_logins_at_once_do_not_mix(site: Site):
    person = Person()
    first, second = site.begin(person), site.begin(person)
    assert first.query()["state"] != second.query()["state"]
    page = person.follow(person.sign_in(site.provider, first), until=site.app.url)
    assert person.go(page.headers["Location"]).status == 302
    page = person.follow(second, until=site.app.url)
    # A new login forgets those that were under way in this browser; the other one is asked to begin again.
    assert person.go(page.headers["Location"]).status == 400


def changed(url: str, **parameters: str | None) -> str:
    """The address with other parameters; None takes one away."""
    query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()} | parameters
    query = "&".join(f"{name}={value}" for name, value in query.items() if value is not None)
    return urlsplit(url)._replace(query=query).geturl()


@pytest.mark.parametrize("flaw, error", [
    ({"state": "forged"}, "mismatching_state"), ({"state": None}, "mismatching_state"),
    ({"iss": "https://elsewhere.example"}, "wrong_issuer"), ({"iss": None}, "wrong_issuer"),
    ({"code": "forged"}, "invalid_grant"), ({"code": None}, "invalid_answer"),
    ({"code": None, "error": "access_denied"}, "access_denied"),
], ids=str)
def test_p4_05_an_answer_that_is_not_right_signs_nobody_in(flaw: dict, error: str, site: Site):
    person = Person()
    answer = person.go(changed(site.answer(person), **flaw))
    assert (answer.status, answer.headers.get_content_type()) == (400, "application/json"), answer.body
    assert answer.json()["error"] == error
    assert b"Nobody is signed in" in person.go(f"{site.app.url}/").body


def test_p4_05_an_answer_is_good_once_and_in_its_browser(site: Site):
    person = Person()
    stolen = site.answer(Person())
    assert person.go(stolen).json()["error"] == "mismatching_state"
    back = site.answer(person)
    before = dict(person.cookies[urlsplit(site.app.url).netloc])
    assert person.go(back).status == 302
    assert person.go(back).status == 400
    # Not even with the cookie from before, and a code that was never used.
    copied = Person({urlsplit(site.app.url).netloc: before})
    assert copied.go(back).json()["error"] == "mismatching_state"


@pytest.mark.parametrize("token", ["", "forged", None])
def test_logging_out_takes_the_page_that_was_shown(token: str | None, site: Site):
    person = Person()
    site.log_in(person)
    form = {} if token is None else {"csrf_token": token}
    assert person.go(f"{site.app.url}/logout", form).status == 403
    assert b"Signed in" in person.go(f"{site.app.url}/").body
    assert Person().go(f"{site.app.url}/logout", form).status == 403
    assert call(f"{site.app.url}/logout").status == 405


def test_p4_07_the_providers_token_opens_the_posts(site: Site):
    answer = call(f"{site.app.url}/api/posts", headers=bearer(site.client.access_token("writer")))
    assert (answer.status, answer.json()) == (200, POSTS)


def test_p4_07_p4_08_nobody_reads_posts_without_a_token(site: Site):
    for header, error in [
        ([], "missing_authorization"),
        ([("Authorization", "JWT x")], "unsupported_token_type"),
        ([("Authorization", "Bearer")], "unsupported_token_type"),
    ]:
        answer = call(f"{site.app.url}/api/posts", headers=header)
        assert (answer.status, answer.json()["error"]) == (401, error)
        assert answer.headers["WWW-Authenticate"].lower().startswith("bearer")


def test_p4_09_a_bad_token_is_told_so_even_where_the_browser_is_signed_in(site: Site):
    person = Person()
    site.log_in(person)
    for token in ("x", "x.y.z", "...", "x" * 8000):
        answer = person.go(f"{site.app.url}/api/posts", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 401, token
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_p4_09_a_token_without_the_scope_is_told_so(site: Site):
    answer = call(f"{site.app.url}/api/posts", headers=bearer(site.client.access_token(scope="openid posts:write")))
    assert (answer.status, answer.json()["error"]) == (403, "insufficient_scope")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'


def test_p4_09_every_forgery_is_refused(site: Site):
    token = site.client.access_token()
    key = jwt.PyJWKClient(site.provider.metadata["jwks_uri"]).get_signing_key_from_jwt(token).key
    for attack, forgery in forged(token, key).items():
        assert call(f"{site.app.url}/api/posts", headers=bearer(forgery)).status == 401, attack
    assert call(f"{site.app.url}/api/posts", headers=bearer(token)).status == 200


def test_p4_09_an_id_token_is_no_access_token(site: Site):
    tokens = site.client.redeem(site.client.code(Person())).json()
    assert call(f"{site.app.url}/api/posts", headers=bearer(tokens["id_token"])).status == 401


def test_it_publishes_the_public_half_of_its_key(site: Site):
    (key,) = call(f"{site.app.url}/login/keys").json()["keys"]
    assert key.keys() == {"kty", "n", "e", "kid", "use", "alg"}


def test_it_works_in_a_browser(site: Site, tmp_path: Path):
    """The provider's forms lead back to the app: what its policy allows, a browser really does."""
    browser = Browser(tmp_path)
    try:
        page = browser.open(f"{site.app.url}/", Look())
        page.follow(lambda: page.click("a[href='/login']"))
        page.click("[name=username]")
        page.type("writer")
        page.click("[name=password]")
        page.type(site.provider.password)
        page.follow(lambda: page.press("Enter"))
        assert page.ask("location.href") == f"{site.app.url}/"
        assert "Will Writer" in page.text("body")
        assert page.ask("fetch('/api/posts').then((answer) => answer.json())") == POSTS
        assert page.problems == []
        assert page.ask("document.cookie") == ""
        page.follow(lambda: page.click("button"))
        assert page.ask("location.origin") == site.provider.issuer
        page.follow(lambda: page.click("button"))
        assert page.ask("location.origin") == site.app.url
        assert "Nobody is signed in" in page.text("body")
        assert [url for url in page.requests if not url.startswith((site.app.url, site.provider.issuer))] == []
    finally:
        browser.close()


# A provider that lies.


@dataclass(frozen=True)
class Victim:
    """The app that trusts it."""

    liar: Liar
    client: FlaskClient

    def log_in(self, **parameters: str) -> TestResponse:
        """A login whose answer leads back with a code."""
        led = self.client.get("/login")
        assert led.status_code == 302, led.data
        return self.client.get("/authorize", query_string=self.liar.answers(led.location) | parameters)

    def nobody_is_in(self) -> bool:
        """What the index says."""
        return "Nobody is signed in" in self.client.get("/").text


@pytest.fixture
def victim(monkeypatch: pytest.MonkeyPatch) -> Iterator[Victim]:
    with lying() as liar:
        module = load(monkeypatch, "oauth_login", liar.issuer, "http://127.0.0.1:9")
        yield Victim(liar, module.app.test_client())


def test_an_honest_one_signs_in(victim: Victim):
    """The faults below are the only ones."""
    victim.liar.answer = lambda one: one.tokens()
    answer = victim.log_in()
    assert (answer.status_code, answer.location) == (302, "/")
    assert "Signed in as Some Body" in victim.client.get("/").text
    assert victim.client.post("/logout").status_code == 403


def test_p4_06_it_proves_itself_by_its_key(victim: Victim):
    """K5: as the original but for the audience, the type and the key's name, which it lacked."""
    victim.liar.answer = lambda one: one.tokens()
    victim.log_in()
    ((_, sent),) = victim.liar.asked
    assert sent["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert "client_secret" not in sent
    (key,) = victim.client.get("/login/keys").json["keys"]
    header = jwt.get_unverified_header(sent["client_assertion"])
    assert header == {"alg": "RS256", "typ": "client-authentication+jwt", "kid": key["kid"]}
    claims = jwt.decode(sent["client_assertion"], jwt.PyJWK(key), algorithms=["RS256"], audience=victim.liar.issuer)
    assert claims["iss"] == claims["sub"] == "flask-app"
    assert claims["exp"] - claims["iat"] == 3600
    assert len(claims["jti"]) == 36
    assert len(sent["code_verifier"]) >= 43


@pytest.mark.parametrize("flaw", [
    {"nonce": "another"}, {"nonce": None}, {"aud": "another"}, {"aud": ["flask-app", "another"]}, {"aud": None},
    {"azp": "another"}, {"iss": "https://elsewhere.example"}, {"iss": None}, {"exp": 1}, {"exp": None},
    {"iat": None}, {"iat": 2**33}, {"sub": None}, {"at_hash": "wrong"}, {"header": {"kid": "unknown"}},
], ids=str)
def test_an_id_token_with_a_flaw_signs_nobody_in(flaw: dict, victim: Victim):
    victim.liar.answer = lambda one: one.tokens(id_token=one.id_token(**flaw))
    answer = victim.log_in()
    assert (answer.status_code, answer.is_json) == (400, True), answer.data
    assert victim.nobody_is_in()


def test_a_forged_id_token_signs_nobody_in(victim: Victim):
    for attack in ("alg none", "public key as hmac secret", "signed by a stranger", "stranger's key in the header"):

        def forge(one: Liar, attack: str = attack) -> dict:
            key = one.mint.public_key()
            return one.tokens(id_token=forged(one.id_token(), key)[attack])

        victim.liar.answer = forge
        assert victim.log_in().status_code == 400, attack
    assert victim.nobody_is_in()


@pytest.mark.parametrize("said, status", [
    (({"error": "invalid_client"}, 401), 400), (({"error": "<b>"}, 400), 400), (("not JSON", 200), 400),
    (([], 200), 400), (({}, 200), 400), (("down", 503), 503), (("", 302, {"Location": "/elsewhere"}), 503),
    (("", 307, {"Location": "/elsewhere"}), 503),
], ids=str)
def test_a_token_endpoint_that_fails_signs_nobody_in(said: tuple, status: int, victim: Victim):
    victim.liar.answer = lambda one: said
    answer = victim.log_in()
    assert (answer.status_code, answer.is_json) == (status, True), answer.data
    assert victim.nobody_is_in()
    # What it redirects to sees nothing.
    assert len(victim.liar.asked) == 1


def test_a_login_without_an_id_token_says_nobody(victim: Victim):
    def answer(one: Liar) -> dict:
        tokens = one.tokens()
        del tokens["id_token"]
        return tokens

    victim.liar.answer = answer
    assert (victim.log_in().json["error"], len(victim.liar.asked)) == ("no_id_token", 1)


def test_a_provider_that_calls_itself_otherwise_is_left(victim: Victim):
    victim.liar.metadata["issuer"] = "https://elsewhere.example"
    for path in ("/login", "/api/posts"):
        answer = victim.client.get(path, headers={"Authorization": f"Bearer {victim.liar.mint.token()}"})
        assert (answer.status_code, answer.json) == (502, {"error": "wrong_issuer"}), path
    # What it said is not kept.
    victim.liar.metadata["issuer"] = victim.liar.issuer
    assert victim.client.get("/login").status_code == 302


def test_a_login_has_ten_minutes(victim: Victim, monkeypatch: pytest.MonkeyPatch):
    victim.liar.answer = lambda one: one.tokens()
    led = victim.client.get("/login")
    (state,) = parse_qs(urlsplit(led.location).query)["state"]
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + 601)
    answer = victim.client.get("/authorize", query_string={"code": "x", "state": state, "iss": victim.liar.issuer})
    assert (answer.status_code, answer.json["error"]) == (400, "mismatching_state")
    assert victim.liar.asked == []


def test_logins_that_nobody_ends_are_forgotten(victim: Victim, monkeypatch: pytest.MonkeyPatch):
    module = sys.modules["oauth_login"]
    monkeypatch.setattr(module, "LOGINS_MAX", 3)
    first = parse_qs(urlsplit(victim.client.get("/login").location).query)["state"][0]
    for _ in range(3):
        victim.client.get("/login")
    answer = victim.client.get("/authorize", query_string={"code": "x", "state": first, "iss": victim.liar.issuer})
    assert answer.json["error"] == "mismatching_state"
    victim.liar.answer = lambda one: one.tokens()
    assert victim.log_in().status_code == 302
