"""The example service, guarded by our guard crate against a running Symbolon (RFC 6750, section 3)."""

import socket
from pathlib import Path

import jwt
import pytest

from conftest import StartDev, StartService
from servers import Dev, GuardedService
from tokens import forged
from web import Answer, bearer, call, log_in


@pytest.fixture
def service(dev: Dev, start_service: StartService) -> GuardedService:
    return start_service(dev.issuer)


def challenge(answer: Answer) -> str:
    """The one WWW-Authenticate header."""
    (header,) = answer.headers.get_all("WWW-Authenticate", [])
    assert header.split()[0] == "Bearer"
    return header


def test_each_route_asks_for_what_it_says(dev: Dev, service: GuardedService):
    token = bearer(log_in(dev).json()["access_token"])
    for path, without, with_token in [("/", 200, 200), ("/me", 401, 200), ("/members", 401, 200), ("/admin", 401, 403)]:
        assert call(service.url + path).status == without, path
        assert call(service.url + path, headers=token).status == with_token, path


def test_a14_no_token_gets_a_challenge_without_an_error_code(service: GuardedService):
    answer = call(f"{service.url}/me")
    assert answer.status == 401
    assert "error" not in challenge(answer)


def test_a14_every_forgery_is_an_invalid_token(dev: Dev, service: GuardedService):
    key = jwt.PyJWKClient(dev.jwks_uri).get_signing_key_from_jwt(dev.access_token).key
    for attack, token in forged(dev.access_token, key).items():
        # A broken token is refused where none is needed, too: it never becomes "nobody".
        for path in ("/", "/me", "/members", "/admin"):
            answer = call(service.url + path, headers=bearer(token))
            assert answer.status == 401, (attack, path)
            assert 'error="invalid_token"' in challenge(answer), (attack, path)


def test_a14_a_missing_role_is_insufficient_scope(dev: Dev, service: GuardedService):
    answer = call(f"{service.url}/admin", headers=bearer(dev.access_token))
    assert answer.status == 403
    assert 'error="insufficient_scope"' in challenge(answer)


def test_a14_a_token_in_the_query_is_no_token(dev: Dev, service: GuardedService):
    answer = call(f"{service.url}/me?access_token={dev.access_token}")
    assert answer.status == 401
    assert "error" not in challenge(answer)


def test_two_authorization_headers_are_refused(dev: Dev, service: GuardedService):
    answer = call(f"{service.url}/me", headers=bearer(dev.access_token) * 2)
    assert answer.status in (400, 401)
    assert challenge(answer)


def test_t11_another_audience_is_refused(dev: Dev, start_service: StartService):
    service = start_service(dev.issuer, "--audience", "https://elsewhere.example")
    answer = call(f"{service.url}/me", headers=bearer(dev.access_token))
    assert answer.status == 401
    assert 'error="invalid_token"' in challenge(answer)


def test_t12_a_token_of_another_symbolon_is_refused(start_dev: StartDev, service: GuardedService):
    assert call(f"{service.url}/me", headers=bearer(start_dev().access_token)).status == 401


def test_an_issuer_out_of_reach_is_not_the_callers_fault(dev: Dev, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        issuer = f"http://127.0.0.1:{closed.getsockname()[1]}"
    service = GuardedService(issuer, log=tmp_path / "log")
    try:
        assert call(f"{service.url}/readyz").status == 503
        assert call(f"{service.url}/").status == 200
        answer = call(f"{service.url}/me", headers=bearer(dev.access_token))
        assert answer.status == 503
        assert answer.headers["Retry-After"]
    finally:
        assert service.stop() == (0, "")


def test_it_goes_on_verifying_with_symbolon_stopped(start_dev: StartDev, start_service: StartService):
    dev = start_dev()
    service = start_service(dev.issuer)
    key = jwt.PyJWKClient(dev.jwks_uri).get_signing_key_from_jwt(dev.access_token).key
    token = log_in(dev).json()["access_token"]
    assert call(f"{service.url}/me", headers=bearer(token)).status == 200

    assert dev.program.stop() == (0, "")
    with pytest.raises(OSError):
        call(f"{dev.issuer}/healthz")

    assert call(f"{service.url}/readyz").status == 200
    assert call(f"{service.url}/me", headers=bearer(token)).status == 200
    assert call(f"{service.url}/admin", headers=bearer(token)).status == 403
    for attack, forgery in forged(token, key).items():
        assert call(f"{service.url}/me", headers=bearer(forgery)).status == 401, attack
