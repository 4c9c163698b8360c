"""When to try again: a message that was refused for now, and a channel whose other side is away. Pure.

Pauses double from the first to the longest. Half of each is drawn by lot, so that what failed together does
not come back together: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ calls it
equal jitter. Lots are numbers from 0 up to 1, drawn by the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_SHORTEST_ASKED = timedelta(seconds=1)
_DOUBLINGS = 30
"""More of them lead beyond every longest pause."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A message gets `attempts`, and none more than `max_age` after its first refusal. Its pauses grow from
    `first_pause` to `longest_pause`, those of a channel that is away to `longest_probe_pause`."""

    first_pause: timedelta = timedelta(seconds=30)
    longest_pause: timedelta = timedelta(hours=12)
    longest_probe_pause: timedelta = timedelta(minutes=15)
    attempts: int = 20
    max_age: timedelta = timedelta(days=3)

    def due_after(
        self, refused: Sequence[datetime], now: datetime, lot: float, asked: timedelta | None = None
    ) -> datetime | None:
        """When to try a message again that was refused at these times and now, None for never.

        `asked` is the shortest pause that the other side wants.
        """
        if len(refused) + 1 >= self.attempts:
            return None
        pause = _pause(self.first_pause, self.longest_pause, len(refused), lot)
        if asked is not None:
            pause = max(pause, min(asked, self.longest_pause))
        due_at = now + pause
        return None if refused and due_at - refused[0] > self.max_age else due_at

    def probe_after(
        self, failures: int, now: datetime, lot: float, asked: timedelta | None = None
    ) -> datetime:
        """When to look again whether a channel is back, after so many failures in a row (1 at least).

        What the other side asked for takes the place of the pause, up to the longest.
        """
        if asked is not None:
            return now + max(_SHORTEST_ASKED, min(asked, self.longest_pause))
        return now + _pause(self.first_pause, self.longest_probe_pause, failures - 1, lot)


def _pause(first: timedelta, longest: timedelta, before: int, lot: float) -> timedelta:
    whole: timedelta = min(first * 2 ** min(before, _DOUBLINGS), longest)
    return whole / 2 + whole / 2 * lot
