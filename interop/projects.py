"""Programs that the reader of a document writes: projects of their own, outside of this workspace.

They are built with what the workspace has fetched and compiled, so that nothing comes from the network and
little is compiled twice.
"""

import shlex
import signal
import socket
from pathlib import Path

from servers import PROGRAMS, ROOT, Program

# The first build compiles what the workspace has with other features.
BUILD_TIME_LIMIT = 900
NEW = "cargo new "


def prepare(folder: Path) -> None:
    """Tells Cargo below this folder where things are. Profiles are the workspace's: what was compiled under
    another one could not be taken."""
    sections = (ROOT / "Cargo.toml").read_text().split("\n\n")
    profiles = [section for section in sections if "\n[profile.dev" in f"\n{section}"]
    settings = ["[net]\noffline = true", f'[build]\ntarget-dir = "{PROGRAMS.parent}"', *profiles]
    (folder / ".cargo").mkdir()
    (folder / ".cargo/config.toml").write_text("\n\n".join(settings))


def new(command: str) -> str:
    """A `cargo new`, and the versions that the workspace uses."""
    return f"{command}\ncp {shlex.quote(str(ROOT / 'Cargo.lock'))} {shlex.split(command)[-1]}/"


def free_address() -> str:
    """An address on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return f"127.0.0.1:{found.getsockname()[1]}"


class OwnProgram(Program):
    """The program of the project in a folder, running there. It is ready when it has said a line."""

    def __init__(self, folder: Path, environment: dict[str, str], log: Path):
        super().__init__(folder.name, log=log, environment=environment, folder=folder)

    def stop(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Presses Ctrl-C."""
        return super().stop(how)
