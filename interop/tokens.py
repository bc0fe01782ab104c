"""Forged tokens: what an attacker makes of a good one who has no private key. Nobody may accept any."""

import base64
import hashlib
import hmac
import json
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def forged(token: str, public_key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    """The forgeries, each under the name of its attack."""
    header, claims, signature = token.split(".")
    fields, body, raw = _fields(header), _fields(claims), _bytes(signature)
    pem = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    stranger = ec.generate_private_key(ec.SECP256R1())
    stranger_jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(stranger.public_key()))

    hs256 = f"{_segment({**fields, 'alg': 'HS256'})}.{claims}"
    hs256_signature = hmac.digest(pem, hs256.encode(), hashlib.sha256)
    return {
        "roles raised": f"{header}.{_segment({**body, 'roles': ['admin']})}.{signature}",
        "expiry moved": f"{header}.{_segment({**body, 'exp': int(time.time()) + 10**6})}.{signature}",
        "signature flipped": f"{header}.{claims}.{_text(bytes([raw[0] ^ 1]) + raw[1:])}",
        "signature cut": f"{header}.{claims}.{_text(raw[:-1])}",
        "signature of zeros": f"{header}.{claims}.{_text(bytes(64))}",
        "signature absent": f"{header}.{claims}.",
        "alg none": f"{_segment({**fields, 'alg': 'none'})}.{claims}.",
        "public key as hmac secret": f"{hs256}.{_text(hs256_signature)}",
        "signed by a stranger": _sign(fields, body, stranger),
        "stranger's key in the header": _sign({**fields, "jwk": stranger_jwk}, body, stranger),
    }


def _sign(fields: dict, body: dict, key: ec.EllipticCurvePrivateKey) -> str:
    return jwt.encode(body, key, algorithm="ES256", headers=fields)


def _fields(segment: str) -> dict:
    return json.loads(_bytes(segment))


def _segment(fields: dict) -> str:
    return _text(json.dumps(fields).encode())


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
