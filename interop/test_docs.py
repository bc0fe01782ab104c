"""Runs what the README files and docs/ tell the reader to type.

Every ```sh and ```python block runs, from top to bottom, each document as one shell session in an empty
folder, its python blocks under the Python that has PyJWT. A block marked `no-run` (```sh no-run) and
blocks in other languages (```console, ```text, ...) are only read. What stands in for the reader:

* `cargo run ... -- dev ...` is the first terminal: that server is started in the background, from the
  build that is being tested and on a free port, which replaces the documented one in all blocks.
  `cargo run ... -p guarded-service -- ...` likewise.
* What the server printed is in the reader's hands: in the variables `USERNAME`, `PASSWORD`, `TOKEN` and
  `ISSUER`, and wherever a document shows an ellipsis after a name (`PASSWORD='…'`, `"password": "…"`,
  `Bearer …`).
* What fetches this repository, or would run these tests inside themselves, is left out (`SKIPPED`).
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import StartDev, StartService
from servers import ROOT

SKIPPED = ("git clone ", "cd symbolon", "./test", "./bench", "cargo test", "cargo bench")
DEV_ADDRESS, SERVICE_ADDRESS = "127.0.0.1:8080", "127.0.0.1:3000"
FENCE = re.compile(r"^```(?P<language>sh|python)(?P<marks>[^\n]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
FILLED_IN = re.compile(r"""(?P<before>\b(?P<name>\w+)["']?\s*[=:]\s*["']?|\b(?P<scheme>Bearer) )(?:…|\.{3})""")
TIME_LIMIT = 120


@dataclass(frozen=True)
class Block:
    """A block that is to be run."""

    line: int
    language: str
    text: str


def blocks_of(markdown: str) -> Iterator[Block]:
    """The runnable blocks of a document, in order."""
    for fence in FENCE.finditer(markdown):
        if "no-run" not in fence["marks"].split():
            yield Block(markdown.count("\n", 0, fence.start()) + 1, fence["language"], fence["text"])


def commands_of(block: Block) -> Iterator[str]:
    """The lines of a shell block, continued lines joined."""
    if block.language == "sh":
        yield from block.text.replace("\\\n", " ").splitlines()


def cargo_run(command: str) -> tuple[list[str], list[str]] | None:
    """What stands before and after the `--` of a `cargo run`."""
    words = shlex.split(command, comments=True) if command.startswith("cargo run") else []
    if "--" not in words:
        return None
    middle = words.index("--")
    return words[2:middle], words[middle + 1 :]


def listen_address(arguments: list[str]) -> tuple[str | None, list[str]]:
    """Takes `--listen ADDRESS` out of the arguments."""
    if "--listen" not in arguments:
        return None, arguments
    at = arguments.index("--listen")
    return arguments[at + 1], arguments[:at] + arguments[at + 2 :]


DOCUMENTS = {
    str(path.relative_to(ROOT)): blocks
    for pattern in ["README.md", "docs/**/*.md", "examples/*/README.md", "crates/*/README.md"]
    for path in sorted(ROOT.glob(pattern))
    if (blocks := list(blocks_of(path.read_text())))
}


class Session:
    """The programs that a document has the reader start, and the text that follows from them."""

    def __init__(self, start_dev: StartDev, start_service: StartService):
        self._start_dev, self._start_service = start_dev, start_service
        self._addresses: dict[str, str] = {}
        self._values: dict[str, str] = {}

    def start(self, blocks: list[Block]) -> None:
        """Starts what the blocks start with `cargo run`."""
        for command in (line for block in blocks for line in commands_of(block)):
            match cargo_run(command):
                case (_, ["dev", *arguments]):
                    self._start_server([word for word in arguments if word != "--json"])
                case (options, arguments) if "guarded-service" in options:
                    self._start_guarded_service(arguments)
                case (_, arguments):
                    pytest.fail(f"this runner doesn't know `cargo run -- {shlex.join(arguments)}`")

    def _start_server(self, arguments: list[str]) -> None:
        documented, arguments = listen_address(arguments)
        dev = self._start_dev(*arguments)
        self._addresses[documented or DEV_ADDRESS] = dev.issuer.removeprefix("http://")
        self._values = {name: value for name, value in dev.said.items() if isinstance(value, str)}
        self._values |= {"token": dev.access_token, "bearer": dev.access_token}

    def _start_guarded_service(self, arguments: list[str]) -> None:
        documented, arguments = listen_address(arguments)
        at = arguments.index("--issuer")
        issuer, *others = map(self.translated, [arguments[at + 1], *arguments[:at], *arguments[at + 2 :]])
        service = self._start_service(issuer, *others)
        self._addresses[documented or SERVICE_ADDRESS] = service.url.removeprefix("http://")

    def translated(self, text: str) -> str:
        """The text with the real addresses and the values filled in."""
        for documented, real in self._addresses.items():
            port = documented.rpartition(":")[2]
            text = text.replace(documented, real).replace(f"localhost:{port}", real)
        return FILLED_IN.sub(self._fill_in, text)

    def _fill_in(self, found: re.Match) -> str:
        name = (found["name"] or found["scheme"]).lower()
        return found["before"] + self._values[name] if name in self._values else found[0]

    def variables(self) -> dict[str, str]:
        """What the reader has put into the shell."""
        return {
            name.upper(): self._values[name] for name in ("username", "password", "token", "issuer") if self._values
        }

    def script(self, document: str, blocks: list[Block], folder: Path) -> str:
        """One shell script out of all blocks; its trace says which block is at work."""
        lines = ["set -euo pipefail"]
        for block in blocks:
            lines.append(f"echo '--- {document}:{block.line}'")
            if block.language == "python":
                file = folder / f"line-{block.line}.py"
                file.write_text(self.translated(block.text))
                lines.append(f"python {file}")
                continue
            for command in commands_of(block):
                left_out = command.startswith(SKIPPED) or cargo_run(command)
                lines.append(f"# {command}" if left_out else self.translated(command))
        return "\n".join(lines)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_commands_of_the_document_work(
    document: str, tmp_path: Path, start_dev: StartDev, start_service: StartService
):
    blocks = DOCUMENTS[document]
    session = Session(start_dev, start_service)
    session.start(blocks)
    folder = tmp_path / "reader"
    folder.mkdir()
    ran = subprocess.run(
        ["bash", "-s"],
        input=session.script(document, blocks, folder),
        cwd=folder,
        env={**os.environ, **session.variables(), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIME_LIMIT,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_the_first_screen_is_run():
    """Nothing above would notice if the README lost its commands, or hid them from this runner."""
    blocks = DOCUMENTS["README.md"]
    commands = [command for block in blocks for command in commands_of(block)]
    assert any(run and run[1][:1] == ["dev"] for run in map(cargo_run, commands))
    assert any("/api/login" in block.text for block in blocks)
    assert any(block.language == "python" and "jwt" in block.text for block in blocks)
