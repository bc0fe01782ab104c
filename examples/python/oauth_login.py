"""P4: people log in at an OpenID provider, by Authlib's client; the provider's access tokens open the posts.

The app has no password and no secret to share: it proves who it is by a key of its own (private_key_jwt), whose
public half the provider fetches. What Authlib leaves to its user stands here: the provider is the one that was
meant (RFC 9207, OpenID Connect Discovery §4.3), what belongs to a login stays on the server and is good once,
and a token says what kind it is.
"""

import hmac
import os
import secrets
import threading
import time
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import requests
from authlib.integrations.flask_client import OAuth, OAuthError
from authlib.integrations.flask_oauth2 import ResourceProtector
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask, Response, abort, redirect, render_template_string, request, session
from flask.typing import ResponseReturnValue
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

# The provider, exactly as it calls itself, and this app: where it is, and thereby what tokens call it.
ISSUER = os.environ.get("OAUTH_ISSUER", "http://127.0.0.1:4000")
URL = os.environ.get("OAUTH_APP_URL", "http://127.0.0.1:5006")
CLIENT_ID = os.environ.get("OAUTH_CLIENT_ID", "flask-app")
# An RSA key in PEM, made by `openssl genrsa`. Without it the app doesn't start.
CLIENT_KEY = RSAKey.import_key(
    Path(os.environ.get("OAUTH_CLIENT_KEY", "client.pem")).read_bytes(), {"use": "sig", "alg": "RS256"}
)
CLIENT_KEY.ensure_kid()
TIMEOUT = 5
LOGIN_LIFETIME = 600
# Anybody can begin logins: beyond these the oldest is forgotten.
LOGINS_MAX = 10_000

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>Posts</title>
{% if person %}
<p>Signed in as {{ person.name }}. <a href="/api/posts">Posts</a></p>
<form method="post" action="/logout">
  <input type="hidden" name="csrf_token" value="{{ csrf_token }}">
  <button>Log out</button>
</form>
{% else %}
<p>Nobody is signed in. <a href="/login">Log in</a></p>
{% endif %}
</html>"""


class Memory:
    """Where Authlib keeps what belongs to a login under way; several processes would share a Redis instead.

    Left to itself it takes Flask's session: a cookie, which its owner can read, and which as a copy would make
    a used login new again.
    """

    def __init__(self) -> None:
        # The oldest first: all live equally long.
        self._kept: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def set(self, key: str, value: str, _lifetime: int) -> None:
        now = time.monotonic()
        with self._lock:
            while self._kept:
                oldest = next(iter(self._kept))
                if self._kept[oldest][0] > now and len(self._kept) < LOGINS_MAX:
                    break
                del self._kept[oldest]
            self._kept[key] = (now + LOGIN_LIFETIME, value)

    def get(self, key: str) -> str | None:
        with self._lock:
            until, value = self._kept.get(key, (0.0, ""))
        return value if until > time.monotonic() else None

    def delete(self, key: str) -> None:
        with self._lock:
            self._kept.pop(key, None)


def follow_nowhere(client: requests.Session) -> None:
    """An endpoint that redirects would have our proof of who we are sent to somebody else."""
    client.max_redirects = 0


app = Flask(__name__)
app.config.update(
    MAX_CONTENT_LENGTH=16 * 1024,
    SECRET_KEY=os.environ.get("SECRET_KEY") or secrets.token_hex(32),
    # The provider sends the browser back by a link, which a Strict cookie would not go along with.
    SESSION_COOKIE_SAMESITE="Lax",
    SESSION_COOKIE_SECURE=URL.startswith("https:"),
)
oauth = OAuth(app, cache=Memory())
oauth.register(
    "provider",
    client_id=CLIENT_ID,
    client_secret=CLIENT_KEY,
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={
        "scope": "openid profile posts:read",
        "token_endpoint_auth_method": "private_key_jwt",
        "code_challenge_method": "S256",
        "default_timeout": TIMEOUT,
    },
    # Authlib means its assertion for the token endpoint. For the issuer, and typed, nobody can use it elsewhere.
    client_auth_methods=[
        PrivateKeyJWT(ISSUER, headers={"typ": "client-authentication+jwt", "kid": CLIENT_KEY.kid}),
    ],
    compliance_fix=follow_nowhere,
)


class AccessTokens(JWTBearerTokenValidator):
    """The provider's access tokens for this app (RFC 9068 §4)."""

    def get_jwks(self) -> Any:
        return self.find_key

    @staticmethod
    def find_key(token: Any) -> ECKey | RSAKey:
        key = provider_keys().get_signing_key(token.headers().get("kid", ""))
        pem = key.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return (ECKey if key.key_type == "EC" else RSAKey).import_key(pem)

    def authenticate_token(self, token_string: str) -> Any:
        try:
            token = super().authenticate_token(token_string)
        except jwt.PyJWKClientConnectionError:
            raise
        except jwt.PyJWTError as error:
            raise InvalidTokenError() from error
        # Authlib takes a token without `typ`: an ID token for this app would be one.
        if token.header.get("typ") != "at+jwt":
            raise InvalidTokenError()
        return token


require_token = ResourceProtector()
require_token.register_token_validator(AccessTokens(ISSUER, URL))


class WrongProvider(Exception):
    """What is found at the provider's address calls itself something else."""


def metadata() -> dict[str, Any]:
    """What the provider says of itself, if it is the one."""
    found: dict[str, Any] = oauth.provider.load_server_metadata()
    if found.get("issuer") != ISSUER:
        # Authlib has kept it already, and would go by it.
        found.clear()
        raise WrongProvider
    return found


@cache
def provider_keys() -> jwt.PyJWKClient:
    """Keeps them five minutes, and asks for one that it hasn't seen every thirty seconds at the most."""
    return jwt.PyJWKClient(metadata()["jwks_uri"], lifespan=300, timeout=TIMEOUT)


@app.get("/")
def index() -> ResponseReturnValue:
    return render_template_string(PAGE, person=session.get("person"), csrf_token=session.get("csrf_token"))


@app.get("/login")
def login() -> ResponseReturnValue:
    metadata()
    # Never made from the request: its Host header says what the sender likes.
    answer: Response = oauth.provider.authorize_redirect(f"{URL}/authorize")
    return answer


@app.get("/authorize")
def authorize() -> ResponseReturnValue:
    if "error" not in request.args:
        # Else an answer of another provider would have its code, or ours, sent to the wrong one (RFC 9207 §2.4).
        if request.args.get("iss") != metadata()["issuer"]:
            raise OAuthError("wrong_issuer", "This answer is from another provider")
        if "code" not in request.args:
            raise OAuthError("invalid_answer", "This answer brings no code")
    try:
        person = oauth.provider.authorize_access_token(leeway=10).get("userinfo")
    except ValueError as error:
        raise OAuthError("invalid_answer", "The provider's answer can't be read") from error
    if person is None:
        raise OAuthError("no_id_token", "The provider doesn't say who it is")
    # Nothing of the visitor's session from before stays: somebody else may have begun it.
    session.clear()
    # Who somebody is: issuer and subject together. An e-mail address is no name for a person.
    session["person"] = {"issuer": ISSUER, "subject": person["sub"], "name": person.get("name", person["sub"])}
    session["csrf_token"] = secrets.token_urlsafe()
    return redirect("/")


@app.post("/logout")
def logout() -> ResponseReturnValue:
    csrf_token = session.get("csrf_token")
    if not csrf_token or not hmac.compare_digest(request.form.get("csrf_token", "").encode(), csrf_token.encode()):
        abort(403)
    session.clear()
    if "end_session_endpoint" not in metadata():
        return redirect("/", 303)
    leave = oauth.provider.create_logout_url(f"{URL}/", client_id=CLIENT_ID)
    return redirect(leave["url"], 303)


@app.get("/login/keys")
def own_keys() -> ResponseReturnValue:
    return {"keys": [CLIENT_KEY.as_dict(private=False)]}


@app.get("/api/posts")
def list_posts() -> ResponseReturnValue:
    """For whoever brings a token, and for the browser that is signed in; a bad token is never overlooked."""
    if "Authorization" in request.headers or "person" not in session:
        with require_token.acquire("posts:read"):
            pass
    return {"posts": [{"id": 1, "title": "First Post"}, {"id": 2, "title": "Second Post"}]}


@app.errorhandler(OAuthError)
def refused(error: OAuthError) -> ResponseReturnValue:
    return {"error": error.error, "error_description": error.description}, 400


@app.errorhandler(JoseError)
def bad_id_token(_: JoseError) -> ResponseReturnValue:
    return {"error": "invalid_id_token"}, 400


@app.errorhandler(WrongProvider)
def wrong_provider(_: WrongProvider) -> ResponseReturnValue:
    return {"error": "wrong_issuer"}, 502


@app.errorhandler(requests.RequestException)
@app.errorhandler(jwt.PyJWKClientConnectionError)
def unreachable(_: Exception) -> ResponseReturnValue:
    return {"error": "temporarily_unavailable"}, 503


@app.after_request
def challenge(response: Response) -> Response:
    # Authlib leaves it out of a 403 (RFC 6750 §3.1).
    if response.status_code == 403 and request.path.startswith("/api/"):
        response.headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'
    return response
