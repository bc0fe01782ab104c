"""What can go wrong around a server that stays: each time it says what to do, nothing that was acknowledged
is lost, and verification and the keys go on being served where they can.

SIGKILL under load is in test_kill.py; the disk and the hanging database from inside are in the store's suite.
"""

import http.client
import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conftest import POSTGRES, Database, StartService
from servers import DEADLINE, PROGRAMS, Program, Site, faked_clock
from web import Answer, await_ready, bearer, call, log_in_to, make_first_user


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site on SQLite, with nothing in it yet."""
    return Site.make(tmp_path / "site")


@pytest.fixture
def kept(database: Database, tmp_path: Path) -> Site:
    """A site on either engine whose first user is there and whose server has ended."""
    own = Site.make(tmp_path / "site", database.url, database.environment)
    with_first_user(own).stop()
    return own


def with_first_user(own: Site) -> Program:
    """A running server whose first user is there."""
    code = own.setup_code()
    server = own.serve()
    assert make_first_user(own, code).status == 303, server.log()
    return server


def token_of(answer: Answer) -> str:
    assert answer.status == 200, (answer.status, answer.body)
    return answer.json()["access_token"]


def still_serves(own: Site, token: str) -> None:
    """Who verifies elsewhere is served, whatever happened to the database."""
    keys = call(f"{own.issuer}/.well-known/jwks.json")
    assert keys.status == 200 and keys.json()["keys"]
    assert call(f"{own.issuer}/.well-known/openid-configuration").status == 200
    assert call(f"{own.issuer}/healthz").status == 200
    # A bad signature needs no database to be told.
    forged = token[:-8] + "AAAAAAAA"
    assert call(f"{own.issuer}/api/me", headers=bearer(forged)).status == 401


def unavailable(answer: Answer) -> None:
    assert answer.status == 503, (answer.status, answer.body)
    assert answer.json()["code"] == "temporarily_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1


# Ends.


def test_g9_killed_at_any_moment_it_starts_again_at_once(kept: Site):
    """From before its lock is taken until it answers, and in the middle of logins."""
    for moment in range(12):
        started = subprocess.Popen(
            [PROGRAMS / "symbolon", "serve", "--json"],
            cwd=kept.folder,
            env={**os.environ, **kept.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        # A moment is an amount of work that it has done: nothing here waits for an amount of time.
        if moment % 3 == 1:
            until_it_has_computed(started, moment // 3)
        elif moment % 3 == 2:
            assert started.stdout.readline()
            clients = [threading.Thread(target=try_to_log_in, args=[kept]) for _ in range(moment)]
            for client in clients:
                client.start()
            if moment > 6:
                call(f"{kept.issuer}/healthz")
        started.kill()
        started.communicate(timeout=DEADLINE)
    server = kept.serve()
    assert log_in_to(kept).status == 200
    assert server.stop()[0] == 0


def until_it_has_computed(process: subprocess.Popen, ticks: int) -> None:
    """Until it has had so many hundredths of a second of the machine, or is done with less."""
    give_up = time.monotonic() + DEADLINE / 10
    while process.poll() is None and time.monotonic() < give_up:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        if int(fields[11]) + int(fields[12]) >= ticks:
            return


def try_to_log_in(own: Site) -> None:
    with suppress(OSError, http.client.HTTPException):
        log_in_to(own)


def test_w5_a_kill_forgets_no_wrong_password(kept: Site):
    server = kept.serve()
    assert [log_in_to(kept, "wrong").status for _ in range(10)] == [401] * 10
    server.kill()
    server = kept.serve()
    # The count goes on, whether or not the second that the tenth has earned is over: the right password
    # may be looked at then, the eleventh wrong one waits two.
    statuses = [log_in_to(kept, "wrong").status for _ in range(3)]
    assert statuses.count(401) <= 1 and statuses[-1] == 429, statuses
    server.kill()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_answered_before_the_end(kept: Site, how: signal.Signals):
    server = kept.serve()
    body = json.dumps({"username": kept.USERNAME, "password": kept.PASSWORD}).encode()
    with socket.create_connection(("127.0.0.1", urlsplit(kept.issuer).port), DEADLINE) as connection:
        head = (
            f"POST /api/login HTTP/1.1\r\nHost: {urlsplit(kept.issuer).netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        )
        connection.sendall(head.encode())
        # It asks for the body: the request has begun.
        assert connection.recv(1024).startswith(b"HTTP/1.1 100")
        server.tell(how)
        await_refusal(kept)
        connection.sendall(body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 200, answer.read()
    assert server.stop(how)[0] == 0


def await_refusal(own: Site) -> None:
    """Until the server takes no more connections."""
    port = urlsplit(own.issuer).port
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), DEADLINE).close()
        except (ConnectionRefusedError, ConnectionResetError):
            return


def test_a_sigterm_at_any_moment_of_the_start_ends_it_well(kept: Site):
    for ticks in range(6):
        started = subprocess.Popen(
            [PROGRAMS / "symbolon", "serve", "--json"],
            cwd=kept.folder,
            env={**os.environ, **kept.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        until_it_has_computed(started, ticks)
        started.terminate()
        _, said = started.communicate(timeout=DEADLINE)
        # Before it listens for signals there is nothing to end.
        assert started.returncode in (0, -signal.SIGTERM), said
        assert b"panicked" not in said
    server = kept.serve()
    assert log_in_to(kept).status == 200
    server.kill()


# Folders and files.


def test_two_servers_on_one_folder(kept: Site):
    server = kept.serve()
    said = kept.refused()
    assert f"process {server.pid}" in said and str(kept.data.name) in said and "end it" in said
    assert log_in_to(kept).status == 200
    # What a killed one leaves behind is in nobody's way.
    server.kill()
    with_lock = kept.serve()
    assert log_in_to(kept).status == 200
    with_lock.kill()


@pytest.mark.parametrize("left", [0, 10, 42])
def test_half_a_key_file_is_named_and_nothing_is_written(kept: Site, left: int):
    key = kept.data / "symbolon.key"
    if not key.exists():
        pytest.skip("the key comes from the environment")
    whole = key.read_bytes()
    key.write_bytes(whole[:left])
    said = kept.refused()
    assert "symbolon.key" in said, said
    assert key.read_bytes() == whole[:left]
    key.write_bytes(whole)
    kept.serve().kill()


def test_a_lost_key_file_is_not_made_anew(kept: Site):
    key = kept.data / "symbolon.key"
    if not key.exists():
        pytest.skip("the key comes from the environment")
    key.rename(kept.folder / "elsewhere")
    said = kept.refused()
    assert "symbolon.key" in said, said
    assert not key.exists()
    (kept.folder / "elsewhere").rename(key)
    kept.serve().kill()


@pytest.mark.parametrize("cut", ['issuer = "http', "issuer", "\0\0\0\0", '[listen\n', '"'])
def test_half_a_configuration_is_named_with_its_line(site: Site, cut: str):
    file = site.folder / "symbolon.toml"
    file.write_text("# the first line\n" + cut)
    said = site.refused()
    assert "symbolon.toml" in said and ":2" in said.replace("line 2", ":2"), said
    assert not site.data.exists()


def test_a_database_that_is_none_is_named_and_left_alone(site: Site):
    with_first_user(site).stop()
    file = site.data / "symbolon.db"
    whole = file.read_bytes()
    for broken in (b"this is no database, and was none " * 1000, whole[:5000], b"\0" * len(whole)):
        for beside in site.data.glob("symbolon.db-*"):
            beside.unlink()
        file.write_bytes(broken)
        said = site.refused()
        assert "symbolon.db" in said and "docs/operate.md" in said, said
        assert file.read_bytes()[: len(broken)] == broken
    file.write_bytes(whole)
    site.serve().kill()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_an_empty_database_beside_a_key_is_a_new_store_and_says_so(site: Site):
    with_first_user(site).stop()
    for file in site.data.glob("symbolon.db*"):
        file.write_bytes(b"")
    server = site.serve()
    assert "a new store" in server.log()
    assert log_in_to(site).status == 401
    server.kill()


def test_garbage_after_the_last_write_is_ignored(site: Site):
    server = with_first_user(site)
    assert log_in_to(site).status == 200
    server.kill()
    with (site.data / "symbolon.db-wal").open("ab") as wal:
        wal.write(os.urandom(20_000))
    server = site.serve()
    assert log_in_to(site).status == 200
    server.stop()
    with closing(sqlite3.connect(site.data / "symbolon.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_may_not_be_written_is_named(others: Site):
    with_first_user(others).stop()
    file, folder = others.data / "symbolon.db", others.data
    for path, mode in ((file, 0o400), (folder, 0o500)):
        before = path.stat().st_mode & 0o777
        path.chmod(mode)
        for locks in others.data.glob("*.lock"):
            locks.chmod(0o400)
        said = others.refused()
        path.chmod(before)
        for locks in others.data.glob("*.lock"):
            locks.chmod(0o600)
        assert "symbolon" in said and ("ermission" in said or "read-only" in said or "readonly" in said), said
    server = others.serve()
    assert log_in_to(others).status == 200
    server.kill()


def test_g11_a_disk_that_runs_full_costs_logins_and_nothing_else(site: Site):
    server = with_first_user(site)
    acknowledged = [token_of(log_in_to(site)) for _ in range(12)]
    room = (site.data / "symbolon.db-wal").stat().st_size
    assert room > 64 * 1024, "the log of writes is what must not grow"
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (room, hard))
    for _ in range(5):
        unavailable(log_in_to(site))
        still_serves(site, acknowledged[0])
        assert call(f"{site.issuer}/api/me", headers=bearer(acknowledged[-1])).status == 200
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))
    # With room again it goes on by itself.
    acknowledged.append(token_of(log_in_to(site)))
    server.kill()
    server = site.serve()
    for token in acknowledged:
        assert call(f"{site.issuer}/api/me", headers=bearer(token)).status == 200
    server.kill()


def test_a_start_on_a_full_disk_says_so(site: Site, tmp_path: Path):
    full = tmp_path / "full"
    full.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", full], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("nobody but root may mount a small disk here")
    try:
        file = site.folder / "symbolon.toml"
        file.write_text(file.read_text() + f'data = "{full}"\n')
        said = site.refused()
        assert "full" in said, said
    finally:
        subprocess.run(["umount", full], check=True)


# Time.


def test_g12_a_clock_behind_the_last_write_is_named(kept: Site, tmp_path: Path):
    clock = tmp_path / "clock"
    clock.write_text("-86400s")
    behind = Site(kept.folder, {**kept.environment, **faked_clock(clock)})
    said = behind.refused()
    assert "the clock of this machine is" in said and "--dangerous-accept-clock" in said
    # What clocks may differ by is none of it.
    clock.write_text("-200s")
    behind.serve().kill()
    clock.write_text("-86400s")
    server = behind.serve("--dangerous-accept-clock")
    assert log_in_to(behind).status == 200
    assert "the clock is believed" in server.log()
    server.kill()
    # Forward is what time does.
    clock.write_text("+86400s")
    server = behind.serve()
    assert log_in_to(behind).status == 200
    server.kill()


# A database elsewhere.


class Relay:
    """Stands between a server and its database, and can be cut."""

    def __init__(self, target: tuple[str, int]):
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._is_cut = False
        self._start(self._accept)

    def _start(self, what: Callable[..., None], *arguments: socket.socket) -> None:
        self._threads.append(threading.Thread(target=what, args=arguments))
        self._threads[-1].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                client.close()
                continue
            server = socket.create_connection(self._target)
            self._open += [client, server]
            self._start(self._pass, client, server)
            self._start(self._pass, server, client)

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Ends every connection and takes no other."""
        self._is_cut = True
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Passes on again."""
        self._is_cut = False

    def close(self) -> None:
        """Ends it."""
        self.cut()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for one in self._threads:
            one.join(DEADLINE)
        for one in [self._listener, *self._open]:
            one.close()


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A relay to the tests' PostgreSQL."""
    if not POSTGRES:
        pytest.skip("SYMBOLON_TEST_POSTGRES is not set")
    parts = urlsplit(POSTGRES)
    one = Relay((parts.hostname, parts.port or 5432))
    yield one
    one.close()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_g13_a_database_that_is_gone_costs_logins_and_nothing_else(
    database: Database, tmp_path: Path, start_service: StartService, relay: Relay
):
    parts = urlsplit(database.url)
    credentials = parts.netloc.rpartition("@")[0]
    relayed = parts._replace(netloc=f"{credentials}@127.0.0.1:{relay.port}").geturl()
    own = Site.make(tmp_path / "site", relayed, database.environment)
    server = with_first_user(own)
    token = token_of(log_in_to(own))
    service = start_service(own.issuer)

    relay.cut()
    for _ in range(3):
        unavailable(log_in_to(own))
        unavailable(call(f"{own.issuer}/readyz"))
        still_serves(own, token)
        # Whoever verifies elsewhere needs nobody.
        assert call(f"{service.url}/me", headers=bearer(token)).status == 200
    relay.mend()
    await_ready(f"{own.issuer}/readyz")
    assert log_in_to(own).status == 200
    assert call(f"{own.issuer}/api/me", headers=bearer(token)).status == 200
    relay.cut()
    # Its end doesn't wait for a database that is gone, and a start says what is missing.
    assert server.stop()[0] == 0
    said = own.refused()
    assert f"127.0.0.1:{relay.port}" in said or "127.0.0.1" in said, said
    assert urlsplit(POSTGRES).password not in said
