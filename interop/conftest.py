"""Fixtures: real programs on free ports, and a database per test on every engine that is here."""

import os
import secrets
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from flask.testing import FlaskClient
from psycopg import sql

import canaries
from examples import Example
from flask_apps import Mint, load, mint
from servers import DEADLINE, Dev, GuardedService, Site
from web import await_ready, log_in

# Everything here is on this machine: a proxy that the environment names has no part in it.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

StartDev = Callable[..., Dev]
StartService = Callable[..., GuardedService]
StartApp = Callable[..., FlaskClient]

POSTGRES = os.environ.get("SYMBOLON_TEST_POSTGRES")

# What nobody who reads a folder's files would be.
NOBODY = 65534


@pytest.fixture(scope="session", autouse=True)
def g23_no_secret_is_in_any_log() -> Iterator[None]:
    """Looks for every secret of the run in every log of the run, once all programs have ended."""
    yield
    found = canaries.hits()
    logs, secrets_used = canaries.searched()
    assert not found, f"{len(found)} hits in {logs} logs, {secrets_used} secrets:\n" + "\n".join(found[:20])


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A running `symbolon dev`, shared by the tests that neither stop it nor write to its store."""
    running = Dev.start(log=tmp_path_factory.mktemp("dev") / "log")
    yield running
    running.program.kill()


@pytest.fixture
def still_answers(dev: Dev) -> Iterator[None]:
    """Whatever a test sends, the next honest login works."""
    yield
    assert log_in(dev).status == 200


@pytest.fixture
def start_dev(tmp_path: Path) -> Iterator[StartDev]:
    """Starts a `symbolon dev` of the test's own, as often as it likes."""
    started: list[Dev] = []

    def start(*arguments: str, **where: Path | dict[str, str]) -> Dev:
        started.append(Dev.start(*arguments, log=tmp_path / f"dev-{len(started)}.log", **where))
        return started[-1]

    yield start
    for one in started:
        one.program.kill()


@pytest.fixture
def start_service(tmp_path: Path) -> Iterator[StartService]:
    """Starts the example service and waits until it holds the issuer's keys."""
    started: list[GuardedService] = []

    def start(issuer: str, *arguments: str) -> GuardedService:
        log = tmp_path / f"service-{len(started)}.log"
        started.append(GuardedService(issuer, *arguments, log=log))
        await_ready(f"{started[-1].url}/readyz")
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def start_app(monkeypatch: pytest.MonkeyPatch) -> StartApp:
    """Loads a Flask app of examples/python for an issuer."""

    def start(name: str, issuer: str, audience: str | None = None) -> FlaskClient:
        return load(monkeypatch, name, issuer, audience).app.test_client()

    return start


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    """A Symbolon with an admin and a writer, whose logins are good for posts; nobody writes any here."""
    example = Example("posts-api", tmp_path_factory.mktemp("site") / "log")
    yield example
    example.kill()


@pytest.fixture
def own() -> Iterator[Mint]:
    """An issuer of the test's own."""
    with mint() as one:
        yield one


@dataclass(frozen=True)
class Database:
    """A database of the test's own, empty at first, and what `dev` must be told to use it."""

    url: str
    connect: Callable[[], AbstractContextManager]
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, statement: str) -> list[tuple]:
        """Reads or writes behind the server's back."""
        with self.connect() as connection:
            cursor = connection.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
        return rows


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """The test runs once per engine."""
    if request.param == "sqlite":
        file = tmp_path / "symbolon.db"
        yield Database(str(file), lambda: closing(sqlite3.connect(file, timeout=DEADLINE)))
        return
    if not POSTGRES:
        if os.environ.get("SYMBOLON_TEST_REQUIRE_POSTGRES") == "1":
            pytest.fail("SYMBOLON_TEST_POSTGRES is not set")
        pytest.skip("SYMBOLON_TEST_POSTGRES is not set")
    name = f"interop_{secrets.token_hex(8)}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()
        environment = {"SYMBOLON_KEY_ENCRYPTION_KEY": secrets.token_hex(32)}
        yield Database(url, lambda: psycopg.connect(url), environment)
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose owner file modes hold for: root writes where it likes."""
    if os.geteuid() != 0:
        yield Site.make(tmp_path_factory.mktemp("others") / "site")
        return
    folder = Path(f"/tmp/symbolon-others-{secrets.token_hex(8)}")
    own = Site.make(folder)
    for path in (folder, folder / "symbolon.toml"):
        os.chown(path, NOBODY, NOBODY)
    own = Site(folder, own.environment, NOBODY)
    yield own
    subprocess.run(["rm", "-rf", folder], check=True)
