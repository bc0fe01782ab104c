"""PyJWT and joserfc as peers of `./bench token-peers`: tokens.py NAME ALGORITHM FOLDER. What is heard and
said is in benches/token-peers/protocol."""

import json
import sys
import time
import warnings
from pathlib import Path

name, algorithm, folder = sys.argv[1:]
# joserfc warns of EdDSA's old name, the only one that all of them know.
warnings.simplefilter("ignore")


def read(file: str) -> str:
    return (Path(folder) / file).read_text()


shared = algorithm == "HS256"
claims = json.loads(read("claims.json"))
header = json.loads(read("header.json"))
token = read("token")

if name == "PyJWT":
    import jwt
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

    signing = read("secret") if shared else load_pem_private_key(read("private.pem").encode(), None)
    verifying = signing if shared else load_pem_public_key(read("public.pem").encode())
    required = {"require": ["iss", "aud", "exp"]}

    def sign() -> str:
        return jwt.encode(claims, signing, algorithm, headers=header)

    def verify(token: str) -> dict:
        read = jwt.decode_complete(
            token,
            verifying,
            algorithms=[algorithm],
            issuer=claims["iss"],
            audience=claims["aud"],
            options=required,
        )
        if read["header"]["typ"] != header["typ"]:
            raise ValueError("another kind")
        return read["payload"]
else:
    from joserfc import jwk, jwt

    kind = {"HS256": "oct", "RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}[algorithm]
    signing = jwk.import_key(read("secret" if shared else "private.pem"), kind)
    verifying = signing if shared else jwk.import_key(read("public.pem"), kind)
    whole_header = {"alg": algorithm, **header}
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": claims["iss"]},
        aud={"essential": True, "value": claims["aud"]},
        exp={"essential": True},
    )

    def sign() -> str:
        return jwt.encode(whole_header, claims, signing, algorithms=[algorithm])

    def verify(token: str) -> dict:
        read = jwt.decode(token, verifying, algorithms=[algorithm])
        if read.header["typ"] != header["typ"]:
            raise ValueError("another kind")
        registry.validate(read.claims)
        return read.claims


def check(token: str) -> str:
    try:
        verify(token)
    except Exception:  # noqa: BLE001  Whatever a library raises, it doesn't accept.
        return "no"
    return "yes"


def timed(times: str, work) -> float:
    start = time.process_time_ns()
    for _ in range(int(times)):
        work()
    return (time.process_time_ns() - start) / 1e3


print("ready", flush=True)
for line in sys.stdin:
    what, _, given = line.strip().partition(" ")
    match what:
        case "token":
            answer = sign()
        case "check":
            answer = check(given)
        case "sign":
            answer = timed(given, sign)
        case "verify":
            answer = timed(given, lambda: verify(token))
    print(answer, flush=True)
