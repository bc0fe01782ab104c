"""P2: a login form and a guarded route with Flask-JWT-Extended, which checks tokens and signs none.

Its errors keep their own shape (`msg`; 401 and 422).
"""

from typing import Any

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from flask_jwt_extended import JWTManager, get_jwt_identity, jwt_required

from issuer import AUDIENCE, ISSUER, Unreachable, key_of, log_in

app = Flask(__name__)
app.config.update(
    MAX_CONTENT_LENGTH=16 * 1024,
    JWT_ALGORITHM="ES256",
    # Left out, it would take anybody's audience and issuer without a word.
    JWT_DECODE_AUDIENCE=AUDIENCE,
    JWT_DECODE_ISSUER=ISSUER,
)
jwt = JWTManager(app)


@jwt.decode_key_loader
def public_key(header: dict[str, Any], _claims: dict[str, Any]) -> Any:
    # Not by the claims: nobody has verified them yet. Not JWT_PUBLIC_KEY either: a fixed key refuses everybody
    # on the day that the issuer signs with its next one.
    return key_of(header).key


@jwt.token_verification_loader
def is_access_token(header: dict[str, Any], claims: dict[str, Any]) -> bool:
    # The extension takes a token of any kind for an access token, and one without `exp` for an eternal one.
    return header.get("typ") == "at+jwt" and "exp" in claims


@jwt.token_verification_failed_loader
def not_an_access_token(_header: dict[str, Any], _claims: dict[str, Any]) -> ResponseReturnValue:
    return {"msg": "Not an access token"}, 422


@app.post("/login")
def login() -> ResponseReturnValue:
    body = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    match body:
        case {"username": str(username), "password": str(password)}:
            if token := log_in(username, password):
                return {"access_token": token}, {"Cache-Control": "no-store"}
            return {"message": "Invalid credentials"}, 401
    return {"message": "Send username and password"}, 400


@app.get("/protected")
@jwt_required()
def protected() -> ResponseReturnValue:
    return {"message": f"Protected route for user: {get_jwt_identity()}"}


@app.errorhandler(Unreachable)
def unreachable(_: Unreachable) -> ResponseReturnValue:
    return {"msg": "Try again in a moment"}, 503


@app.after_request
def challenge(response: Response) -> Response:
    # The extension leaves out what RFC 9110 §15.5.2 asks of every 401.
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
