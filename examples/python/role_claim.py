"""P1: PyJWT in a decorator of one's own, a role that is enforced, and messages in Korean and English.

The role is what Symbolon knew when the token was made: up to ten minutes old. Where that is too old, ask
`GET /api/me`, as rest_login.py does.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import jwt
from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue

from issuer import Unreachable, check_token, log_in

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]

MESSAGES = {
    "absent": {"ko": "인증되지 않았습니다.", "en": "You are not authenticated."},
    "invalid": {"ko": "유효하지 않은 토큰입니다.", "en": "The token is not valid."},
    "forbidden": {"ko": "접근 권한이 없습니다.", "en": "You are not allowed to do this."},
    "credentials": {
        "ko": "사용자 이름 또는 비밀번호가 올바르지 않습니다.",
        "en": "The username or the password is wrong.",
    },
    "unreachable": {
        "ko": "지금은 확인할 수 없습니다. 잠시 후 다시 시도해 주세요.",
        "en": "This can't be checked now. Please try again in a moment.",
    },
    "welcome": {"ko": "보호된 엔드포인트에 접근하셨습니다.", "en": "You have reached the protected endpoint."},
    "admin": {"ko": "관리자로 접근하셨습니다.", "en": "You are here as an admin."},
}

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 16 * 1024


def message(name: str) -> dict[str, str]:
    language = request.accept_languages.best_match(["ko", "en"], default="ko")
    return {"message": MESSAGES[name][language]}


def token_required(view: View[P]) -> View[P]:
    """Lets in whoever has a good token; its claims are in `g.claims`."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        match request.headers.get("Authorization", "").split():
            case []:
                return message("absent"), 401, {"WWW-Authenticate": "Bearer"}
            # The bare token as ever, and as everybody else sends it.
            case [token] | [("Bearer" | "bearer"), token]:
                try:
                    g.claims = check_token(token)
                except jwt.PyJWTError:
                    # Nothing wider: a fault of the program must not look like a bad token.
                    return invalid()
                return view(*args, **kwargs)
        return invalid()

    return guarded


def invalid() -> ResponseReturnValue:
    return message("invalid"), 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}


def role_required(role: str) -> Callable[[View[P]], View[P]]:
    """Lets in whoever has a good token with this role."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            # A token without roles is a good token of somebody who has none.
            if role not in g.claims.get("roles", []):
                return message("forbidden"), 403, {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
            return view(*args, **kwargs)

        return token_required(guarded)

    return decorate


@app.post("/login")
def login() -> ResponseReturnValue:
    match request.get_json(silent=True):
        case {"username": str(username), "password": str(password)}:
            if token := log_in(username, password):
                return {"access_token": token}, {"Cache-Control": "no-store"}
    return message("credentials"), 401, {"WWW-Authenticate": "Bearer"}


@app.get("/protected")
@token_required
def protected() -> ResponseReturnValue:
    return message("welcome")


@app.get("/admin")
@role_required("admin")
def admin() -> ResponseReturnValue:
    return message("admin")


@app.errorhandler(Unreachable)
def unreachable(_: Unreachable) -> ResponseReturnValue:
    return message("unreachable"), 503


@app.after_request
def vary(response: Response) -> Response:
    response.vary.add("Accept-Language")
    return response
