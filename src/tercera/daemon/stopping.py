"""Stopping on signals, so that what is being written or sent is finished first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HEARS_EVERY = 1.0
"""Seconds after which a signal is heard at the latest that the system gave to another thread than the main
one: that does not end the waiting of the main one."""


@contextmanager
def stopping_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM or SIGINT sets. Ctrl-C a second time ends the process at once; SIGTERM does not,
    because supervisors repeat it (to the process, then to its group)."""
    stop = threading.Event()

    def handle(number: int, _: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {each: signal.signal(each, handle) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, signal.SIG_DFL if handler is None else handler)
