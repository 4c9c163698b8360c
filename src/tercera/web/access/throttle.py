"""Slows down whoever guesses passwords: for each name and each address, in this process."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

FREE = 5
"""Failures in a quarter of an hour that cost nothing."""

SPAN = timedelta(minutes=15)
KEPT = 10_000
"""Names and addresses that are remembered at most: the oldest are forgotten."""


class Throttle:
    """Counts failures. May be used by several threads."""

    def __init__(self) -> None:
        self._failures: dict[str, deque[datetime]] = {}
        self._lock = threading.Lock()

    def wait(self, who: Iterable[str], now: datetime) -> timedelta:
        """How long none of these may try again; zero when they may."""
        with self._lock:
            return max((self._wait(each, now) for each in who), default=timedelta(0))

    def failed(self, who: Iterable[str], now: datetime) -> None:
        """They tried in vain."""
        with self._lock:
            for each in who:
                times = self._failures.pop(each, deque(maxlen=64))
                times.append(now)
                self._failures[each] = times  # the latest last
                if len(self._failures) > KEPT:
                    del self._failures[next(iter(self._failures))]

    def succeeded(self, who: str) -> None:
        """The right one came: what was counted under this name is forgotten."""
        with self._lock:
            self._failures.pop(who, None)

    def _wait(self, who: str, now: datetime) -> timedelta:
        times = self._failures.get(who)
        if times is None:
            return timedelta(0)
        while times and now - times[0] > SPAN:
            times.popleft()
        excess = len(times) - FREE
        if excess < 0:
            return timedelta(0)
        pause = min(timedelta(seconds=2**excess), SPAN)
        return max(times[-1] + pause - now, timedelta(0))
