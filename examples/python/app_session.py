"""P3: Flask's session as it is, and tokens beside it; each route says which of the two it goes by.

The session is a cookie that the browser keeps: signed, readable by its owner, and good until it is too old,
also as a copy that somebody made. So nothing here signs in by it. Its key is its own: tokens have theirs.
"""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import jwt
from flask import Flask, Response, g, request, session
from flask.typing import ResponseReturnValue
from flask.views import MethodView

from issuer import ISSUER, Unreachable, check_token, log_in

View = Callable[..., ResponseReturnValue]

app = Flask(__name__)
app.config.update(
    MAX_CONTENT_LENGTH=16 * 1024,
    # One that is made up ends with the process: every session begins anew. Set it where that matters.
    SECRET_KEY=os.environ.get("SECRET_KEY") or secrets.token_hex(32),
    SESSION_COOKIE_SAMESITE="Lax",
    # On this machine there is no TLS, and a Secure cookie would never come back.
    SESSION_COOKIE_SECURE=ISSUER.startswith("https:"),
)


@dataclass(frozen=True)
class User:
    """Whom a token is about."""

    id: str
    roles: frozenset[str]

    @staticmethod
    def make_token(username: str, password: str) -> str | None:
        return log_in(username, password)

    @staticmethod
    def verify_token(token: str) -> "User | None":
        """None for a bad token, and for nothing else: a fault must not look like "no such user"."""
        try:
            claims = check_token(token)
        except jwt.PyJWTError:
            return None
        return User(claims["sub"], frozenset(claims.get("roles", [])))


def token_required(view: View | None = None, *, role: str | None = None) -> Any:
    """`@token_required`, or `@token_required(role="admin")`; the user is in `g.user`."""
    if view is None:
        return lambda view: token_required(view, role=role)

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        match request.headers.get("Authorization", "").split():
            case [scheme, token] if scheme.lower() == "bearer":
                g.user = User.verify_token(token)
            case _:
                return {"msg": "Missing bearer token"}, 401, {"WWW-Authenticate": "Bearer"}
        if g.user is None:
            return {"msg": "Invalid token"}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        if role is not None and role not in g.user.roles:
            return {"msg": "Missing role"}, 403, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
        return view(*args, **kwargs)

    return guarded


@app.post("/login")
def login() -> ResponseReturnValue:
    match request.get_json(silent=True):
        case {"username": str(username), "password": str(password)}:
            if token := User.make_token(username, password):
                return {"access_token": token}, {"Cache-Control": "no-store"}
    return {"msg": "Invalid credentials"}, 401, {"WWW-Authenticate": "Bearer"}


class Account(MethodView):
    @token_required
    def get(self) -> ResponseReturnValue:
        return {"id": g.user.id}

    @token_required(role="admin")
    def delete(self) -> ResponseReturnValue:
        return "", 204


app.add_url_rule("/account", view_func=Account.as_view("account"))


def text(said: str) -> Response:
    return Response(said, mimetype="text/plain")


@app.get("/")
def begin() -> ResponseReturnValue:
    session["username"] = "user1"
    return text("세션 시작!")


@app.get("/session")
def read() -> ResponseReturnValue:
    return text(f"현재 사용자: {session.get('username')}")


@app.delete("/session")
def end() -> ResponseReturnValue:
    session.pop("username", None)
    return text("세션 값 삭제!")


@app.errorhandler(Unreachable)
def unreachable(_: Unreachable) -> ResponseReturnValue:
    return {"msg": "Try again in a moment"}, 503
