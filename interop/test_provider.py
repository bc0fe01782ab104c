"""The OpenID provider beside examples/oauth-login: what the tests of its clients take for granted.

A provider that took anything would have a client look right that isn't.
"""

import base64
import json
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import jwt
import pytest

from flask_apps import mint
from providers import ASSERTION_TYPE, FOLDER, SCOPE, Client, Person, Provider, Registered
from servers import DEADLINE
from web import FORM, bearer, call

CALLBACK, HOME = "http://127.0.0.1:9/authorize", "http://127.0.0.1:9/"
RESOURCE = "http://127.0.0.1:9"


Start = Callable[..., Client]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts it for a client with a key; without options it is one for all tests here."""
    started: dict[tuple[str, ...], Client] = {}

    def one(*options: str) -> Client:
        if options not in started:
            folder, registered = tmp_path_factory.mktemp("provider"), Registered.new()
            jwks = registered.jwks(folder / "jwks.json")
            where = ["--redirect-uri", CALLBACK, "--post-logout-redirect-uri", HOME]
            provider = Provider("--client-id", "web", "--client-jwks", jwks, *where, *options, log=folder / "log")
            started[options] = Client(provider, registered, CALLBACK)
        return started[options]

    yield one
    for client in started.values():
        client.provider.kill()


@pytest.fixture
def client(start: Start) -> Client:
    return start()


def decoded(client: Client, token: str, audience: str) -> dict:
    """The claims of one of its tokens, which has to be good."""
    key = jwt.PyJWKClient(client.provider.metadata["jwks_uri"]).get_signing_key_from_jwt(token)
    return jwt.decode(token, key, algorithms=[key.algorithm_name], issuer=client.provider.issuer, audience=audience)


def test_a_login_gives_an_id_token_an_access_token_and_a_refresh_token(client: Client):
    answer = client.redeem(client.code(Person()))
    assert answer.status == 200, answer.body
    tokens = answer.json()
    assert tokens["token_type"] == "Bearer"
    assert tokens.keys() >= {"id_token", "access_token", "refresh_token", "expires_in"}

    who = decoded(client, tokens["id_token"], "web")
    assert (who["sub"], who["nonce"], who["name"], who["roles"]) == ("admin", "the-nonce", "Ada Admin", ["admin"])
    access = decoded(client, tokens["access_token"], RESOURCE)
    assert jwt.get_unverified_header(tokens["access_token"])["typ"] == "at+jwt"
    assert access.keys() >= {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"}
    assert (access["sub"], access["scope"], access["roles"]) == ("admin", "posts:read", ["admin"])


def test_only_what_was_asked_for_is_granted(client: Client):
    tokens = client.redeem(client.code(Person(), "writer", scope="openid posts:read posts:write")).json()
    access = decoded(client, tokens["access_token"], RESOURCE)
    assert (access["sub"], set(access["scope"].split())) == ("writer", {"posts:read", "posts:write"})
    assert "roles" not in access
    assert "name" not in decoded(client, tokens["id_token"], "web")


def test_an_answer_names_its_issuer(client: Client):
    person = Person()
    good = person.follow(person.sign_in(client.provider, client.begin(person)), until=CALLBACK).query()
    assert (good["iss"], good["state"]) == (client.provider.issuer, "the-state")
    bad = client.begin(Person(), prompt="none").query()
    assert (bad["error"], bad["iss"]) == ("login_required", client.provider.issuer)


@pytest.mark.parametrize("flaw", [
    {"code_challenge": None, "code_challenge_method": None}, {"code_challenge_method": "plain"},
    {"code_challenge_method": None}, {"response_type": "id_token"}, {"scope": "openid root"},
    {"resource": "https://elsewhere.example"},
], ids=str)
def test_a_request_that_is_not_right_comes_to_nothing(client: Client, flaw: dict):
    page = client.begin(Person(), **flaw)
    if "scope" in flaw:
        # RFC 6749 §3.3: a scope that it doesn't know is left out.
        assert page.headers["Location"].startswith("/sign-in/")
        return
    assert page.status == 303 and page.headers["Location"].startswith(CALLBACK), page.body
    assert "error=" in page.headers["Location"] and "code=" not in page.headers["Location"]


@pytest.mark.parametrize("flaw", [{"redirect_uri": f"{CALLBACK}/more"}, {"redirect_uri": HOME}, {"client_id": "other"}])
def test_nobody_is_sent_to_where_the_client_is_not(client: Client, flaw: dict):
    page = client.begin(Person(), **flaw)
    assert page.status == 400 and "Location" not in page.headers


def test_a_code_is_good_once_and_with_its_verifier_only(client: Client):
    person = Person()
    assert client.redeem(client.code(person), code_verifier="w" * 43).json()["error"] == "invalid_grant"
    person = Person()
    code = client.code(person)
    tokens = client.redeem(code).json()
    assert client.redeem(code).json()["error"] == "invalid_grant"
    # Who redeems a code twice isn't who it was meant for: what came of it ends too.
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_refresh_token_turns_over_and_a_used_one_ends_all(client: Client):
    first = client.redeem(client.code(Person())).json()
    second = client.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert decoded(client, second["access_token"], RESOURCE)["sub"] == "admin"
    assert client.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_client_proves_itself_to_the_issuer(client: Client):
    """K5: meant for the issuer, and typed; what Authlib sends, meant for the token endpoint and not typed, too."""
    registered, provider = client.registered, client.provider
    for audience, header in [
        (provider.issuer, {"typ": "client-authentication+jwt"}),
        (provider.metadata["token_endpoint"], {"typ": None}),
    ]:
        header = {name: value for name, value in header.items() if value}
        answer = client.post("token_endpoint", registered.assertion(audience, header), grant_type="client_credentials")
        assert answer.status == 200, answer.body
        token = decoded(client, answer.json()["access_token"], RESOURCE)
        assert (token["sub"], token["client_id"]) == ("web", "web")


def test_a_bad_proof_is_none(client: Client):
    registered, issuer = client.registered, client.provider.issuer
    stranger = Registered.new()
    used = registered.assertion(issuer)
    assert client.post("token_endpoint", used, grant_type="client_credentials").status == 200
    for flaw, assertion in {
        "used": used,
        "for somebody else": registered.assertion("https://elsewhere.example"),
        "expired": registered.assertion(issuer, exp=1),
        "without an end": registered.assertion(issuer, exp=None),
        "of another": registered.assertion(issuer, iss="other"),
        "signed by a stranger": stranger.assertion(issuer),
    }.items():
        answer = client.post("token_endpoint", assertion, grant_type="client_credentials")
        assert (answer.status, answer.json()["error"]) == (401, "invalid_client"), flaw


def test_keys_are_fetched_from_where_the_command_line_says(start: Start, tmp_path: Path):
    """A provider can be started before its client: the keys are asked for when they are needed."""
    with mint() as somewhere:
        where = ["--redirect-uri", CALLBACK, "--client-jwks", f"{somewhere.url}/.well-known/jwks.json"]
        provider = Provider("--client-id", "web", *where, log=tmp_path / "log")
        try:
            assertion = {"client_assertion_type": ASSERTION_TYPE}
            token = somewhere.token({"typ": None}, iss="web", sub="web", aud=provider.issuer, jti=secrets.token_hex())
            client = Client(provider, Registered.new(), CALLBACK)
            answer = client.post(
                "token_endpoint", assertion | {"client_assertion": token}, grant_type="client_credentials"
            )
            assert answer.status == 200, answer.body
        finally:
            assert provider.stop() == (0, "")


def test_a_secret_works_both_ways(tmp_path: Path):
    secret = "p:%+& " + secrets.token_urlsafe(32)
    where = ["--redirect-uri", CALLBACK, "--client-secret-env", "THE_SECRET"]
    provider = Provider("--client-id", "web", *where, log=tmp_path / "log", environment={"THE_SECRET": secret})
    try:
        url, form = provider.metadata["token_endpoint"], [("Content-Type", FORM)]
        grant = {"grant_type": "client_credentials"}
        posted = urlencode(grant | {"client_id": "web", "client_secret": secret}).encode()
        assert call(url, "POST", form, posted).status == 200
        # RFC 6749 §2.3.1: name and secret are encoded as in a form before they are joined.
        pair = urlencode({"web": secret}).replace("=", ":", 1)
        basic = ("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
        assert call(url, "POST", [*form, basic], urlencode(grant).encode()).status == 200
        wrong = urlencode(grant | {"client_id": "web", "client_secret": "wrong"}).encode()
        assert call(url, "POST", form, wrong).status == 401
    finally:
        provider.kill()


@pytest.mark.parametrize("username, password", [
    ("admin", "wrong"), ("nobody", None), ("constructor", None), ("", None),
])
def test_nobody_gets_in_by_a_wrong_name_or_password(client: Client, username: str, password: str | None):
    person = Person()
    refused = person.sign_in(client.provider, client.begin(person), username, password)
    assert refused.status == 403 and b"wrong" in refused.body
    # The form is still there, for another try.
    action, _ = refused.form()
    good = person.go(action, {"username": "admin", "password": client.provider.password})
    assert person.follow(good, until=CALLBACK).query()["code"]


def test_what_is_no_name_and_password_is_not_read(client: Client):
    person = Person()
    action, _ = person.follow(client.begin(person)).form()
    assert person.go(action, {"username": "admin", "password": "x" * 5000}).status == 413
    assert person.sign_in(client.provider, client.begin(person)).status == 303


def test_consent_is_asked_for_where_the_client_wants_that(client: Client):
    """And only then is there a refresh token that outlives the sign-in."""
    person = Person()
    asked = client.begin(person, prompt="consent", scope="openid offline_access")
    page = person.follow(person.sign_in(client.provider, asked))
    assert b"offline_access" in page.body and b"password" not in page.body
    code = person.follow(person.confirm(page), until=CALLBACK).query()["code"]
    tokens = client.redeem(code).json()
    leave = urlencode({"id_token_hint": tokens["id_token"]})
    person.follow(person.confirm(person.go(f"{client.provider.metadata['end_session_endpoint']}?{leave}")))
    assert client.refresh(tokens["refresh_token"]).status == 200

    person = Person()
    tokens = client.redeem(client.code(person)).json()
    leave = urlencode({"id_token_hint": tokens["id_token"]})
    person.follow(person.confirm(person.go(f"{client.provider.metadata['end_session_endpoint']}?{leave}")))
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_sign_in_belongs_to_its_browser(client: Client):
    person = Person()
    page = person.follow(client.begin(person))
    elsewhere = Person().go(page.url, {"username": "admin", "password": client.provider.password})
    assert elsewhere.status == 400 and "Location" not in elsewhere.headers


def test_its_pages_are_framed_by_nobody_and_run_nothing(client: Client):
    person = Person()
    page = person.follow(client.begin(person))
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    # The answer to the form leads on to the client: browsers hold redirects to this as well.
    assert f"form-action 'self' {RESOURCE}" in policy
    assert page.headers["Cache-Control"] == "no-store"


def test_markup_in_a_request_stays_text(client: Client):
    page = client.begin(Person(), client_id="<img src=x onerror=alert(1)>")
    assert page.status == 400 and b"<img" not in page.body


def test_signing_out_asks_and_leads_back(client: Client):
    person = Person()
    id_token = client.redeem(client.code(person)).json()["id_token"]
    leave = urlencode({"id_token_hint": id_token, "post_logout_redirect_uri": HOME, "state": "bye"})
    asked = person.go(f"{client.provider.metadata['end_session_endpoint']}?{leave}")
    assert b"Sign out?" in asked.body
    assert person.confirm(asked).headers["Location"] == f"{HOME}?state=bye"
    # It asks again who it is: the session there is over.
    assert client.begin(person, prompt="none").query()["error"] == "login_required"


def test_signing_out_leads_nowhere_else(client: Client):
    person = Person()
    id_token = client.redeem(client.code(person)).json()["id_token"]
    leave = urlencode({"id_token_hint": id_token, "post_logout_redirect_uri": "https://elsewhere.example/"})
    assert person.go(f"{client.provider.metadata['end_session_endpoint']}?{leave}").status == 400


def test_a_second_login_needs_no_password(client: Client):
    person = Person()
    client.code(person)
    again = person.follow(client.begin(person), until=CALLBACK)
    assert again.query()["code"]


def test_a_jwt_is_for_its_resource_only(client: Client):
    token = client.redeem(client.code(Person())).json()["access_token"]
    assert call(client.provider.metadata["userinfo_endpoint"], headers=bearer(token)).status == 401


def test_an_opaque_token_is_for_userinfo_and_for_asking(start: Start):
    client = start("--opaque")
    tokens = client.redeem(client.code(Person(), "writer")).json()
    token = tokens["access_token"]
    assert "." not in token
    # The ID token says who, and userinfo what else (OpenID Connect Core §5.4).
    assert "name" not in decoded(client, tokens["id_token"], "web")
    said = call(client.provider.metadata["userinfo_endpoint"], headers=bearer(token)).json()
    assert (said["sub"], said["name"], said["roles"]) == ("writer", "Will Writer", [])

    asked = client.post("introspection_endpoint", token=token).json()
    assert (asked["active"], asked["sub"], asked["aud"]) == (True, "writer", RESOURCE)
    assert set(asked["scope"].split()) == set(SCOPE.split())
    assert client.post("introspection_endpoint", token=f"{token}x").json() == {"active": False}
    assert client.post("revocation_endpoint", token=token).status == 200
    assert client.post("introspection_endpoint", token=token).json() == {"active": False}


def test_the_resource_can_be_named(start: Start):
    client = start("--resource", "https://posts.example")
    tokens = client.redeem(client.code(Person())).json()
    assert decoded(client, tokens["access_token"], "https://posts.example")["sub"] == "admin"


@pytest.mark.parametrize("options, said", [
    ([], "--client-jwks or --client-secret-env"),
    (["--client-secret-env", "NOWHERE"], "NOWHERE is not set"),
    (["--client-jwks", "http://192.0.2.1/keys"], "not on this machine"),
    (["--client-jwks", "x", "--listen", "0.0.0.0:0"], "must not leave this machine"),
    (["--client-jwks", "/nowhere/jwks.json"], "/nowhere/jwks.json"),
    (["--client-jwks", "PRIVATE"], "private key"),
    (["--client-jwks", "http://127.0.0.1:9/keys", "--redirect-uri", "nonsense"], "redirect"),
    (["--nonsense"], "--nonsense"),
])
def test_what_it_is_told_wrongly_is_said(options: list[str], said: str, tmp_path: Path):
    private = tmp_path / "private.json"
    private.write_text(json.dumps(Registered.new().key.as_dict(private=True)))
    options = [str(private) if option == "PRIVATE" else option for option in options]
    program = [shutil.which("node"), str(FOLDER / "provider.mjs"), "--listen", "127.0.0.1:0"]
    command = [*program, "--client-id", "web", "--redirect-uri", CALLBACK, *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    assert (ended.returncode, ended.stdout) == (2, ""), ended
    assert said in ended.stderr and "usage: " in ended.stderr
