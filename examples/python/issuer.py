"""What the apps need of Symbolon, their issuer: its keys, its login, and what it knows of a user now.

Tokens are checked here, in one place, with PyJWT. An app holds public keys only: it can't sign for anybody.
A bad token is a `jwt.PyJWTError`; an issuer that can't be asked is `Unreachable`, which is no answer at all.
"""

import http.client
import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import jwt

ISSUER = os.environ.get("SYMBOLON_ISSUER", "http://127.0.0.1:8080")
# The name by which tokens mean this app; those of `POST /api/login` mean the issuer and whoever accepts that.
AUDIENCE = os.environ.get("SYMBOLON_AUDIENCE", ISSUER)
JWKS_URI = f"{ISSUER}/.well-known/jwks.json"
# As long as the document's own Cache-Control says.
JWKS_LIFESPAN = 300
TIMEOUT = 5

Claims = dict[str, Any]

# It keeps the keys, and fetches them again when they are old or when a token names one that it hasn't seen: that
# every 30 seconds at the most, else anybody could make it ask. Nobody has to wait so long when keys turn over:
# Symbolon publishes its next key before it signs with it.
_KEYS = jwt.PyJWKClient(JWKS_URI, lifespan=JWKS_LIFESPAN, timeout=TIMEOUT)


class Unreachable(Exception):
    """The issuer can't be asked. Neither yes nor no: a 503, never a 401."""


def check_token(token: str) -> Claims:
    """The claims of a good access token (RFC 9068 §4)."""
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(
        token,
        key_of(header),
        # Without this list the token's own header would choose how it is verified (RFC 8725 §3.1).
        algorithms=["ES256"],
        issuer=ISSUER,
        audience=AUDIENCE,
        # PyJWT checks `exp` only where there is one, unless told so: a token without would never end.
        options={"require": ["exp", "iss", "aud", "sub"]},
    )
    # Else every other JWT of the same issuer would pass for an access token (RFC 8725 §3.11).
    if header.get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("Not an access token")
    return claims


def key_of(header: Mapping[str, Any]) -> jwt.PyJWK:
    """The key that a token's header names."""
    try:
        return _KEYS.get_signing_key(header.get("kid", ""))
    except jwt.PyJWKClientConnectionError as error:
        raise Unreachable from error
    except jwt.PyJWKClientError as error:
        # No error of a token to PyJWT; here it is: whoever invents a `kid` would get a 500.
        raise jwt.InvalidTokenError("Unknown signing key") from error


def log_in(username: str, password: str) -> str | None:
    """An access token; None where the credentials are refused."""
    body = json.dumps({"username": username, "password": password}).encode()
    answer = _ask(Request(f"{ISSUER}/api/login", body, {"Content-Type": "application/json"}))
    return None if answer is None else answer["access_token"]


def find_user(token: str) -> dict[str, Any] | None:
    """Whom a checked token is about, as they are now: `id`, `username`, `roles`. None when they are shut out."""
    user: dict[str, Any] | None = _ask(Request(f"{ISSUER}/api/me", headers={"Authorization": f"Bearer {token}"}))
    return user


def _ask(request: Request) -> Any:
    try:
        with urlopen(request, timeout=TIMEOUT) as answer:
            return json.load(answer)
    except HTTPError as error:
        with error:
            # What can't be a name or a password (400, 422) is as wrong as a wrong one.
            if error.code in (400, 401, 422):
                return None
            raise Unreachable from error
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable from error
