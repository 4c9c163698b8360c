"""A socket for `http.client` that never waits longer than it may."""

from __future__ import annotations

import io
import select
import socket
import ssl
from typing import Any

from tercera.channels._endpoint import remaining


class Wire:
    """A socket whose every read and write ends at a deadline, so that an answer that trickles in byte by byte
    can't hold a sender for ever. Has what `http.client` asks of a socket."""

    def __init__(self, connected: socket.socket) -> None:
        self.deadline = 0.0
        self._socket = connected

    @property
    def encryption(self) -> str:
        """`TLSv1.3`, say."""
        if isinstance(self._socket, ssl.SSLSocket):
            return self._socket.version() or "TLS"
        return "not encrypted"

    @property
    def is_over(self) -> bool:
        """Whether the other side has ended the connection, or said what it was not asked for."""
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN | select.POLLHUP)
        return bool(waiting.poll(0))

    def sendall(self, data: bytes) -> None:
        """Called by `http.client`."""
        self._socket.settimeout(remaining(self.deadline))
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        """Called by `http.client`."""
        assert mode == "rb"
        return io.BufferedReader(_Timed(self, self._socket))

    def close(self) -> None:
        """Called by `http.client`, also while an answer is still being read."""
        self._socket.close()


class _Timed(io.RawIOBase):
    """Reads from a socket until the wire's deadline."""

    def __init__(self, wire: Wire, connected: socket.socket) -> None:
        self._wire = wire
        self._connected = connected
        self._raw = connected.makefile("rb", buffering=0)

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Called by the buffer around it."""
        self._connected.settimeout(remaining(self._wire.deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Lets go of the socket."""
        self._raw.close()
        super().close()
