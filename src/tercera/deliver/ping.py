"""A sign of life for a service that notices when it stays away, such as Healthchecks: one request per cycle.

Its URL lets whoever knows it speak for us, so it is never shown. Nothing here can fail a cycle: what went
wrong is said once, when it begins.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tercera.channels._endpoint import parse_url, tls_context
from tercera.channels._http import Connection, Server, accepted
from tercera.errors import DeliveryError

PATIENCE = 5.0
"""Seconds that one request may take."""


@dataclass(frozen=True, slots=True)
class PingUrls:
    """Where to: after a cycle that succeeded, and after one that did not (None: nowhere)."""

    good: str | None = field(repr=False)
    bad: str | None = field(default=None, repr=False)
    allow_private: bool = False


class Ping:
    """Tells a service how each cycle ended. Used by one thread."""

    def __init__(self, urls: PingUrls) -> None:
        self._urls = urls
        self._failed = False

    def tell(self, *, good: bool) -> str | None:
        """Asks the URL once; gives what to log: that it begins to fail, or works again."""
        url = self._urls.good if good else self._urls.bad
        if url is None:
            return None
        try:
            self._ask(url)
        except DeliveryError as error:
            began, self._failed = not self._failed, True
            return f"the heartbeat ping failed: {error.reason}" if began else None
        over, self._failed = self._failed, False
        return "the heartbeat ping works again" if over else None

    def _ask(self, url: str) -> None:
        endpoint = parse_url(url)
        context = tls_context(None) if endpoint.secure else None
        server = Server(endpoint, PATIENCE, self._urls.allow_private, context, endpoint.secrets)
        connection = Connection(server)
        try:
            accepted(endpoint.place, connection.request("GET", endpoint.target, {}, None))
        finally:
            connection.close()
