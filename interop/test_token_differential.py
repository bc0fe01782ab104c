"""Tokens that Symbolon accepts, before PyJWT, joserfc, and Node's jose and fast-jwt: one that they all
refuse would be a bug of Symbolon's.

The mutants come from oracles/differential, which has asked the Rust libraries already. The short run is
part of ./test; docs/attacks.md names the command of the long one.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest
from joserfc import jwk, jws
from joserfc.jwt import JWTClaimsRegistry

ROOT = Path(__file__).parent.parent
KEYS = ROOT / "crates/symbolon-token/tests/keys"
SECRET = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:"
ISSUER, AUDIENCE = "https://id.example", "https://api.example"
FILES = {"RS256": "rsa2048", "PS256": "rsa2048", "ES256": "p256", "EdDSA": "ed25519"}
COUNT = os.environ.get("SYMBOLON_MUTANTS", "4000")


def pem(algorithm: str) -> bytes:
    return (KEYS / f"{FILES[algorithm]}.pub.pem").read_bytes()


@pytest.fixture(scope="module")
def accepted() -> list[tuple[str, str]]:
    """The mutants that Symbolon accepts, each with its algorithm."""
    command = ["cargo", "run", "--quiet", "--locked", "--manifest-path", "oracles/Cargo.toml"]
    command += ["--target-dir", os.environ.get("CARGO_TARGET_DIR", "target")]
    command += ["-p", "differential", "--bin", "mutants", "--", COUNT, "2"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3600)
    assert run.returncode == 0, run.stderr
    tokens = [tuple(line.split(" ", 1)) for line in run.stdout.splitlines()]
    assert len(tokens) > int(COUNT) // 20
    return tokens


def by_pyjwt(algorithm: str, token: str) -> None:
    key = SECRET if algorithm == "HS256" else pem(algorithm)
    required = {"require": ["iss", "aud", "exp"]}
    jwt.decode(token, key, algorithms=[algorithm], issuer=ISSUER, audience=AUDIENCE, options=required)


JOSERFC_KEYS = {name: jwk.import_key(pem(name), "OKP" if name == "EdDSA" else "EC" if name == "ES256" else "RSA") for name in FILES}
JOSERFC_KEYS["HS256"] = jwk.OctKey.import_key(SECRET)
JOSERFC_CLAIMS = JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": AUDIENCE},
    exp={"essential": True},
)


def by_joserfc(algorithm: str, token: str) -> None:
    checked = jws.deserialize_compact(token, JOSERFC_KEYS[algorithm], algorithms=[algorithm])
    JOSERFC_CLAIMS.validate(json.loads(checked.payload))


def judge(by: Callable[[str, str], None], algorithm: str, token: str) -> bool:
    try:
        by(algorithm, token)
    except Exception:  # noqa: BLE001  Whatever a library raises, it doesn't accept.
        return False
    return True


def by_node(tokens: list[tuple[str, str]]) -> list[str]:
    """jose's and fast-jwt's verdicts, a pair of digits for each token."""
    run = subprocess.run(
        ["node", "judge.mjs", str(KEYS), SECRET.decode()],
        cwd=ROOT / "interop/node",
        input="".join(f"{algorithm} {token}\n" for algorithm, token in tokens),
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_g3_no_token_is_accepted_by_symbolon_alone(accepted: list[tuple[str, str]]):
    in_node = by_node(accepted)
    assert len(in_node) == len(accepted)
    sums = {"PyJWT": 0, "joserfc": 0, "jose": 0, "fast-jwt": 0}
    alone = []
    for (algorithm, token), digits in zip(accepted, in_node, strict=True):
        verdicts = {
            "PyJWT": judge(by_pyjwt, algorithm, token),
            "joserfc": judge(by_joserfc, algorithm, token),
            "jose": digits[0] == "1",
            "fast-jwt": digits[1] == "1",
        }
        for name, verdict in verdicts.items():
            sums[name] += verdict
        if not any(verdicts.values()):
            alone.append(token)
    print(f"Symbolon accepts {len(accepted)} of {COUNT}; of these {sums}, nobody {len(alone)}")
    # Each judge must be awake, or it would prove nothing.
    assert all(sum_ > len(accepted) // 10 for sum_ in sums.values()), sums
    assert not alone, alone[:3]


def test_every_judge_refuses_a_forgery(accepted: list[tuple[str, str]]):
    algorithm, token = next(one for one in accepted if one[0] == "ES256")
    header, payload, signature = token.split(".")
    forged = f"{header}.{payload}.{'A' * len(signature)}"
    assert not judge(by_pyjwt, algorithm, forged)
    assert not judge(by_joserfc, algorithm, forged)
    assert by_node([(algorithm, forged)]) == ["00"]
