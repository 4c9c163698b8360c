"""What is dear is done for one visitor at a time: looking through years of orders."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tercera.web.asked import AskedError

PATIENCE = 10.0
"""Seconds that somebody waits for their turn."""


class BusyError(AskedError):
    """Somebody else's turn lasts."""

    status = 429


class Turns:
    """One at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Waits a little for the turn. Raises `BusyError`."""
        if not self._lock.acquire(timeout=PATIENCE):
            raise BusyError("somebody else looks through history at this moment; ask again later").said_as(
                "busy"
            )
        try:
            yield
        finally:
            self._lock.release()
