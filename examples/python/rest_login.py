"""P0: a login and a guarded greeting, on a class and on a plain view, for `Authorization: JWT <token>`.

Flask-JWT and Flask-RESTful don't run on today's Flask, and nothing here misses them. The answers keep the
shape that Flask-JWT gave them.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import jwt
from flask import Flask, g, jsonify, request
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from werkzeug.local import LocalProxy

from issuer import Unreachable, check_token, find_user, log_in

P = ParamSpec("P")

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 16 * 1024

current_identity = LocalProxy(lambda: g.identity)


class Refused(Exception):
    """A 401 in Flask-JWT's words."""

    def __init__(self, error: str, description: str):
        self.error, self.description = error, description


def jwt_required(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Lets in whoever has a good token and is still a user."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        token = token_of_header()
        try:
            check_token(token)
        except jwt.PyJWTError as error:
            raise Refused("Invalid token", str(error)) from error
        # The token was good when it was made; whether its user still is, only the issuer knows.
        g.identity = find_user(token)
        if g.identity is None:
            raise Refused("Invalid JWT", "User does not exist")
        return view(*args, **kwargs)

    return guarded


def token_of_header() -> str:
    """The word behind `JWT`, in capitals or not (RFC 9110 §11.1)."""
    match request.headers.get("Authorization", "").split():
        case []:
            raise Refused("Authorization Required", "Request does not contain an access token")
        case [scheme, *_] if scheme.lower() != "jwt":
            raise Refused("Invalid JWT header", "Unsupported authorization type")
        case [_]:
            raise Refused("Invalid JWT header", "Token missing")
        case [_, token]:
            return token
    raise Refused("Invalid JWT header", "Token contains spaces")


@app.post("/auth")
def auth() -> ResponseReturnValue:
    match request.get_json(silent=True):
        case {"username": str(username), "password": str(password), **more} if not more:
            if token := log_in(username, password):
                return {"access_token": token}, {"Cache-Control": "no-store"}
    raise Refused("Bad Request", "Invalid credentials")


class Protected(MethodView):
    decorators = [jwt_required]

    def get(self) -> ResponseReturnValue:
        return jsonify(f"Hello, {current_identity['username']}!")


app.add_url_rule("/protected", view_func=Protected.as_view("protected"))


@app.get("/hello")
@jwt_required
def hello() -> ResponseReturnValue:
    return jsonify(f"Hello, {current_identity['username']}!")


@app.errorhandler(Refused)
def refused(refusal: Refused) -> ResponseReturnValue:
    body = {"status_code": 401, "error": refusal.error, "description": refusal.description}
    return body, 401, {"WWW-Authenticate": 'JWT realm="Login Required"'}


@app.errorhandler(Unreachable)
def unreachable(_: Unreachable) -> ResponseReturnValue:
    return {"status_code": 503, "error": "Service Unavailable", "description": "Try again in a moment"}, 503
