"""Starts Symbolon's programs as a user starts them, and ends them.

A started program is ready when its first line of output says so, under a deadline; nothing here waits
for an amount of time. Its log goes to a file, so that a full pipe never stops it and a failure can show it.
"""

import json
import os
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import canaries

ROOT = Path(__file__).parent.parent
PROGRAMS = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
DEADLINE = 60


class Program:
    """A running program that has said its first line."""

    def __init__(
        self,
        name: str,
        *arguments: str,
        log: Path,
        environment: dict[str, str] | None = None,
        folder: Path | None = None,
        user: int | None = None,
    ):
        self._log = log
        canaries.remember_environment(environment or {})
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [PROGRAMS / name, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                # The more it writes, the more is searched for secrets at the end of the run.
                env={"SYMBOLON_LOG": "debug", **os.environ, **(environment or {})},
                cwd=folder,
                user=user,
                text=True,
                # A file that may not grow is then an error to handle, as a full disk is, and no signal to die of.
                restore_signals=False,
            )
        self.first_line = self._read_line()
        if not self.first_line:
            self.kill()
            raise AssertionError(f"{name} didn't get ready; its log:\n{self.log()}")

    def _read_line(self) -> str:
        overdue = threading.Timer(DEADLINE, self._process.kill)
        overdue.start()
        try:
            return self._process.stdout.readline()
        finally:
            overdue.cancel()

    def read_until(self, last: str) -> list[str]:
        """The next lines of stdout, up to the one that starts so."""
        lines: list[str] = []
        while not (lines and lines[-1].startswith(last)):
            lines.append(self._read_line())
            assert lines[-1], f"ended without {last!r}: {lines}"
        return lines

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def tell(self, what: signal.Signals) -> None:
        """Sends it a signal and doesn't wait."""
        self._process.send_signal(what)

    def log(self) -> str:
        """What it has written to stderr."""
        return self._log.read_text(errors="replace")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Asks it to end; its exit code and what else it printed on stdout."""
        self._process.send_signal(how)
        rest, _ = self._process.communicate(timeout=DEADLINE)
        canaries.keep(str(self._log), self.log())
        return self._process.returncode, rest

    def kill(self) -> None:
        """SIGKILL, unless it has ended already."""
        self._process.kill()
        self._process.communicate(timeout=DEADLINE)
        canaries.keep(str(self._log), self.log())


@dataclass(frozen=True)
class Dev:
    """A running `symbolon dev` and what its line of JSON said."""

    program: Program
    said: dict[str, object]
    issuer: str
    username: str
    password: str
    access_token: str
    jwks_uri: str

    @classmethod
    def start(cls, *arguments: str, **where: Path | dict[str, str]) -> "Dev":
        """Starts it on a free port; the named arguments are those of `Program`."""
        program = Program("symbolon", "dev", "--json", "--listen", "127.0.0.1:0", *arguments, **where)
        said = json.loads(program.first_line)
        named = ("issuer", "username", "password", "access_token", "jwks_uri")
        canaries.remember(said["password"], said["access_token"])
        return cls(program, said, **{name: said[name] for name in named})


@dataclass(frozen=True)
class Site:
    """A folder with a `symbolon.toml`, and the server that runs from it as often as it is started."""

    folder: Path
    environment: dict[str, str]
    user: int | None = None

    USERNAME = "admin"
    PASSWORD = "correct horse battery staple"

    @classmethod
    def make(cls, folder: Path, database: str | None = None, environment: dict[str, str] | None = None) -> "Site":
        """Writes the file, on a port of its own that stays the same over restarts."""
        folder.mkdir(exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        lines = [f'issuer = "http://{address}"', f'listen = "{address}"']
        if database:
            lines.append(f'database = "{database}"')
        file = folder / "symbolon.toml"
        file.write_text("\n".join(lines) + "\n")
        # A database's password may stand in it.
        file.chmod(0o600)
        return cls(folder, environment or {})

    @property
    def issuer(self) -> str:
        """What it is known by."""
        return (self.folder / "symbolon.toml").read_text().split('"')[1]

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What its servers write to stderr, one after the other."""
        return self.folder / "log"

    def serve(self, *arguments: str) -> Program:
        """Starts the server and waits until it listens."""
        where = {"log": self.log, "environment": self.environment, "folder": self.folder, "user": self.user}
        return Program("symbolon", "serve", "--json", *arguments, **where)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            [PROGRAMS / "symbolon", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environment},
            user=self.user,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )

    def refused(self, *arguments: str) -> str:
        """Starts a server that must not start; what it says."""
        ended = self.run("serve", *arguments)
        assert (ended.returncode, ended.stdout) == (1, ""), ended
        assert "panicked" not in ended.stderr, ended.stderr
        return ended.stderr

    def setup_code(self) -> str:
        """A code for the first user."""
        ended = self.run("setup-link", "--print", "--json")
        assert ended.returncode == 0, ended.stderr
        said = json.loads(ended.stdout)
        assert said["page"] == f"{self.issuer}/setup"
        return said["code"]


class GuardedService(Program):
    """A running example service that trusts one issuer; it listens before it holds the issuer's keys."""

    def __init__(self, issuer: str, *arguments: str, log: Path):
        super().__init__("guarded-service", "--issuer", issuer, "--listen", "127.0.0.1:0", *arguments, log=log)
        self.url = self.first_line.removeprefix("listening on ").strip()


def faked_clock(file: Path) -> dict[str, str]:
    """The environment in which a program's clock is moved by what stands in a file."""
    libraries = sorted(Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"))
    assert libraries, "faketime is missing: apt-get install faketime"
    # It names shared memory by process number: what a killed one left would stop the next of its number.
    for left in Path("/dev/shm").glob("*faketime_s*"):
        if not Path("/proc", left.name.rpartition("_")[2]).exists():
            with suppress(OSError):
                left.unlink()
    return {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
