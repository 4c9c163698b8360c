"""Listens for browsers and programs: as long as the process, or beside the daemon in a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address

import uvicorn

from tercera.config.web import WebSettings
from tercera.errors import ConfigError, TerceraError
from tercera.web.building import build
from tercera.web.guarding import Guarded
from tercera.web.problems import Explained
from tercera.web.prompt import patient
from tercera.web.site import Site

PATIENCE = 5
"""Seconds that answers which are under way may take when the server stops."""


_QUEUE = 100
"""Connections that wait to be taken in."""


class PortTakenError(TerceraError):
    """Another program listens there."""


@dataclass(frozen=True)
class Listening:
    """A server that runs. `url` is where it is on this machine."""

    url: str
    server: uvicorn.Server
    thread: threading.Thread


def listening_socket(settings: WebSettings, users: int) -> socket.socket:
    """Bound where the settings say. ConfigError: beyond this machine, and nobody could log in;
    PortTakenError: another program listens there."""
    if not is_loopback(settings.host) and users == 0:
        raise ConfigError(
            f"web.host: {settings.host} can be reached from other machines, and there are no users yet; "
            "`tercera users add NAME --role admin` adds one, or leave web.host at 127.0.0.1"
        )
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # Named, the protocol is known to be one whose small packets asyncio lets go at once (TCP_NODELAY):
        # else each answer waits 40 ms for the other side's word that its head has arrived.
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(_QUEUE)  # whoever is told the address may come before the server takes anybody in
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise PortTakenError(
            f"web: can't listen on {settings.host}, port {settings.port} ({error.strerror or error}); "
            "set web.port to another one (0: any that is free)"
        ) from None
    return bound


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url_of(bound: socket.socket) -> str:
    """Where it is, as a browser on this machine writes it."""
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared with, not listened on
    return f"http://{shown}:{port}"


def server_of(site: Site) -> uvicorn.Server:
    """A server for the site, which is not running yet."""
    proxies = site.app.settings.web.proxies
    return uvicorn.Server(
        uvicorn.Config(
            Guarded(Explained(build(site)), secure=site.is_secure),
            log_config=None,
            access_log=False,  # addresses of pages hold customers, and links hold secrets
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies or None,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=PATIENCE,
            limit_concurrency=400,
            h11_max_incomplete_event_size=64 << 10,
            http=patient(site.patience),
            ws="none",
            lifespan="off",
        )
    )


@contextmanager
def serving(site: Site, bound: socket.socket) -> Iterator[Listening]:
    """Serves in a thread until the end of the block."""
    server = server_of(site)
    thread = threading.Thread(target=lambda: server.run(sockets=[bound]), name="web")
    thread.start()
    try:
        yield Listening(url_of(bound), server, thread)
    finally:
        site.closing.set()
        server.should_exit = True
        thread.join()
        bound.close()
