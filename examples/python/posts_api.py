"""P4-07 to P4-10: a posts API behind Authlib's ResourceProtector, with its validator for RFC 9068.

Scopes say what a token is for, `posts:read` and `posts:write`; whose posts it may change is decided here:
authors their own, admins all. The posts live as long as the process.
"""

from dataclasses import dataclass
from itertools import count
from typing import Any

import jwt
from authlib.integrations.flask_oauth2 import ResourceProtector, current_token
from authlib.oauth2.rfc6750 import InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask, Response, make_response, request, url_for
from flask.typing import ResponseReturnValue
from joserfc.jwk import ECKey
from werkzeug.exceptions import HTTPException

from issuer import AUDIENCE, ISSUER, Unreachable, key_of

TITLE_MAX = 200


class AccessTokens(JWTBearerTokenValidator):
    """Authlib checks signature, `iss`, `aud`, `exp` and what else RFC 9068 §4 asks for; we find the keys."""

    def get_jwks(self) -> Any:
        # Authlib hands it to joserfc, which calls it with each token: so the key is found by its `kid`.
        return self.key

    @staticmethod
    def key(token: Any) -> ECKey:
        pem = key_of(token.headers()).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return ECKey.import_key(pem)

    def authenticate_token(self, token_string: str) -> Any:
        try:
            token = super().authenticate_token(token_string)
        except jwt.PyJWTError as error:
            raise InvalidTokenError() from error
        # Authlib takes a token without `typ`, which RFC 9068 §4 refuses: it might be one of another kind.
        if token.header.get("typ") != "at+jwt":
            raise InvalidTokenError()
        return token


@dataclass
class Post:
    title: str
    author: str | None = None


app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 16 * 1024
require_token = ResourceProtector()
require_token.register_token_validator(AccessTokens(ISSUER, AUDIENCE))
posts = {1: Post("First Post"), 2: Post("Second Post")}
numbers = count(3)


@app.get("/api/posts")
@require_token("posts:read")
def list_posts() -> ResponseReturnValue:
    return {"posts": [shown(number, post) for number, post in sorted(posts.items())]}


@app.post("/api/posts")
@require_token("posts:write")
def create() -> ResponseReturnValue:
    post = Post(title_sent(), current_token["sub"])
    posts[number := next(numbers)] = post
    return shown(number, post), 201, {"Location": url_for("read", number=number)}


@app.get("/api/posts/<int:number>")
@require_token("posts:read")
def read(number: int) -> ResponseReturnValue:
    return shown(number, find(number))


@app.put("/api/posts/<int:number>")
@require_token("posts:write")
def rename(number: int) -> ResponseReturnValue:
    post = find(number)
    check_author(post)
    post.title = title_sent()
    return shown(number, post)


@app.delete("/api/posts/<int:number>")
@require_token("posts:write")
def remove(number: int) -> ResponseReturnValue:
    check_author(find(number))
    posts.pop(number, None)
    return "", 204


def shown(number: int, post: Post) -> dict[str, Any]:
    return {"id": number, "title": post.title}


def find(number: int) -> Post:
    if post := posts.get(number):
        return post
    raise refused(404, "not_found")


def check_author(post: Post) -> None:
    if current_token["sub"] != post.author and "admin" not in current_token.get("roles", []):
        require_token.raise_error_response(InsufficientScopeError())


def title_sent() -> str:
    match request.get_json(silent=True):
        case {"title": str(title), **more} if not more and 0 < len(title.strip()) <= TITLE_MAX:
            return title.strip()
    raise refused(422, "invalid_post")


def refused(status: int, error: str) -> HTTPException:
    return HTTPException(response=make_response({"error": error}, status))


@app.errorhandler(Unreachable)
def unreachable(_: Unreachable) -> ResponseReturnValue:
    return {"error": "temporarily_unavailable"}, 503


@app.after_request
def challenge(response: Response) -> Response:
    # Authlib leaves it out of a 403 (RFC 6750 §3.1).
    if response.status_code == 403:
        response.headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'
    return response
