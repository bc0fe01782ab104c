"""Runs what the README files and docs/ tell the reader to type.

Every ```sh and ```python block runs, from top to bottom, each document as one shell in an empty folder,
its python blocks under the Python that has PyJWT. A block of Rust that names a file (```rust src/main.rs)
is written there. A block marked `no-run` (```sh no-run) and all others (```rust, ```console, ```text, ...)
are only read. A translation isn't run: `test_translations.py` compares its blocks. What stands in for the
reader:

* `cargo run ... -- dev ...` is the other terminal: the server that ran there is ended, this one is started
  in the shell's folder, from the build that is being tested and on a free port, which replaces the
  documented one from here on. `cargo run ... -p EXAMPLE ...` likewise.
* `cargo run ... -- serve` and `symbolon serve` are that too, from the `symbolon.toml` of the shell's folder,
  whose issuer and address the environment moves to a free port.
* `cargo run ... -- COMMAND ...` with another command runs to its end, from the same build, and so does
  `symbolon COMMAND ...`; `cargo install` has nothing left to do.
* `flask ... run` is another terminal of the same kind, with the issuer that is set before it or that of `dev`.
* `npm ci ... && node .../provider.mjs ...` is one more: the OpenID provider, whose packages are there already.
  Programs that its arguments name get free ports before they are started.
* `cargo run` alone, in a folder that `cargo new` has made, builds and starts the reader's own program, on a
  free port in place of 127.0.0.1:3000; `../symbolon` is this checkout.
* What the server printed is in the reader's hands: in the variables `USERNAME`, `PASSWORD`, `TOKEN` and
  `ISSUER`, and wherever a document shows an ellipsis after a name (`PASSWORD='…'`, `"password": "…"`,
  `Bearer …`). Before there is a server, `PASSWORD` and `JWT_SECRET_KEY` are what the reader makes up.
* An answer of `curl` is to be good, unless the comment behind the command names the status (`# 403: …`).
* What fetches this repository, or would run these tests inside themselves, is left out (`LEFT_OUT`).
"""

import os
import re
import secrets
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import StartDev, StartService
from examples import Example, OauthLogin
from flask_apps import FlaskApp
from projects import BUILD_TIME_LIMIT, NEW, OwnProgram, free_address, new, prepare
from providers import Provider
from servers import PROGRAMS, ROOT, Program

LEFT_OUT = ("git clone ", "cd symbolon", "./test", "./bench", "cargo test", "cargo bench", "cargo install ")
CARGO_RUN = re.compile(r"cargo run( --release)? -- (?=(?!dev\b|serve\b))")
DEV_ADDRESS, EXAMPLE_ADDRESS, PROVIDER_ADDRESS = "127.0.0.1:8080", "127.0.0.1:3000", "127.0.0.1:4000"
LOOPBACK = re.compile(r"\b127\.0\.0\.1:\d+")
FENCE = re.compile(
    r"^```(?P<language>sh|python|rust(?= ))(?P<marks>[^\n]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
FILLED_IN = re.compile(r"""(?P<before>\b(?P<name>\w+)["']?\s*[=:]\s*["']?|\b(?P<scheme>Bearer) )(?:…|\.{3})""")
REFUSED = re.compile(r"^curl (?P<arguments>.*)\s# (?P<status>[45]\d\d)\b")
FLASK_RUN = re.compile(
    r"(SYMBOLON_ISSUER=(?P<issuer>\S+) )?flask --app examples/python/(?P<name>\w+)\.py run --port (?P<port>\d+)"
)
PROVIDER_RUN = re.compile(
    r"npm ci --prefix examples/oauth-login/provider && node examples/oauth-login/provider/provider\.mjs (?P<rest>.+)"
)
PREPARATION = 'curl() { command curl --no-progress-meter --fail-with-body "$@"; }'
TIME_LIMIT = 60


@dataclass(frozen=True)
class Block:
    """A block that is to be run."""

    line: int
    language: str
    marks: list[str]
    text: str

    def commands(self) -> Iterator[str]:
        """The lines of a shell block, continued lines joined."""
        if self.language == "sh":
            yield from self.text.replace("\\\n", " ").splitlines()


def blocks_of(markdown: str) -> Iterator[Block]:
    """The runnable blocks of a document, in order."""
    for fence in FENCE.finditer(markdown):
        line, marks = markdown.count("\n", 0, fence.start()) + 1, fence["marks"].split()
        if "no-run" not in marks:
            yield Block(line, fence["language"], marks, fence["text"])


DOCUMENTS = {
    str(path.relative_to(ROOT)): blocks
    for pattern in ["README.md", "docs/**/*.md", "examples/*/README.md", "crates/*/README.md"]
    for path in sorted(ROOT.glob(pattern))
    if not path.name.endswith(".ko.md") and (blocks := list(blocks_of(path.read_text())))
}


@dataclass(frozen=True)
class CargoRun:
    """A `cargo run` of the reader's."""

    package: str
    arguments: list[str]

    @classmethod
    def parse(cls, command: str) -> "CargoRun | None":
        """None where the command is another one."""
        if command == "symbolon serve" or command.startswith("symbolon serve "):
            return cls("symbolon", shlex.split(command, comments=True)[1:])
        if not command.startswith("cargo run "):
            return None
        words = shlex.split(command, comments=True)
        middle = words.index("--") if "--" in words else len(words)
        package, _ = without_option(words[:middle], "-p")
        return cls(package or "symbolon", words[middle + 1 :])


def expecting_status(command: str) -> str:
    """Where a comment says that curl is refused: a command that succeeds only with that status."""
    if refused := REFUSED.match(command):
        return (
            f"""test "$(command curl -s -o answer -w '%{{http_code}}' {refused["arguments"]})" = {refused["status"]}"""
        )
    return command


def without_option(arguments: list[str], option: str) -> tuple[str | None, list[str]]:
    """Takes an option and its value out of the arguments."""
    if option not in arguments:
        return None, arguments
    at = arguments.index(option)
    return arguments[at + 1], arguments[:at] + arguments[at + 2 :]


class Shell:
    """The reader's shell: it stops at the first command that fails."""

    def __init__(self, folder: Path, scripts: Path):
        self._scripts, self._output = scripts, ""
        programs = scripts / "programs"
        programs.mkdir()
        (programs / "symbolon").symlink_to(PROGRAMS / "symbolon")
        path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._bash = subprocess.Popen(
            ["bash", "-euo", "pipefail"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "PATH": path},
            text=True,
        )
        self.run("preparation", PREPARATION)

    def run(self, what: str, script: str, time_limit: int = TIME_LIMIT) -> None:
        """Runs some lines in it, `what` being where they stand; fails with all that was printed so far."""
        file = self._scripts / "lines.sh"
        file.write_text(script)
        done = f"--- {what}: done"
        overdue = threading.Timer(time_limit, self._bash.kill)
        overdue.start()
        try:
            self._bash.stdin.write(f"source {file} </dev/null\nprintf '\\n%s\\n' '{done}'\n")
            self._bash.stdin.flush()
            for line in self._bash.stdout:
                self._output += line
                if line.rstrip() == done:
                    return
        finally:
            overdue.cancel()
        pytest.fail(f"{what} failed:\n{self._output}")

    def write(self, what: str, file: str, text: str) -> None:
        """Writes a file where it stands, as the reader's editor would."""
        written = self._scripts / "written"
        written.write_text(text)
        self.run(what, f"cp {written} {shlex.quote(file)}")

    def standing(self, what: str) -> tuple[Path, dict[str, str]]:
        """The folder where it stands, and what it exports."""
        told = self._scripts / "standing"
        self.run(what, f'{{ printf "%s\\0" "$PWD"; env -0; }} >{told}')
        folder, *exported = told.read_text().removesuffix("\0").split("\0")
        return Path(folder), dict(variable.split("=", 1) for variable in exported)

    def close(self) -> None:
        """Ends it."""
        self._bash.kill()
        self._bash.communicate()


class Reader:
    """Goes through a document, with a second terminal for what runs until it is ended."""

    def __init__(self, folder: Path, shell: Shell, start_dev: StartDev, start_service: StartService):
        self._folder, self._shell = folder, shell
        self._start_dev, self._start_service = start_dev, start_service
        self._running: dict[str, Program] = {}
        self._addresses: dict[str, str] = {}
        # Those that somebody was told of before the program has been started.
        self._promised: dict[str, str] = {}
        self._values = {"password": secrets.token_urlsafe(18), "jwt_secret_key": secrets.token_urlsafe(36)}

    def follow(self, where: str, block: Block) -> None:
        """Does what one block says."""
        if block.language == "python":
            file = self._folder / f"line-{block.line}.py"
            file.write_text(self._translated(block.text))
            self._shell.run(where, f"python {file}")
            return
        if block.language == "rust":
            self._addresses.setdefault(EXAMPLE_ADDRESS, free_address())
            self._shell.write(where, block.marks[0], self._translated(block.text))
            return
        lines: list[str] = []
        for command in block.commands():
            # Anywhere in a line: a password may come through a pipe.
            command = CARGO_RUN.sub("symbolon ", command)
            if run := CargoRun.parse(command):
                self._shell.run(where, "\n".join(lines))
                lines = [self._start(run)]
            elif flask := FLASK_RUN.fullmatch(command):
                self._shell.run(where, "\n".join(lines))
                lines = []
                self._start_flask(**flask.groupdict())
            elif provider := PROVIDER_RUN.fullmatch(command):
                self._shell.run(where, "\n".join(lines))
                lines = []
                self._start_provider(provider["rest"])
            elif command == "cargo run":
                self._shell.run(where, "\n".join([*lines, "cargo build --quiet"]), BUILD_TIME_LIMIT)
                lines = []
                self._start_own(where)
            elif command.startswith(NEW):
                lines.append(new(command))
            elif not command.startswith(LEFT_OUT):
                lines.append(expecting_status(self._translated(command)))
        self._shell.run(where, "\n".join(lines))

    def _start(self, run: CargoRun) -> str:
        """Starts a program, in place of the one of that name; gives the line that tells the shell what it said."""
        self._end(run.package)
        documented, arguments = without_option([self._translated(word) for word in run.arguments], "--listen")
        match run.package, arguments:
            case "symbolon", ["dev", *arguments]:
                dev = self._start_dev(*[word for word in arguments if word != "--json"], folder=self._folder)
                self._running[run.package] = dev.program
                self._addresses[documented or DEV_ADDRESS] = dev.issuer.removeprefix("http://")
                self._values = {name: value for name, value in dev.said.items() if isinstance(value, str)}
                self._values |= {"token": dev.access_token, "bearer": dev.access_token}
            case "symbolon", ["serve", *arguments]:
                self._running[run.package], address = self._serve(arguments)
                self._addresses[documented or DEV_ADDRESS] = address
                self._values["issuer"] = f"http://{address}"
            case "guarded-service", arguments:
                issuer, arguments = without_option(arguments, "--issuer")
                service = self._start_service(issuer, *arguments)
                self._running[run.package] = service
                self._addresses[documented or EXAMPLE_ADDRESS] = service.url.removeprefix("http://")
            case "oauth-login", arguments:
                documented = documented or EXAMPLE_ADDRESS
                listen, log = self._promised.pop(documented, "127.0.0.1:0"), self._folder.parent / "oauth-login.log"
                self._running[run.package] = site = OauthLogin(*arguments, log=log, listen=listen, folder=self._folder)
                self._addresses[documented] = site.url.removeprefix("http://")
            case name, []:
                example = Example(name, self._folder.parent / f"{name}.log")
                self._running[run.package] = example
                self._addresses[documented or EXAMPLE_ADDRESS] = example.url.removeprefix("http://")
                self._values = {"username": example.username, "password": example.password}
            case _:
                pytest.fail(f"this reader doesn't know {run}")
        said = [name for name in ("username", "password", "token", "issuer") if name in self._values]
        return "; ".join(f"export {name.upper()}={shlex.quote(self._values[name])}" for name in said)

    def _serve(self, arguments: list[str]) -> tuple[Program, str]:
        address, log = free_address(), self._folder.parent / "serve.log"
        environment = {"SYMBOLON_ISSUER": f"http://{address}", "SYMBOLON_LISTEN": address}
        program = Program(
            "symbolon", "serve", "--json", *arguments, log=log, environment=environment, folder=self._folder
        )
        return program, address

    def _start_flask(self, issuer: str | None, name: str, port: str) -> None:
        self._end(name)
        issuer = self._translated(issuer or f"http://{DEV_ADDRESS}")
        promised = self._promised.pop(f"127.0.0.1:{port}", "127.0.0.1:0")
        environment = {
            "OAUTH_ISSUER": self._translated(f"http://{PROVIDER_ADDRESS}"),
            "OAUTH_APP_URL": f"http://{promised}",
            "OAUTH_CLIENT_KEY": str(self._folder / "client.pem"),
        }
        log, real_port = self._folder.parent / f"{name}.log", int(promised.rpartition(":")[2])
        self._running[name] = app = FlaskApp(name, issuer, log, real_port, environment)
        self._addresses[f"127.0.0.1:{port}"] = app.url.removeprefix("http://")

    def _start_provider(self, arguments: str) -> None:
        self._end("provider")
        for documented in set(LOOPBACK.findall(arguments)) - {PROVIDER_ADDRESS}:
            self._promised[documented] = self._addresses[documented] = free_address()
        _, arguments = without_option(shlex.split(self._translated(arguments)), "--listen")
        self._running["provider"] = provider = Provider(*arguments, log=self._folder.parent / "provider.log")
        self._addresses[PROVIDER_ADDRESS] = provider.issuer.removeprefix("http://")
        self._values |= {"password": provider.password}

    def _start_own(self, where: str) -> None:
        folder, exported = self._shell.standing(where)
        self._end(folder.name)
        self._running[folder.name] = OwnProgram(folder, exported, self._folder.parent / f"{folder.name}.log")

    def _end(self, package: str) -> None:
        program = self._running.pop(package, None)
        # Flask's own server is for trying things out: it knows no clean end, and logs to where it likes.
        if isinstance(program, FlaskApp):
            program.kill()
        elif program:
            assert program.stop() == (0, "")

    def close(self) -> None:
        """Ends what still runs."""
        for package in list(self._running):
            self._end(package)

    def _translated(self, text: str) -> str:
        """The text with the real addresses and values filled in."""
        text = text.replace("../symbolon/", f"{ROOT}/")
        for documented, real in self._addresses.items():
            port = documented.rpartition(":")[2]
            text = text.replace(documented, real).replace(f"localhost:{port}", real)
        return FILLED_IN.sub(self._filled_in, text)

    def _filled_in(self, found: re.Match) -> str:
        name = (found["name"] or found["scheme"]).lower()
        return found["before"] + self._values[name] if name in self._values else found[0]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_of_the_document_work(
    document: str, tmp_path: Path, start_dev: StartDev, start_service: StartService
):
    folder = tmp_path / "reader"
    folder.mkdir()
    prepare(tmp_path)
    shell = Shell(folder, scripts=tmp_path)
    reader = Reader(folder, shell, start_dev, start_service)
    try:
        for block in DOCUMENTS[document]:
            reader.follow(f"{document}:{block.line}", block)
    finally:
        shell.close()
        reader.close()


def test_the_first_screen_is_run():
    """Nothing above would notice if the README lost its commands, or hid them from this reader."""
    blocks = DOCUMENTS["README.md"]
    commands = [command for block in blocks for command in block.commands()]
    assert any(run and run.arguments[:1] == ["dev"] for run in map(CargoRun.parse, commands))
    assert any("/api/login" in block.text for block in blocks)
    assert any(block.language == "python" and "jwt" in block.text for block in blocks)


def test_clients_in_a_document_have_the_settings_that_there_are():
    """A table with a name that the engine doesn't know is refused as a whole."""
    rows = (ROOT / "crates/symbolon/src/client/table.rs").read_text()
    (row,) = re.findall(r"^struct Row \{\n(.*?)^\}", rows, re.DOTALL | re.MULTILINE)
    known = set(re.findall(r"^    (\w+): ", row, re.MULTILINE))
    text = (ROOT / "docs/log-in-with.md").read_text()
    tables = [tomllib.loads(table)["clients"] for table in re.findall(r"^```toml\n(.*?)^```$", text, re.DOTALL | re.M)]
    for client in [client for table in tables for client in table.values()]:
        assert client.keys() <= known
        assert client["issuer"].startswith("https://") and client["client_id"]
        # Whoever authenticates says by what, and whoever doesn't has nothing to say.
        by = {"secret_basic": "secret_env", "secret_post": "secret_env", "private_key_jwt": "key_file"}
        assert by.get(client.get("authentication")) in client
    assert len(tables) == 9
    # And the list of all settings is one.
    assert all(re.search(rf"`{name}\b", text) for name in known)
