"""P4 on examples/oauth-login: people log in at a real provider, row by row and in Debian's Chromium.

The provider is the one that the example's README starts. What one could lie about is shown with `Liar`; the
engine's own tests know more lies. Pictures of the pages go to the folder that SYMBOLON_TEST_PICTURES names.
"""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from flask import Flask
from joserfc.jwk import ECKey

from browser import CONTRAST, NAMELESS, Browser, Look
from browser import Page as BrowserPage
from examples import OauthLogin
from flask_apps import client_key, serving
from liar import Liar, lying
from projects import free_address
from providers import Client, Page, Person, Provider, Registered
from servers import DEADLINE, PROGRAMS, faked_clock
from tokens import forged
from web import Answer, bearer, call, check_refused

CLIENT_ID = "posts-site"
POSTS = {"posts": [{"id": 1, "title": "First Post"}, {"id": 2, "title": "Second Post"}]}
CSRF_TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]*)">')
READ_WRITE = "openid profile posts:read posts:write"
EVERY_CALL = [
    ("GET", "/api/posts"), ("POST", "/api/posts"),
    ("GET", "/api/posts/1"), ("PUT", "/api/posts/1"), ("DELETE", "/api/posts/1"),
]  # fmt: skip


def start(issuer: str, *arguments: str, log: Path, **where: str | dict[str, str]) -> OauthLogin:
    """The example, as that client."""
    return OauthLogin("--issuer", issuer, "--client-id", CLIENT_ID, *arguments, log=log, **where)


@dataclass(frozen=True)
class Site:
    """The example, its provider, and somebody who has the example's key."""

    program: OauthLogin
    provider: Provider
    client: Client

    @property
    def url(self) -> str:
        """Where it is."""
        return self.program.url

    def begin(self, person: Person, query: str = "") -> Page:
        """The first redirect."""
        return person.go(f"{self.url}/login{query}")

    def answer(self, person: Person, begun: Page | None = None) -> str:
        """Signs in at the provider; the address that leads back."""
        page = person.follow(begun or self.begin(person), until=self.url)
        if not page.url.startswith(f"{self.provider.issuer}/sign-in/"):
            return page.headers["Location"]
        page = person.sign_in(self.provider, page)
        return person.follow(page, until=self.url).headers["Location"]

    def log_in(self, person: Person) -> Page:
        """All the way to the index."""
        return person.follow(person.go(self.answer(person)))

    def call(self, method: str, path: str, body: object = None, headers: list[tuple[str, str]] | None = None) -> Answer:
        """One call of the API."""
        headers = list(headers or [])
        if body is None:
            return call(self.url + path, method, headers)
        headers.append(("Content-Type", "application/json"))
        return call(self.url + path, method, headers, json.dumps(body).encode())


def is_in(site: Site, person: Person) -> bool:
    """Whether the index says so: only then has it a token that opens anything."""
    (token,) = CSRF_TOKEN.findall(person.go(f"{site.url}/").body.decode())
    return token != ""


def csrf_token(site: Site, person: Person) -> str:
    """The token on the index."""
    (token,) = CSRF_TOKEN.findall(person.go(f"{site.url}/").body.decode())
    return token


def cookie_of(site: Site, person: Person) -> tuple[str, str]:
    """What that browser sends along."""
    jar = person.cookies[urlsplit(site.url).netloc]
    return "Cookie", "; ".join(f"{name}={value}" for name, (value, _) in jar.items())


def from_page(site: Site, person: Person) -> list[tuple[str, str]]:
    """What a script on the page sends with a call that changes something."""
    return [cookie_of(site, person), ("Sec-Fetch-Site", "same-origin"), ("X-CSRF-Token", csrf_token(site, person))]


@contextmanager
def running(
    folder: Path, *provider_options: str, key: str | None = None, more: tuple[str, ...] = (), **where: dict[str, str]
) -> Iterator[Site]:
    """Both, as the README starts them; the example with further options or in another environment."""
    address = free_address()
    url, key = f"http://{address}", key or client_key()
    leads_back = ["--redirect-uri", f"{url}/authorize", "--post-logout-redirect-uri", f"{url}/"]
    provider = Provider(
        *["--client-id", CLIENT_ID, "--client-jwks", f"{url}/login/keys", *leads_back, *provider_options],
        log=folder / "provider.log",
    )
    try:
        log = folder / "oauth-login.log"
        program = start(provider.issuer, "--client-key", key, *more, log=log, listen=address, **where)
        try:
            registered = Registered.of_pem(client_key(), CLIENT_ID)
            yield Site(program, provider, Client(provider, registered, f"{url}/authorize"))
        finally:
            program.kill()
    finally:
        provider.kill()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("site")) as one:
        yield one


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """For tests that write posts."""
    with running(tmp_path) as one:
        yield one


# P4-01, P4-06, P4-11: the client.


def test_p4_01_a_key_may_be_pem_or_jwk(tmp_path: Path):
    key = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig"}, auto_kid=True)
    jwk = tmp_path / "client.jwk"
    jwk.write_text(json.dumps(key.as_dict(private=True)))
    with running(tmp_path, key=str(jwk)) as site:
        (published,) = call(f"{site.url}/login/keys").json()["keys"]
        assert published["kty"] == "EC" and "d" not in published
        person = Person()
        site.log_in(person)
        assert is_in(site, person)


def test_p4_01_or_a_secret_from_the_environment(tmp_path: Path):
    address, secret = free_address(), {"POSTS_SITE_SECRET": "of-the-provider:%+&-0123456789-0123456789"}
    arguments = ["--client-id", CLIENT_ID, "--client-secret-env", "POSTS_SITE_SECRET"]
    arguments += ["--redirect-uri", f"http://{address}/authorize"]
    provider = Provider(*arguments, log=tmp_path / "provider.log", environment=secret)
    try:
        options = ["--client-secret-env", "POSTS_SITE_SECRET"]
        log = tmp_path / "oauth-login.log"
        program = start(provider.issuer, *options, log=log, listen=address, environment=secret)
        try:
            person, site = Person(), Site(program, provider, None)
            site.log_in(person)
            assert is_in(site, person)
            assert secret["POSTS_SITE_SECRET"] not in log.read_text()
        finally:
            program.kill()
    finally:
        provider.kill()


def test_p4_01_it_publishes_the_public_half_of_its_key(site: Site):
    (key,) = call(f"{site.url}/login/keys").json()["keys"]
    assert key.keys() >= {"kty", "n", "e", "kid", "alg"}
    assert not key.keys() & {"d", "p", "q", "dp", "dq", "qi", "k"}


def test_p4_06_k5_it_proves_itself_to_the_issuer(tmp_path: Path):
    with against_liar(tmp_path) as (liar, site):
        site_log_in(liar, site, Person())
        ((_, sent),) = liar.asked
        assert sent["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assert "client_secret" not in sent
        (key,) = call(f"{site.url}/login/keys").json()["keys"]
        header = jwt.get_unverified_header(sent["client_assertion"])
        assert header == {"alg": "RS256", "typ": "client-authentication+jwt", "kid": key["kid"]}
        claims = jwt.decode(sent["client_assertion"], jwt.PyJWK(key), algorithms=["RS256"], audience=liar.issuer)
        # The one audience: a list would be good elsewhere too.
        assert claims["aud"] == liar.issuer
        assert claims["iss"] == claims["sub"] == CLIENT_ID
        assert 0 < claims["exp"] - claims["iat"] <= 300
        assert len(claims["jti"]) >= 20
        assert len(sent["code_verifier"]) >= 43


@pytest.mark.parametrize("options, said", [
    (["--client-key", "KEY", "--client-secret-env", "POSTS_SITE_SECRET"], "secret"),
    ([], "key"),
    (["--client-key", "/nowhere/client.pem"], "/nowhere/client.pem"),
    (["--client-key", "PUBLIC"], "key"),
    (["--client-secret-env", "NOWHERE"], "NOWHERE"),
    (["--client-key", "KEY", "--issuer", "http://provider.example"], "http"),
    (["--client-key", "KEY", "--issuer", "nonsense"], "issuer"),
    (["--client-key", "KEY", "--nonsense"], "--nonsense"),
], ids=str)
def test_p4_11_what_cannot_be_right_is_refused_at_the_start(options: list[str], said: str, tmp_path: Path):
    public = tmp_path / "public.json"
    public.write_text(json.dumps(Registered.new().key.as_dict(private=False)))
    files = {"KEY": client_key(), "PUBLIC": str(public)}
    options = [files.get(option, option) for option in options]
    if "--issuer" not in options:
        options += ["--issuer", "http://127.0.0.1:9"]
    ended = subprocess.run(
        [PROGRAMS / "oauth-login", "--client-id", CLIENT_ID, "--listen", "127.0.0.1:0", *options],
        env={**os.environ, "POSTS_SITE_SECRET": "x" * 40},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert (ended.returncode != 0, ended.stdout) == (True, ""), ended
    assert said.lower() in ended.stderr.lower()
    assert "panicked" not in ended.stderr


# P4-02 to P4-05: the flow.


def test_p4_02_a_login_leads_to_the_provider(site: Site):
    page = site.begin(Person())
    assert page.status == 302
    assert page.headers["Location"].startswith(site.provider.metadata["authorization_endpoint"] + "?")
    assert page.headers["Cache-Control"] == "no-store"
    sent = page.query()
    assert (sent["response_type"], sent["client_id"]) == ("code", CLIENT_ID)
    assert sent["redirect_uri"] == f"{site.url}/authorize"
    assert "openid" in sent["scope"].split()
    assert (sent["code_challenge_method"], len(sent["code_challenge"])) == ("S256", 43)
    # A15: 160 random bits are 27 characters.
    assert len(sent["state"]) >= 27 and len(sent["nonce"]) >= 27
    again = site.begin(Person()).query()
    assert {again[name] for name in ("state", "nonce", "code_challenge")}.isdisjoint(sent.values())


def test_p4_02_a_host_header_moves_nothing(site: Site):
    headers = {"Host": "elsewhere.example", "X-Forwarded-Host": "elsewhere.example", "Forwarded": "host=elsewhere"}
    page = Person().go(f"{site.url}/login", headers=headers)
    assert page.query()["redirect_uri"] == f"{site.url}/authorize"


def test_p4_03_what_belongs_to_a_login_is_bound_to_the_browser_and_unreadable(site: Site):
    page = site.begin(Person())
    cookies = page.headers.get_all("Set-Cookie")
    assert cookies
    for cookie in cookies:
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
        assert "Domain" not in cookie
        assert page.query()["nonce"] not in cookie and page.query()["state"] not in cookie


def test_p4_03_several_logins_at_once(site: Site):
    """Tabs: each answer finds its own login, in whatever order they come."""
    person = Person()
    first, second = site.begin(person, "?next=/api/posts"), site.begin(person, "?next=/api/posts/1")
    assert first.query()["state"] != second.query()["state"]
    later, sooner = site.answer(person, second), site.answer(person, first)
    assert person.go(later).headers["Location"] == "/api/posts/1"
    assert person.go(sooner).headers["Location"] == "/api/posts"
    assert is_in(site, person)


def test_p4_03_a_login_has_ten_minutes(tmp_path: Path):
    clock = tmp_path / "clock"
    clock.write_text("+0s")
    with running(tmp_path, environment=faked_clock(clock)) as site:
        person = Person()
        soon, late = site.answer(person), site.answer(person)
        assert person.go(soon).status == 302
        clock.write_text("+602s")
        assert check_refused(call(late, headers=[cookie_of(site, person)]), 400) == "login_not_under_way"


def test_p4_04_the_answer_leads_to_the_index_and_says_who(site: Site):
    person = Person()
    back = person.go(site.answer(person))
    assert (back.status, back.headers["Location"]) == (302, "/")
    index = person.go(f"{site.url}/").body.decode()
    assert "Ada Admin" in index or "admin" in index
    assert "Ada Admin" not in Person().go(f"{site.url}/").body.decode()
    assert 'href="/login' in Person().go(f"{site.url}/").body.decode()


@pytest.mark.parametrize("next_page, leads_to", [
    ("/api/posts", "/api/posts"), ("/api/posts?x=1", "/api/posts?x=1"),
    ("//elsewhere.example", "/"), ("/\\elsewhere.example", "/"), ("https:elsewhere.example", "/"),
    ("https://elsewhere.example/", "/"), ("javascript:alert(1)", "/"), ("/\r\nSet-Cookie: x=y", "/"),
    ("/\t/elsewhere.example", "/"), ("", "/"), ("api/posts", "/"),
])
def test_p4_04_s6_only_this_sites_pages_come_next(next_page: str, leads_to: str, site: Site):
    person = Person()
    begun = site.begin(person, f"?{urlencode({'next': next_page})}")
    back = person.go(site.answer(person, begun))
    assert (back.status, back.headers["Location"]) == (302, leads_to)


def test_p4_04_s2_a_login_begins_a_session_of_its_own(site: Site):
    """What somebody has planted in the browser before opens nothing afterwards."""
    person = Person()
    back = site.answer(person)
    planted = Person({urlsplit(site.url).netloc: dict(person.cookies[urlsplit(site.url).netloc])})
    person.go(back)
    assert is_in(site, person)
    assert not is_in(site, planted)


def changed(url: str, **parameters: str | None) -> str:
    """The address with other parameters; None takes one away."""
    query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()} | parameters
    query = urlencode({name: value for name, value in query.items() if value is not None})
    return urlsplit(url)._replace(query=query).geturl()


@pytest.mark.parametrize("flaw", [
    {"state": "forged"}, {"state": None}, {"state": ""}, {"iss": "https://elsewhere.example"}, {"iss": None},
    {"code": "forged"}, {"code": None}, {"code": None, "error": "access_denied"},
    {"error": "<script>alert(1)</script>"},
], ids=str)
def test_p4_05_an_answer_that_is_not_right_signs_nobody_in(flaw: dict, site: Site):
    for accept in ("text/html", "application/json"):
        person = Person()
        answer = person.go(changed(site.answer(person), **flaw), headers={"Accept": accept, "Accept-Language": "ko"})
        assert 400 <= answer.status < 500, (flaw, answer.status)
        assert b"<script>" not in answer.body
        assert answer.headers["Content-Language"] == "ko"
        assert not is_in(site, person)


def test_p4_05_u1_an_answer_is_good_once_and_in_its_browser(site: Site):
    """In another browser first: that doesn't use it up for its own."""
    person = Person()
    back = site.answer(person)
    stranger = Person()
    assert check_refused(call(back), 400) == "login_not_under_way"
    assert stranger.go(back).status == 400 and not is_in(site, stranger)
    before = Person({urlsplit(site.url).netloc: dict(person.cookies[urlsplit(site.url).netloc])})
    assert person.go(back).status == 302
    for again in (person, before):
        assert again.go(back).status == 400
    assert is_in(site, person) and not is_in(site, before)


# P4-07 to P4-10: the API, by token.


def test_p4_07_the_providers_token_opens_the_posts(site: Site):
    answer = site.call("GET", "/api/posts", headers=bearer(site.client.access_token("writer")))
    assert (answer.status, answer.json()) == (200, POSTS)


@pytest.mark.parametrize("method, path", EVERY_CALL)
def test_p4_08_nothing_without_a_token(site: Site, method: str, path: str):
    for headers in ([], [("Authorization", "JWT x")]):
        answer = site.call(method, path, {"title": "x"}, headers)
        assert answer.status == 401, headers
        assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_p4_09_a_bad_token_is_told_so_even_where_the_browser_is_signed_in(site: Site):
    person = Person()
    site.log_in(person)
    for token in ("x", "x.y.z", "...", "x" * 8000):
        answer = site.call("GET", "/api/posts", headers=[cookie_of(site, person), *bearer(token)])
        assert answer.status == 401, token
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_p4_09_every_forgery_is_refused(site: Site):
    token = site.client.access_token()
    key = jwt.PyJWKClient(site.provider.metadata["jwks_uri"]).get_signing_key_from_jwt(token).key
    for attack, forgery in forged(token, key).items():
        assert site.call("GET", "/api/posts", headers=bearer(forgery)).status == 401, attack
    assert site.call("GET", "/api/posts", headers=bearer(token)).status == 200


def test_p4_09_an_id_token_is_no_access_token(site: Site):
    tokens = site.client.redeem(site.client.code(Person())).json()
    assert site.call("GET", "/api/posts", headers=bearer(tokens["id_token"])).status == 401


def test_p4_09_a_missing_scope_is_insufficient(site: Site):
    read, write = (bearer(site.client.access_token(scope=f"openid posts:{what}")) for what in ("read", "write"))
    for method, path in EVERY_CALL:
        answer = site.call(method, path, {"title": "x"}, write if method == "GET" else read)
        assert answer.status == 403, (method, path)
        assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_p4_10_posts_are_made_changed_and_removed(own_site: Site):
    admin = bearer(own_site.client.access_token("admin", READ_WRITE))
    made = own_site.call("POST", "/api/posts", {"title": "Third Post"}, admin)
    assert (made.status, made.headers["Location"]) == (201, "/api/posts/3")
    assert own_site.call("GET", "/api/posts/3", headers=admin).json() == {"id": 3, "title": "Third Post"}
    changed_post = own_site.call("PUT", "/api/posts/3", {"title": "Changed"}, admin)
    assert (changed_post.status, changed_post.json()["title"]) == (200, "Changed")
    removed = own_site.call("DELETE", "/api/posts/3", headers=admin)
    assert (removed.status, removed.body) == (204, b"")
    assert own_site.call("GET", "/api/posts/3", headers=admin).status == 404
    assert own_site.call("POST", "/api/posts", {"title": "Next"}, admin).headers["Location"] == "/api/posts/4"
    assert own_site.call("POST", "/api/posts", {"title": ""}, admin).status == 422


def test_p4_10_authors_change_their_own_and_admins_all(own_site: Site):
    admin, writer = (bearer(own_site.client.access_token(name, READ_WRITE)) for name in ("admin", "writer"))
    own = own_site.call("POST", "/api/posts", {"title": "Mine"}, writer).headers["Location"]
    assert own_site.call("PUT", own, {"title": "Still mine"}, writer).status == 200
    for method in ("PUT", "DELETE"):
        assert own_site.call(method, "/api/posts/1", {"title": "Not mine"}, writer).status == 403
    assert own_site.call("PUT", own, {"title": "An admin's word"}, admin).status == 200
    assert own_site.call("DELETE", own, headers=admin).status == 204


def test_an_opaque_token_is_asked_about(tmp_path: Path):
    with running(tmp_path, "--opaque", more=("--introspect",)) as site:
        token = site.client.access_token("writer", READ_WRITE)
        assert "." not in token
        assert site.call("GET", "/api/posts", headers=bearer(token)).json() == POSTS
        assert site.call("GET", "/api/posts", headers=bearer(f"{token}x")).status == 401
        read = bearer(site.client.access_token("writer", "openid posts:read"))
        assert site.call("POST", "/api/posts", {"title": "x"}, read).status == 403
        assert site.client.post("revocation_endpoint", token=token).status == 200
        # The person logs in there as well: what the ID token leaves out, userinfo says.
        person = Person()
        site.log_in(person)
        assert is_in(site, person)


def test_a_token_for_another_audience_is_refused(tmp_path: Path):
    with running(tmp_path, "--resource", "https://elsewhere.example") as site:
        assert site.call("GET", "/api/posts", headers=bearer(site.client.access_token())).status == 401


def test_the_audience_can_be_named(tmp_path: Path):
    name = "https://posts.example"
    with running(tmp_path, "--resource", name, more=("--audience", name)) as site:
        assert site.call("GET", "/api/posts", headers=bearer(site.client.access_token())).json() == POSTS


# P4-12: the API, by the browser that is signed in.


def test_p4_12_the_browser_that_is_signed_in_may_use_the_api(own_site: Site):
    person = Person()
    own_site.log_in(person)
    page = from_page(own_site, person)
    assert own_site.call("GET", "/api/posts", headers=[cookie_of(own_site, person)]).json() == POSTS
    made = own_site.call("POST", "/api/posts", {"title": "From the browser"}, page)
    assert (made.status, made.headers["Location"]) == (201, "/api/posts/3")
    assert own_site.call("PUT", "/api/posts/3", {"title": "Changed"}, page).status == 200
    assert own_site.call("DELETE", "/api/posts/3", headers=page).status == 204


@pytest.mark.parametrize("method, path", [call for call in EVERY_CALL if call[0] != "GET"])
def test_p4_12_s3_no_other_site_can_use_it(site: Site, method: str, path: str):
    person = Person()
    site.log_in(person)
    cookie, token = cookie_of(site, person), csrf_token(site, person)
    origin, good = ("Origin", site.url), ("X-CSRF-Token", token)
    for headers in (
        [],
        [good],
        [origin],
        [("Sec-Fetch-Site", "same-origin")],
        [origin, ("X-CSRF-Token", "")],
        [origin, ("X-CSRF-Token", token[:-1] + ("a" if token[-1] != "a" else "b"))],
        [("Origin", "https://elsewhere.example"), good],
        [("Origin", "null"), good],
        [("Origin", f"{site.url}.elsewhere.example"), good],
        [("Sec-Fetch-Site", "cross-site"), good],
        [("Sec-Fetch-Site", "same-site"), good],
        [("Sec-Fetch-Site", "none"), good],
        [("Sec-Fetch-Site", "cross-site"), origin, good],
    ):
        answer = site.call(method, path, {"title": "forged"}, [cookie, *headers])
        assert answer.status == 403, headers
    assert site.call("GET", "/api/posts", headers=[cookie]).json() == POSTS


def test_p4_12_another_visitors_token_is_none(site: Site):
    person, other = Person(), Person()
    site.log_in(person)
    site.log_in(other)
    headers = [cookie_of(site, person), ("Origin", site.url), ("X-CSRF-Token", csrf_token(site, other))]
    assert site.call("POST", "/api/posts", {"title": "forged"}, headers).status == 403


def test_p4_12_logging_out_ends_it_here_and_there(site: Site):
    person = Person()
    site.log_in(person)
    copied = Person({urlsplit(site.url).netloc: dict(person.cookies[urlsplit(site.url).netloc])})
    form = {"csrf_token": csrf_token(site, person)}
    for headers, sent in [({}, form), ({"Origin": "https://elsewhere.example"}, form), ({"Origin": site.url}, {})]:
        assert 400 <= person.go(f"{site.url}/logout", sent, headers).status < 500
    assert is_in(site, person)

    left = person.go(f"{site.url}/logout", form, {"Origin": site.url})
    assert left.status == 303
    assert left.headers["Location"].startswith(site.provider.metadata["end_session_endpoint"])
    # A copied cookie is worth nothing any more.
    assert not is_in(site, copied)
    assert site.call("GET", "/api/posts", headers=[cookie_of(site, copied)]).status == 401
    back = person.follow(person.confirm(left))
    assert urlsplit(back.url)[:3] == urlsplit(f"{site.url}/")[:3]
    assert not is_in(site, person)
    # And the provider asks for the password again.
    assert person.follow(site.begin(person)).url.startswith(f"{site.provider.issuer}/sign-in/")


# A provider that lies.


@contextmanager
def against_liar(folder: Path, *options: str) -> Iterator[tuple[Liar, OauthLogin]]:
    """The example, and a provider that says what the test wants."""
    with lying(CLIENT_ID) as liar:
        program = start(liar.issuer, "--client-key", client_key(), *options, log=folder / "log")
        try:
            yield liar, program
        finally:
            program.kill()


def site_log_in(liar: Liar, program: OauthLogin, person: Person) -> Page:
    """A login whose answer leads back with a code."""
    led = person.go(f"{program.url}/login")
    assert led.status == 302, led.body
    query = urlencode(liar.answers(led.headers["Location"]))
    return person.go(f"{program.url}/authorize?{query}")


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Liar, OauthLogin]]:
    with against_liar(tmp_path_factory.mktemp("victim")) as both:
        yield both


def test_an_honest_one_signs_in(victim: tuple[Liar, OauthLogin]):
    """The faults below are the only ones."""
    liar, program = victim
    liar.answer = lambda one: one.tokens()
    person = Person()
    assert site_log_in(liar, program, person).headers["Location"] == "/"
    assert b"Some Body" in person.go(f"{program.url}/").body


FLAWS: dict[str, Callable[[Liar], object]] = {
    "nonce of another login": lambda liar: liar.tokens(id_token=liar.id_token(nonce="another")),
    "no nonce": lambda liar: liar.tokens(id_token=liar.id_token(nonce=None)),
    "for another client": lambda liar: liar.tokens(id_token=liar.id_token(aud="another")),
    "for others as well": lambda liar: liar.tokens(id_token=liar.id_token(aud=[CLIENT_ID, "another"])),
    "another's party": lambda liar: liar.tokens(id_token=liar.id_token(azp="another")),
    "of another issuer": lambda liar: liar.tokens(id_token=liar.id_token(iss="https://elsewhere.example")),
    "expired": lambda liar: liar.tokens(id_token=liar.id_token(exp=1)),
    "without an end": lambda liar: liar.tokens(id_token=liar.id_token(exp=None)),
    "of tomorrow": lambda liar: liar.tokens(id_token=liar.id_token(iat=int(time.time()) + 86_400)),
    "about nobody": lambda liar: liar.tokens(id_token=liar.id_token(sub=None)),
    "beside another access token": lambda liar: liar.tokens(id_token=liar.id_token(at_hash="A" * 22)),
    "by an unknown key": lambda liar: liar.tokens(id_token=liar.id_token({"kid": "unknown"})),
    "an access token as ID token": lambda liar: liar.tokens(id_token=liar.id_token({"typ": "at+jwt"})),
    "no ID token": lambda liar: liar.tokens(id_token=None),
    "alg none": lambda liar: liar.tokens(id_token=forged(liar.id_token(), liar.mint.public_key())["alg none"]),
    "public key as hmac secret": lambda liar: liar.tokens(
        id_token=forged(liar.id_token(), liar.mint.public_key())["public key as hmac secret"]
    ),
    "signed by a stranger": lambda liar: liar.tokens(
        id_token=forged(liar.id_token(), liar.mint.public_key())["signed by a stranger"]
    ),
    "error with markup": lambda _: ({"error": "<script>alert(1)</script>", "error_description": "<b>"}, 400),
    "refused client": lambda _: ({"error": "invalid_client"}, 401),
    "not JSON": lambda _: "<html>",
    "a list": lambda _: [],
    "nothing": lambda _: {},
    "out of order": lambda _: ("down", 503),
    "redirects": lambda _: ("", 302, {"Location": "/elsewhere"}),
    "redirects the request": lambda _: ("", 307, {"Location": "/elsewhere"}),
    "huge": lambda liar: liar.tokens(padding="x" * (8 << 20)),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_lie_signs_nobody_in(flaw: str, victim: tuple[Liar, OauthLogin]):
    liar, program = victim
    liar.answer = FLAWS[flaw]
    liar.asked.clear()
    person = Person()
    answer = site_log_in(liar, program, person)
    assert 400 <= answer.status < 600 and "Location" not in answer.headers, answer.status
    assert answer.headers.get_content_type() == "text/html"
    assert b"<script>" not in answer.body and b"<b>" not in answer.body
    assert b"Some Body" not in person.go(f"{program.url}/").body
    # What it redirects to sees nothing, and the code is sent once.
    assert [path for path, _ in liar.asked] == ["/token"]


def test_a_provider_that_calls_itself_otherwise_is_left(tmp_path: Path):
    """M1 as client: nothing that it says of itself is gone by."""
    with lying(CLIENT_ID) as liar:
        liar.metadata["issuer"] = "https://elsewhere.example"
        try:
            program = start(liar.issuer, "--client-key", client_key(), log=tmp_path / "log")
        except AssertionError as refused:
            # At the start, with why.
            assert "elsewhere.example" in str(refused) or "issuer" in str(refused)
            return
        try:
            answer = Person().go(f"{program.url}/login")
            assert answer.status >= 400 and "Location" not in answer.headers
        finally:
            program.kill()


def test_a_provider_out_of_reach_is_nobodys_fault(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        issuer = f"http://127.0.0.1:{closed.getsockname()[1]}"
    program = start(issuer, "--client-key", client_key(), log=tmp_path / "log")
    try:
        answer = Person().go(f"{program.url}/login")
        assert answer.status >= 400 and b"provider_unavailable" in answer.body
        # Nor is a token bad that can't be judged.
        assert call(f"{program.url}/api/posts", headers=bearer("x.y.z")).status == 503
        assert Person().go(f"{program.url}/").status == 200
    finally:
        program.kill()


def test_it_ends_cleanly(tmp_path: Path):
    with running(tmp_path) as site:
        person = Person()
        site.log_in(person)
        assert site.program.stop() == (0, "")
        # What belongs to nobody but the two stays out of the log.
        log = site.program.log()
        for secret in [value for value, _ in person.cookies[urlsplit(site.url).netloc].values()]:
            assert secret not in log


# In a browser.


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    running_browser = Browser(tmp_path_factory.mktemp("profile"))
    yield running_browser
    running_browser.close()


FETCH = """fetch({path}, {{
    method: {method},
    headers: {{ "Content-Type": "application/json", "X-CSRF-Token": {token} }},
    body: {body},
}}).then((answer) => answer.status)"""


def fetch(page: BrowserPage, method: str, path: str, body: object = None, token: str | None = None) -> int:
    """What a script on the page gets, with the token that the page holds unless another is given."""
    held = "document.querySelector('meta[name=csrf-token]').content"
    return page.ask(
        FETCH.format(
            path=json.dumps(path),
            method=json.dumps(method),
            token=held if token is None else json.dumps(token),
            body="undefined" if body is None else f"JSON.stringify({json.dumps(body)})",
        )
    )


@pytest.mark.parametrize("language, width", [("en", 1280), ("ko", 360)])
def test_it_is_walked_in_a_browser(language: str, width: int, browser: Browser, tmp_path: Path):
    pictures = Path(os.environ.get("SYMBOLON_TEST_PICTURES") or tmp_path / "pictures")
    with running(tmp_path) as site:
        page = browser.open(f"{site.url}/", Look(language, width, 800))
        try:
            assert page.ask("document.documentElement.lang") == language

            def keep(moment: str) -> None:
                page.picture(pictures / f"oauth-login-{language}-{moment}.png")
                assert page.ask("document.documentElement.scrollWidth") <= width
                assert page.ask(CONTRAST) == []
                assert page.ask(NAMELESS) == []

            keep("1-nobody")
            page.follow(lambda: page.click("a[href^='/login']"))
            assert page.ask("location.origin") == site.provider.issuer
            keep("2-at-the-provider")
            page.click("[name=username]")
            page.type("admin")
            page.click("[name=password]")
            page.type(site.provider.password)
            page.follow(lambda: page.press("Enter"))
            assert page.ask("location.href") == f"{site.url}/"
            assert "Ada Admin" in page.text("body")
            page.wait("document.querySelectorAll('#posts li').length === 2")
            keep("3-signed-in")

            # What a person does, whose words stay words.
            page.click("#title")
            page.type("<b>Third</b> & last")
            page.press("Enter")
            page.wait("document.querySelectorAll('#posts li').length === 3")
            assert page.ask("document.querySelector('#posts li:last-child input').value") == "<b>Third</b> & last"
            keep("4-a-post")
            page.click("#posts li:last-child button:last-of-type")
            page.wait("document.querySelectorAll('#posts li').length === 2")

            # And what a script of the page may, and one of another may not.
            assert fetch(page, "GET", "/api/posts") == 200
            assert fetch(page, "POST", "/api/posts", {"title": "Fourth Post"}) == 201
            assert fetch(page, "PUT", "/api/posts/4", {"title": "Changed"}) == 200
            assert fetch(page, "DELETE", "/api/posts/4") == 204
            assert page.problems == []
            assert page.ask("document.cookie") == ""
            assert fetch(page, "POST", "/api/posts", {"title": "Forged"}, token="forged") == 403

            page.follow(lambda: page.click("form[action='/logout'] button"))
            assert page.ask("location.origin") == site.provider.issuer
            keep("5-signing-out")
            page.follow(lambda: page.click("button"))
            assert page.ask("location.origin") == site.url
            assert page.ask("document.querySelector('meta[name=csrf-token]').content") == ""
            keep("6-signed-out")
            elsewhere = [url for url in page.requests if not url.startswith((site.url, site.provider.issuer))]
            assert elsewhere == []
        finally:
            page.close()


def test_s3_a_page_of_another_site_cannot_post(browser: Browser, tmp_path: Path):
    """Another port is another origin, though the same site: the browser says so, and sends the cookie along."""
    other = Flask("other")
    with running(tmp_path) as site, serving(other) as elsewhere:
        fields = '<input name="csrf_token" value="x"><button>Go</button>'
        form = f'<form method="post" action="{site.url}/logout">{fields}</form>'
        other.add_url_rule("/", view_func=lambda: form)
        page = browser.open(f"{site.url}/login", Look())
        try:
            page.click("[name=username]")
            page.type("admin")
            page.click("[name=password]")
            page.type(site.provider.password)
            page.follow(lambda: page.press("Enter"))
            page.follow(lambda: page.order("Page.navigate", url=f"{elsewhere}/"))
            page.follow(lambda: page.click("button"))
            page.follow(lambda: page.order("Page.navigate", url=f"{site.url}/"))
            assert page.ask("document.querySelector('meta[name=csrf-token]').content") != ""
        finally:
            page.close()
