"""Renewing a lease beside the work that depends on it, and waiting for a database that is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TypeVar

from tercera.errors import LedgerError, OutageError

PATIENCE = 30.0
PAUSE = 0.5
"""Seconds: how long a database that is away is waited for, and how long between two tries."""

T = TypeVar("T")


@contextmanager
def renewing(renew: Callable[[], object], lease: timedelta) -> Iterator[None]:
    """Renews four times while a lease lasts, in a thread of its own, until the end. What fails is tried again
    the next time: whoever uses the lease finds out by itself whether it was lost."""
    over = threading.Event()

    def again_and_again() -> None:
        while not over.wait(lease.total_seconds() / 4):
            with suppress(LedgerError):
                renew()

    thread = threading.Thread(target=again_and_again, name="renewing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def patiently(work: Callable[[], T]) -> T:
    """What `work` gives as soon as the database is back. Raises the `OutageError` that lasts too long."""
    tries_end = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except OutageError:
            if time.monotonic() >= tries_end:
                raise
        time.sleep(PAUSE)
