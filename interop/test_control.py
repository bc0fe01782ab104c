"""The control socket: whom a running server listens to."""

import os
import socket
from pathlib import Path

import pytest

from conftest import NOBODY
from servers import DEADLINE, Site

STRANGER = NOBODY - 1


def ask_as(user: int, control: Path) -> bytes:
    """What another user is told at a control socket before asking for anything."""
    with socket.socket(socket.AF_UNIX) as server:
        server.settimeout(DEADLINE)
        os.seteuid(user)
        try:
            server.connect(str(control))
        finally:
            os.seteuid(0)
        server.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: server.recv(4096), b""))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_stranger_on_the_control_socket_is_told_nothing(others: Site):
    """The modes keep others away; where somebody has changed them, the system says who it is."""
    server = others.serve()
    control = others.data / "control.sock"
    with pytest.raises(PermissionError):
        ask_as(STRANGER, control)
    others.data.chmod(0o711)
    with pytest.raises(PermissionError):
        ask_as(STRANGER, control)
    control.chmod(0o666)
    assert b'"forbidden"' in ask_as(STRANGER, control)
    assert "a stranger on the control socket" in server.log()
    # Its owner goes on.
    shown = others.run("key", "list", "--json")
    assert (shown.returncode, "ES256" in shown.stdout) == (0, True), shown
    server.stop()
