"""The demo's dashboard: the shop's year as it passes, under the clock of whoever looks."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from tercera.app import App
from tercera.config.web import WebSettings
from tercera.demo.replay import Life
from tercera.web.entering import link_of
from tercera.web.server import PortTakenError, listening_socket, serving, url_of
from tercera.web.site import Site

USER = "demo"
LINK_LASTS = timedelta(hours=12)
"""How long the link lets somebody in who did not use it yet."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the dashboard will listen on this machine."""

    bound: socket.socket

    @property
    def url(self) -> str:
        """For browsers."""
        return url_of(self.bound)

    @contextmanager
    def serving(self, life: Life) -> Iterator[str]:
        """Serves the dashboard until the end; gives a link that lets an admin in once. The clock of the shop
        stands still between two sweeps: sessions and what people do go by the real one."""
        app = App(life.app.settings)
        try:
            with serving(Site(app, life.ledger, app.keys, life.demo.folder / "mail"), self.bound):
                yield link_of(life.ledger, USER, self.url, app.clock(), LINK_LASTS)
        finally:
            app.close()


@contextmanager
def place() -> Iterator[Place]:
    """Where it usually listens, or where nobody else does."""
    with closing(_bound()) as bound:
        yield Place(bound)


def _bound() -> socket.socket:
    try:
        return listening_socket(WebSettings(), users=0)
    except PortTakenError:
        return listening_socket(WebSettings(port=0), users=0)
