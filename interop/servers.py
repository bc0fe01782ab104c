"""Starts Symbolon's programs as a user starts them, and ends them.

A started program is ready when its first line of output says so, under a deadline; nothing here waits
for an amount of time. Its log goes to a file, so that a full pipe never stops it and a failure can show it.
"""

import json
import os
import signal
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
    ):
        self._log = log
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [PROGRAMS / name, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                # The more it writes, the more is searched for secrets at the end of the run.
                env={"SYMBOLON_LOG": "debug", **os.environ, **(environment or {})},
                cwd=folder,
                text=True,
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
        canaries.remember(said["password"], said["access_token"], *(where.get("environment") or {}).values())
        return cls(program, said, **{name: said[name] for name in named})


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
