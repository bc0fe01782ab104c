"""`symbolon dev` as a user meets it: what it prints, where it keeps things, how it ends."""

import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from urllib.parse import urlsplit

import jwt
import pytest

from conftest import Database, StartDev
from servers import DEADLINE, PROGRAMS, Dev, Program
from web import call, log_in


def run_dev(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    """Runs `symbolon dev` that is expected to end by itself."""
    return subprocess.run(
        [PROGRAMS / "symbolon", "dev", "--json", *arguments],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_it_prints_one_line_and_ends_cleanly(start_dev: StartDev, how: signal.Signals):
    dev = start_dev()
    assert call(f"{dev.issuer}/readyz").status == 200
    assert log_in(dev).status == 200
    assert dev.program.stop(how) == (0, "")


def test_it_ends_where_nobody_reads_its_log_any_more():
    unread, log = os.pipe()
    command = [PROGRAMS / "symbolon", "dev", "--json", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as dev:
        assert dev.stdout.readline()
        os.close(log)
        os.close(unread)
        dev.terminate()
        try:
            assert dev.wait(DEADLINE) == 0
        finally:
            dev.kill()


def test_clients_that_stay_connected_do_not_keep_it(start_dev: StartDev):
    dev = start_dev()
    parts = urlsplit(dev.issuer)
    address = (parts.hostname, parts.port)
    with socket.create_connection(address, DEADLINE) as silent, socket.create_connection(address, DEADLINE) as stuck:
        stuck.sendall(
            b"POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        )
        assert call(f"{dev.issuer}/healthz").status == 200
        assert dev.program.stop() == (0, "")
        assert silent.recv(1) == b""


def test_the_page_for_people_has_lines_that_work(tmp_path: Path):
    program = Program("symbolon", "dev", "--listen", "127.0.0.1:0", log=tmp_path / "log")
    try:
        page = program.read_until("Ctrl-C")
        answers = [output_of(["sh", "-c", line]) for line in page if line.startswith("  curl ")]
        python = "".join(page[page.index("  import jwt\n") :]).split("\n\n")[0]
        claims = output_of([sys.executable, "-c", textwrap.dedent(python)])
    finally:
        program.kill()
    assert ["access_token" in answer for answer in answers] == [True, False]
    assert '"username":"demo"' in answers[1]
    assert "'roles': ['user']" in claims


def output_of(command: list[str]) -> str:
    """What a command prints that succeeds."""
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True).stdout


def test_port_0_is_a_free_port(start_dev: StartDev):
    one, other = start_dev(), start_dev()
    assert one.issuer != other.issuer
    assert not one.issuer.endswith(":0")
    assert one.password != other.password


def test_a_taken_port_is_named_with_its_flag():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = run_dev("--listen", address)
    assert ended.returncode not in (0, 101)
    assert ended.stdout == ""
    assert address in ended.stderr and "--listen" in ended.stderr


def test_a_database_is_kept_and_its_password_renewed(start_dev: StartDev, database: Database):
    def start() -> Dev:
        return start_dev("--database", database.url, environment=database.environment)

    first = start()
    assert first.program.stop() == (0, "")
    second = start()

    assert second.username == first.username
    assert second.password != first.password
    assert log_in(second).status == 200
    assert log_in(second, password=first.password).status == 401
    # The same user and the same keys: a token from before still verifies.
    key = jwt.PyJWKClient(second.jwks_uri).get_signing_key_from_jwt(first.access_token)
    before = jwt.decode(first.access_token, key, algorithms=["ES256"], audience=first.issuer)
    after = jwt.decode(second.access_token, key, algorithms=["ES256"], audience=second.issuer)
    assert before["sub"] == after["sub"]


def test_a_store_that_dev_did_not_make_is_refused(database: Database):
    database.run("CREATE TABLE somebody_elses (id INTEGER)")
    ended = run_dev("--listen", "127.0.0.1:0", "--database", database.url, environment=database.environment)
    assert ended.returncode not in (0, 101)
    assert ended.stdout == ""
    assert "tables that Symbolon didn't make" in ended.stderr
    assert database.run("SELECT count(*) FROM somebody_elses") == [(0,)]


def test_a_store_of_a_real_server_is_refused(start_dev: StartDev, database: Database):
    arguments = ("--database", database.url)
    assert start_dev(*arguments, environment=database.environment).program.stop() == (0, "")
    ((maker,),) = database.run("SELECT maker FROM symbolon_store")
    database.run("UPDATE symbolon_store SET maker = 'serve'")
    ended = run_dev("--listen", "127.0.0.1:0", *arguments, environment=database.environment)
    assert maker == "dev"
    assert ended.returncode not in (0, 101)
    assert ended.stdout == ""
    assert "serve" in ended.stderr


def test_the_key_file_is_for_its_owner_only(start_dev: StartDev, tmp_path: Path):
    file = tmp_path / "kept.db"
    start_dev("--database", str(file))
    key_file = tmp_path / "kept.db.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_a_store_without_its_key_is_refused(start_dev: StartDev, tmp_path: Path):
    file = tmp_path / "kept.db"
    assert start_dev("--database", str(file)).program.stop() == (0, "")
    (tmp_path / "kept.db.key").write_text(secrets.token_hex(32))
    ended = run_dev("--listen", "127.0.0.1:0", "--database", str(file))
    assert ended.returncode not in (0, 101)
    assert ended.stdout == ""


def test_without_a_database_nothing_stays(start_dev: StartDev, tmp_path: Path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    dev = start_dev(environment={"TMPDIR": str(folder)})
    assert list(folder.iterdir())
    assert dev.program.stop() == (0, "")
    assert not list(folder.iterdir())


def test_secrets_are_not_in_the_log(start_dev: StartDev):
    dev = start_dev(environment={"SYMBOLON_LOG": "trace"})
    token = log_in(dev).json()["access_token"]
    assert log_in(dev, password="a canary, not a password").status == 401
    dev.program.stop()
    log = dev.program.log()
    assert "login refused" in log
    for secret in (dev.password, dev.access_token, token, "a canary, not a password"):
        assert secret not in log
