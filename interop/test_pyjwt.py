"""PyJWT, the library most Python services use: its PyJWKClient finds our key, and it accepts our token
for what it is and nothing else."""

import time

import jwt
import pytest
import time_machine

from conftest import StartDev
from servers import Dev
from tokens import forged
from web import call, log_in

REQUIRED = ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]


def decode(dev: Dev, token: str, **expected: str) -> dict:
    """What a careful Python service does with a token."""
    key = jwt.PyJWKClient(dev.jwks_uri).get_signing_key_from_jwt(token)
    return jwt.decode(
        token,
        key,
        algorithms=["ES256"],
        audience=expected.get("audience", dev.issuer),
        issuer=expected.get("issuer", dev.issuer),
        options={"require": REQUIRED},
    )


def test_the_printed_token_is_accepted(dev: Dev):
    claims = decode(dev, dev.access_token)
    assert claims["iss"] == claims["aud"] == dev.issuer
    assert claims["roles"] == ["user"]
    assert claims["exp"] - claims["iat"] == 600


def test_a_token_from_a_login_is_accepted(dev: Dev):
    answer = log_in(dev).json()
    claims = decode(dev, answer["access_token"])
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == claims["exp"] - claims["iat"]
    assert claims["jti"] != decode(dev, dev.access_token)["jti"]
    assert claims["sub"] == decode(dev, dev.access_token)["sub"]


def test_the_header_says_access_token(dev: Dev):
    header = jwt.get_unverified_header(dev.access_token)
    assert header["typ"] == "at+jwt"
    assert header["alg"] == "ES256"


def test_the_key_set_holds_the_standby_key_and_nothing_private(dev: Dev):
    keys = call(dev.jwks_uri).json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) == 2
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & key.keys()


def test_every_forgery_is_refused(dev: Dev):
    key = jwt.PyJWKClient(dev.jwks_uri).get_signing_key_from_jwt(dev.access_token).key
    for attack, token in forged(dev.access_token, key).items():
        with pytest.raises(jwt.InvalidTokenError):
            pytest.fail(f"{attack}: {decode(dev, token)}")


def test_an_expired_token_is_refused(dev: Dev):
    token = log_in(dev).json()["access_token"]
    expiry = decode(dev, token)["exp"]
    with time_machine.travel(expiry - 1, tick=False):
        decode(dev, token)
    with time_machine.travel(expiry, tick=False), pytest.raises(jwt.ExpiredSignatureError):
        decode(dev, token)


def test_a_token_is_not_from_the_future(dev: Dev):
    claims = decode(dev, log_in(dev).json()["access_token"])
    assert claims["iat"] <= time.time()


def test_another_audience_is_refused(dev: Dev):
    with pytest.raises(jwt.InvalidAudienceError):
        decode(dev, dev.access_token, audience="https://elsewhere.example")


def test_another_issuer_is_refused(dev: Dev):
    with pytest.raises(jwt.InvalidIssuerError):
        decode(dev, dev.access_token, issuer=f"{dev.issuer}/")


def test_another_symbolon_has_other_keys(dev: Dev, start_dev: StartDev):
    with pytest.raises(jwt.PyJWKClientError):
        decode(dev, start_dev().access_token)
