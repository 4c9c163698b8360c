"""A real web server that takes every request, but where it was told to answer otherwise.

with WebServer() as server:
    server.answer(429, "slow down", {"Retry-After": "30"})
    ...
    assert [request.body for request in server.taken] == [...]
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tercera.demo.mailbox import HOST
from tests.servers.certificates import Certificates


class Act(Enum):
    """What a server may do instead of answering."""

    HANG = auto()
    TRICKLE = auto()  # answers byte by byte, without end
    NONSENSE = auto()  # answers something that is not HTTP
    KEEP_AND_DROP = auto()  # takes the request and ends the connection without a word
    ANSWER_AND_DROP = auto()  # answers, and then ends the connection without saying that it will


@dataclass(frozen=True)
class Request:
    """One that was taken: answered with 2xx, or kept before the connection was dropped."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


@dataclass(frozen=True)
class _Reply:
    status: int
    body: str = "ok"
    headers: Mapping[str, str] = field(default_factory=dict)


class WebServer:
    """`taken` holds what was accepted, `seen` every request; `connections` counts what was opened.

    `needs` is a header value that every request must carry in `Authorization`.
    """

    def __init__(self, *, certificates: Certificates | None = None, needs: str | None = None) -> None:
        self.taken: list[Request] = []
        self.seen: list[Request] = []
        self.connections = 0
        self.needs = needs
        self._next: list[_Reply | Act] = []
        self._certificates = certificates
        self._over = threading.Event()
        self._ended = threading.Semaphore(0)

    @property
    def port(self) -> int:
        """Where it listens on the loopback interface."""
        return int(self._server.server_address[1])

    def answer(self, how: int | Act, body: str = "", headers: Mapping[str, str] | None = None) -> None:
        """What happens to the next request that was not told of yet."""
        self._next.append(how if isinstance(how, Act) else _Reply(how, body, headers or {}))

    def __enter__(self) -> WebServer:
        self._server = _Server((HOST, 0), _handler_of(self))
        self._server.ended = self._ended
        if self._certificates:
            context = self._certificates.server_context()
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def decide(self, request: Request) -> _Reply | Act:
        """What a request gets; called by its handler."""
        self.seen.append(request)
        if self.needs and request.headers.get("Authorization") != self.needs:
            return _Reply(401, f"not {request.headers.get('Authorization')}")
        reply = self._next.pop(0) if self._next else _Reply(200)
        if reply in (Act.KEEP_AND_DROP, Act.ANSWER_AND_DROP) or (
            isinstance(reply, _Reply) and reply.status < 300
        ):
            self.taken.append(request)
        return reply

    def wait_for_disconnection(self) -> None:
        """Until one more connection has been ended by the server."""
        assert self._ended.acquire(timeout=30)

    def wait_for_end(self) -> None:
        """Until the server is told to end."""
        self._over.wait()

    def is_over(self, seconds: float) -> bool:
        """Whether it ends within so many seconds."""
        return self._over.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    ended: threading.Semaphore

    def shutdown_request(self, request: Any) -> None:
        """Called by the library when a connection is done with."""
        super().shutdown_request(request)
        self.ended.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no event."""


def _handler_of(server: WebServer) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            server.connections += 1
            self.number = server.connections
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.command, self.path, dict(self.headers.items()), body, self.number)
            self._give(server.decide(request))

        do_GET = do_POST

        def _give(self, reply: _Reply | Act) -> None:
            match reply:
                case Act.HANG:
                    server.wait_for_end()
                case Act.TRICKLE:
                    self._trickle()
                case Act.NONSENSE:
                    self.wfile.write(b"220 smtp.example.com ESMTP\r\n")
                case Act.KEEP_AND_DROP:
                    pass
                case Act.ANSWER_AND_DROP:
                    self._reply(_Reply(200))
                case _Reply():
                    self._reply(reply)
                    return
            self.close_connection = True

        def _trickle(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            with suppress(OSError):
                while not server.is_over(0.05):
                    self.wfile.write(b".")

        def _reply(self, reply: _Reply) -> None:
            body = reply.body.encode()
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Nothing."""

    return Handler
