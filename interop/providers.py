"""The OpenID provider of examples/oauth-login, started as its README says, and a person who signs in there.

`Person` is a browser without a screen: it keeps cookies, follows redirects and fills in forms. The one in
`browser.py` shows the same to people.
"""

import base64
import hashlib
import html
import json
import re
import secrets
import shutil
import time
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from joserfc import jwt
from joserfc.jwk import Key, RSAKey

from servers import ROOT, Program
from web import FORM, Answer, call

FOLDER = ROOT / "examples" / "oauth-login" / "provider"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY_USE = {"use": "sig", "alg": "RS256"}
SCOPE = "openid profile posts:read"
TAG = re.compile(r"<(?P<kind>form|input|button)\b(?P<attributes>[^>]*)>")
ATTRIBUTE = re.compile(r"""([\w-]+)(?:="([^"]*)")?""")


class Provider(Program):
    """A running provider; the two users have one password."""

    def __init__(self, *arguments: str, log: Path, environment: dict[str, str] | None = None):
        node = shutil.which("node")
        assert node, "Node.js is missing: ./test gets it"
        assert (FOLDER / "node_modules").is_dir(), f"npm ci --prefix {FOLDER}"
        program = str(FOLDER / "provider.mjs")
        super().__init__(node, program, "--listen", "127.0.0.1:0", *arguments, log=log, environment=environment)
        self.issuer = self.first_line.removeprefix("issuer ").strip()
        (said,) = self.read_until("log in as ")
        self.password = said.split()[-1]
        self.metadata = call(f"{self.issuer}/.well-known/openid-configuration").json()


@dataclass(frozen=True)
class Registered:
    """A client that the provider knows by its public key, without a program behind it."""

    key: Key
    client_id: str = "web"

    @classmethod
    def new(cls) -> "Registered":
        """One with an RSA key."""
        return cls(RSAKey.generate_key(2048, KEY_USE, auto_kid=True))

    @classmethod
    def of_pem(cls, file: str, client_id: str) -> "Registered":
        """The one that a program is, by the key in a file."""
        key = RSAKey.import_key(Path(file).read_bytes(), KEY_USE)
        key.ensure_kid()
        return cls(key, client_id)

    def jwks(self, file: Path) -> str:
        """Its public keys in a file, which is given back."""
        file.write_text(json.dumps({"keys": [self.key.as_dict(private=False)]}))
        return str(file)

    def assertion(self, audience: str, header: dict | None = None, **claims: object) -> dict[str, str]:
        """What it proves itself by (RFC 7523 §3), as parameters of a request."""
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": audience, "iat": now, "exp": now + 60} | claims
        header = {"alg": "RS256", "typ": "client-authentication+jwt", "kid": self.key.kid} | (header or {})
        token = jwt.encode(header, {"jti": secrets.token_urlsafe(16)} | claims, self.key)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": token}


@dataclass(frozen=True)
class Page(Answer):
    """An answer, and where it was found."""

    url: str = ""

    def query(self) -> dict[str, str]:
        """The parameters of the address it leads to."""
        return {name: value for name, (value,) in parse_qs(urlsplit(self.headers["Location"]).query).items()}

    def form(self) -> tuple[str, dict[str, str]]:
        """Where its only form goes, and what is filled in already, its button included."""
        action, fields = self.url, {}
        for tag in TAG.finditer(self.body.decode()):
            named = {name: html.unescape(value) for name, value in ATTRIBUTE.findall(tag["attributes"])}
            if tag["kind"] == "form":
                action = urljoin(self.url, named.get("action", self.url))
            elif "name" in named:
                fields[named["name"]] = named.get("value", "")
        return action, fields


@dataclass
class Person:
    """Somebody with a browser of their own: cookies by host and port, as they are set apart here."""

    cookies: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)

    def go(self, url: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Page:
        """One request, which may be answered by a redirect."""
        parts = urlsplit(url)
        jar = self.cookies.setdefault(parts.netloc, {})
        sent = "; ".join(f"{name}={value}" for name, (value, path) in jar.items() if parts.path.startswith(path))
        lines = list((headers or {}).items()) + ([("Cookie", sent)] if sent else [])
        if form is None:
            answer = call(url, "GET", [*lines, ("Accept", "text/html")])
        else:
            body = urlencode(form).encode()
            answer = call(url, "POST", [*lines, ("Accept", "text/html"), ("Content-Type", FORM)], body)
        for line in answer.headers.get_all("Set-Cookie", []):
            for name, cookie in SimpleCookie(line).items():
                gone = cookie["max-age"] == "0" or "1970" in cookie["expires"]
                if gone:
                    jar.pop(name, None)
                else:
                    jar[name] = (cookie.value, cookie["path"] or "/")
        return Page(answer.status, answer.headers, answer.body, url)

    def follow(self, page: Page, until: str | None = None) -> Page:
        """Follows redirects to their end, or to the one that leads to an address beginning so."""
        for _ in range(10):
            if page.status not in (302, 303):
                return page
            leads = urljoin(page.url, page.headers["Location"])
            if until and leads.startswith(until):
                return page
            page = self.go(leads)
        raise AssertionError(f"redirects without end, {page.url}")

    def sign_in(self, provider: Provider, page: Page, username: str = "admin", password: str | None = None) -> Page:
        """Fills in the form that a redirect to the provider ends at; the answer to it."""
        page = self.follow(page)
        assert page.url.startswith(f"{provider.issuer}/sign-in/"), (page.url, page.body)
        action, fields = page.form()
        assert fields.keys() == {"username", "password"}
        return self.go(action, {"username": username, "password": password or provider.password})

    def confirm(self, page: Page) -> Page:
        """Presses the button of a page that asks one thing."""
        page = self.follow(page)
        action, fields = page.form()
        return self.go(action, fields)


@dataclass(frozen=True)
class Client:
    """A client that sends what a test wants it to."""

    provider: Provider
    registered: Registered
    callback: str
    verifier: str = "v" * 43

    def begin(self, person: Person, **parameters: str | None) -> Page:
        """An authorization request; None leaves a parameter out."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        parameters = {
            "client_id": self.registered.client_id,
            "response_type": "code",
            "redirect_uri": self.callback,
            "scope": SCOPE,
            "state": "the-state",
            "nonce": "the-nonce",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | parameters
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        return person.go(f"{self.provider.metadata['authorization_endpoint']}?{query}")

    def code(self, person: Person, username: str = "admin", **parameters: str | None) -> str:
        """Signs in; the code that comes of it."""
        page = person.sign_in(self.provider, self.begin(person, **parameters), username)
        return person.follow(page, until=self.callback).query()["code"]

    def post(self, endpoint: str, assertion: dict[str, str] | None = None, **parameters: str) -> Answer:
        """A request that the client authenticates."""
        body = parameters | (assertion or self.registered.assertion(self.provider.issuer))
        return call(self.provider.metadata[endpoint], "POST", [("Content-Type", FORM)], urlencode(body).encode())

    def redeem(self, code: str, assertion: dict[str, str] | None = None, **parameters: str) -> Answer:
        """Trades a code for tokens."""
        parameters = {"code_verifier": self.verifier, "redirect_uri": self.callback} | parameters
        return self.post("token_endpoint", assertion, grant_type="authorization_code", code=code, **parameters)

    def refresh(self, token: str) -> Answer:
        """Trades a refresh token for new ones."""
        return self.post("token_endpoint", grant_type="refresh_token", refresh_token=token)

    def access_token(self, username: str = "admin", scope: str = SCOPE) -> str:
        """One of a login that was made for it."""
        answer = self.redeem(self.code(Person(), username, scope=scope))
        assert answer.status == 200, answer.body
        return answer.json()["access_token"]
