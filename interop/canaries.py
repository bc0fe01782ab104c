"""What no server may ever write down: the secrets that the tests use, and whatever looks like one (G23).

Every program that the tests start hands in its log when it ends; the secrets are handed in where they are
used. At the end of the run all of it is searched.
"""

import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

# A secret that is as short as a word is also a word.
SHORTEST = 12
# What a token, a password hash or a private key looks like, wherever it comes from.
SHAPES = {
    "a JWT": re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}"),
    "a password hash": re.compile(r"\$(argon2|2[aby]|scrypt|pbkdf2)[\w$=,.-]*\$"),
    "a private key": re.compile(r"PRIVATE KEY"),
    "a password in a URL": re.compile(r"postgres(ql)?://[^\s:@/]*:(?!\*)[^\s@]+@"),
}
# The members of bodies that are secrets.
NAMED = {"password", "access_token", "refresh_token", "id_token", "client_secret", "code"}

_secrets: set[str] = set()
_logs: dict[str, str] = {}


def remember(*secrets: object) -> None:
    """These must be in no log."""
    _secrets.update(secret for secret in secrets if isinstance(secret, str) and len(secret) >= SHORTEST)


def remember_environment(variables: dict[str, str]) -> None:
    """What is secret of what a program is told by its environment."""
    remember(*(value for name, value in variables.items() if re.search("KEY|SECRET|PASSWORD", name)))


def remember_exchange(headers: Iterable[tuple[str, str]], *bodies: bytes | None) -> None:
    """What is secret of a request and its answer."""
    for name, value in headers:
        if name.lower() == "authorization":
            remember(value.rpartition(" ")[2])
    for body in bodies:
        members = _members(body or b"")
        # The `code` of a problem (RFC 9457) is the name of an error.
        secret = NAMED - {"code"} if {"title", "status"} <= {name for name, _ in members} else NAMED
        remember(*(value for name, value in members if name in secret))


def _members(body: bytes) -> list[tuple[str, object]]:
    try:
        found = json.loads(body)
    # What nests too deep for this reader has no secret in it: a test made it up.
    except (ValueError, RecursionError):
        return parse_qsl(body.decode(errors="replace"))
    return list(found.items()) if isinstance(found, dict) else []


def keep(name: str, log: str) -> None:
    """A program has ended, or lives on, and this is its log so far."""
    _logs[name] = log


def hits() -> list[str]:
    """Each log with a secret in it, which one, and the line."""
    found = []
    for name, log in _logs.items():
        for secret in _secrets:
            found += [f"{name}: {secret!r} in {line!r}" for line in log.splitlines() if secret in line]
        for shape, pattern in SHAPES.items():
            found += [f"{name}: {shape} in {line!r}" for line in log.splitlines() if pattern.search(line)]
    return found


def searched() -> tuple[int, int]:
    """How many logs were handed in, and how many secrets."""
    return len(_logs), len(_secrets)
