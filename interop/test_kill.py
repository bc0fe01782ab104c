"""SIGKILL under load, then a start on the same store: nothing that was acknowledged is lost."""

import http.client
import threading
import uuid

import jwt

from conftest import Database, StartDev
from servers import DEADLINE, Dev
from web import log_in

ROUNDS = 3
LOGINS = 25
CLIENTS = 6


def log_in_until_killed(dev: Dev) -> list[str]:
    """Clients log in side by side until enough are acknowledged; then the server is killed while they go
    on. Gives every token whose answer arrived whole."""
    acknowledged: list[str] = []
    refused: list[int] = []
    enough = threading.Event()

    def client() -> None:
        while True:
            try:
                answer = log_in(dev)
            except (OSError, http.client.HTTPException):
                return
            if answer.status != 200:
                refused.append(answer.status)
                return
            acknowledged.append(answer.json()["access_token"])
            if len(acknowledged) >= LOGINS:
                enough.set()

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for one in clients:
        one.start()
    in_time = enough.wait(DEADLINE)
    dev.program.kill()
    for one in clients:
        one.join(DEADLINE)
    assert in_time and not refused, (len(acknowledged), refused, dev.program.log())
    return acknowledged


def test_g9_no_acknowledged_session_is_lost(start_dev: StartDev, database: Database):
    def start() -> Dev:
        return start_dev("--database", database.url, environment=database.environment)

    acknowledged: list[str] = []
    issuers: list[str] = []
    dev = start()
    for _ in range(ROUNDS):
        issuers.append(dev.issuer)
        acknowledged += log_in_until_killed(dev)
        dev = start()

    keys = jwt.PyJWKClient(dev.jwks_uri)
    sessions = set()
    for token in acknowledged:
        key = keys.get_signing_key_from_jwt(token)
        claims = jwt.decode(token, key, algorithms=["ES256"], audience=issuers, issuer=issuers)
        sessions.add(uuid.UUID(claims["sid"]))
    assert len(sessions) == len(acknowledged) >= ROUNDS * LOGINS
    assert sessions <= kept_sessions(database)
    assert log_in(dev).status == 200


def kept_sessions(database: Database) -> set[uuid.UUID]:
    """The sessions table: a `sid` is a BLOB in SQLite, a UUID in PostgreSQL."""
    ids = (row[0] for row in database.run("SELECT id FROM sessions"))
    return {one if isinstance(one, uuid.UUID) else uuid.UUID(bytes=bytes(one)) for one in ids}
