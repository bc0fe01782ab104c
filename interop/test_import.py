"""Users that real programs made: hashed by Werkzeug, in files and in tables, imported into either engine."""

import csv
import json
import secrets
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from werkzeug.security import generate_password_hash

from conftest import POSTGRES, Database
from servers import DEADLINE, PROGRAMS

METHODS = ["scrypt", "pbkdf2:sha256", "pbkdf2:sha1:50000", "pbkdf2:sha512:50000", "scrypt:16384:8:2"]
USERS = [
    {
        "id": number,
        "username": f"User-{number}",
        "password": generate_password_hash(f"password {number}", method),
        "active": number != 2,
        "role": "editor" if number == 1 else None,
    }
    for number, method in enumerate(METHODS)
]

Import = Callable[..., tuple[int, dict]]


@pytest.fixture
def run_import(database: Database) -> Import:
    """Imports into the test's own database; the exit code and what was said."""

    def run(source: Path | str, *options: str) -> tuple[int, dict]:
        command = [PROGRAMS / "symbolon", "user", "import", source, "--database", database.url, "--json", *options]
        done = subprocess.run(
            command, env=database.environment, capture_output=True, text=True, timeout=DEADLINE, check=False
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return run


def csv_file(folder: Path) -> Path:
    path = folder / "users.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, USERS[0])
        writer.writeheader()
        writer.writerows(USERS)
    return path


def json_lines(folder: Path) -> Path:
    path = folder / "users.jsonl"
    path.write_text("\n".join(json.dumps(user) for user in USERS))
    return path


def sqlite_file(folder: Path) -> str:
    path = folder / "app.db"
    with closing(sqlite3.connect(path)) as app:
        app.execute(
            "CREATE TABLE user (id INTEGER NOT NULL, username VARCHAR(50) NOT NULL, password VARCHAR(255) NOT NULL, "
            "active BOOLEAN, role VARCHAR(20), PRIMARY KEY (id), UNIQUE (username))"
        )
        app.executemany("INSERT INTO user VALUES (:id, :username, :password, :active, :role)", USERS)
        app.commit()
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_table() -> Iterator[str]:
    """The URL, as SQLAlchemy writes it, of a database with a table of users."""
    if not POSTGRES:
        pytest.skip("SYMBOLON_TEST_POSTGRES is not set")
    name = f"interop_{secrets.token_hex(8)}"
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()
        with psycopg.connect(url) as app:
            app.execute(
                'CREATE TABLE "user" (id SERIAL PRIMARY KEY, username VARCHAR(50) NOT NULL UNIQUE, '
                "password VARCHAR(255) NOT NULL, active BOOLEAN, role VARCHAR(20))"
            )
            app.cursor().executemany(
                'INSERT INTO "user" VALUES (%(id)s, %(username)s, %(password)s, %(active)s, %(role)s)', USERS
            )
        yield url.replace("postgres://", "postgresql+psycopg://", 1)
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def assert_imported(database: Database):
    """Everybody is there, as they were."""
    rows = database.run("SELECT username, external_id, password_hash, state FROM users ORDER BY username")
    states = {True: "enabled", False: "disabled"}
    assert [tuple(row) for row in rows] == [
        (user["username"].lower(), str(user["id"]), user["password"], states[user["active"]]) for user in USERS
    ]
    editors = database.run(
        "SELECT users.username, user_roles.role FROM user_roles JOIN users ON users.id = user_roles.user_id"
    )
    assert [tuple(row) for row in editors] == [("user-1", "writer")]


ROLE = ("--map-role", "role=editor:writer")


@pytest.mark.parametrize("make", [csv_file, json_lines, sqlite_file])
def test_users_come_from_files(make: Callable, tmp_path: Path, run_import: Import, database: Database):
    source = make(tmp_path)
    code, rehearsed = run_import(source, "--dry-run", *ROLE)
    assert (code, rehearsed["imported"]) == (0, len(USERS))
    code, report = run_import(source, *ROLE)
    assert (code, report["imported"], report["bad"]) == (0, len(USERS), [])
    assert_imported(database)
    code, again = run_import(source, *ROLE)
    assert (code, again["imported"], again["already_there"]) == (0, 0, len(USERS))
    assert_imported(database)


def test_users_come_from_a_postgresql_table(postgres_table: str, run_import: Import, database: Database):
    code, report = run_import(postgres_table, *ROLE)
    assert (code, report["imported"], report["bad"]) == (0, len(USERS), [])
    assert_imported(database)
    assert run_import(postgres_table, *ROLE)[1]["already_there"] == len(USERS)


def test_an_import_that_is_killed_goes_on_where_it_ended(tmp_path: Path, run_import: Import, database: Database):
    source = tmp_path / "users.csv"
    header = "id,username,password\n"
    source.write_text(header)
    assert run_import(source)[0] == 0, "the tables are there to be looked into"
    hashed = USERS[0]["password"]
    source.write_text(header + "".join(f"{number},user-{number},{hashed}\n" for number in range(3000)))

    command = [PROGRAMS / "symbolon", "user", "import", source, "--database", database.url]
    running = subprocess.Popen(command, env=database.environment, stderr=subprocess.DEVNULL)
    while not database.run("SELECT 1 FROM users LIMIT 1"):
        assert running.poll() is None
    running.send_signal(signal.SIGKILL)
    running.wait(DEADLINE)
    ((there,),) = database.run("SELECT COUNT(*) FROM users")
    assert there % 100 == 0

    code, report = run_import(source)
    assert (code, report["already_there"], report["imported"]) == (0, there, 3000 - there)
    ((there,),) = database.run("SELECT COUNT(*) FROM users")
    assert there == 3000
