"""Starts the example programs, and logs in to them as their READMEs say."""

import json
from pathlib import Path

import canaries
from servers import Program
from web import Answer, call


class OauthLogin(Program):
    """The running example that lets people log in at a provider; its users are that one's."""

    def __init__(self, *arguments: str, log: Path, listen: str = "127.0.0.1:0", **where: Path | dict[str, str]):
        super().__init__("oauth-login", "--listen", listen, *arguments, log=log, **where)
        self.url = self.first_line.removeprefix("listening on ").strip()


class Example(Program):
    """A running example: where it listens, and the password that it printed for its users."""

    def __init__(self, name: str, log: Path, environment: dict[str, str] | None = None):
        super().__init__(name, "--listen", "127.0.0.1:0", log=log, environment=environment)
        self.url = self.first_line.removeprefix("listening on ").strip()
        (said,) = self.read_until("log in as ")
        _, _, _, self.username, _, self.password = said.split()
        canaries.remember(self.password)

    def send(
        self, method: str, path: str, body: object = None, headers: list[tuple[str, str]] | None = None
    ) -> Answer:
        """One request; a body goes out as JSON."""
        headers = list(headers or [])
        if body is None:
            return call(self.url + path, method, headers)
        headers.append(("Content-Type", "application/json"))
        return call(self.url + path, method, headers, json.dumps(body).encode())
