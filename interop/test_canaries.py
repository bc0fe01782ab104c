"""The search for secrets finds them: a search that finds nothing is worth what it would have found."""

import pytest

import canaries


@pytest.mark.parametrize(
    "line",
    [
        "INFO login refused password=the-canary-itself",
        "DEBUG authorization: Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
        'ERROR a row hash="$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"',
        "-----BEGIN PRIVATE KEY-----",
        "ERROR can't open postgres://symbolon:secret@127.0.0.1/symbolon",
    ],
)
def test_a_secret_is_found(monkeypatch: pytest.MonkeyPatch, line: str):
    monkeypatch.setattr(canaries, "_secrets", set())
    monkeypatch.setattr(canaries, "_logs", {})
    canaries.remember_exchange([("Authorization", "Basic short")], b'{"password": "the-canary-itself"}')
    canaries.keep("a log", f"INFO begin\n{line}\nINFO end\n")
    assert len(canaries.hits()) == 1
    canaries.keep("a log", "INFO login user=demo\nERROR can't open postgres://symbolon:***@127.0.0.1/symbolon\n")
    assert not canaries.hits()
