"""A port of this machine where nobody listens."""

from __future__ import annotations

import socket

from tercera.demo.mailbox import HOST


def free_port() -> int:
    """One that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
