"""How many messages may go out in how long, and when the next one may. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tercera.notation.durations import parse_duration

PATTERN = r"^[1-9][0-9]{0,5}/[0-9]{0,6}[smhdw]$"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` messages in any stretch of time as long as `period`."""

    count: int
    period: timedelta


def parse_rate(text: str) -> Rate:
    """`100/1m`, `5/d`. ValueError for anything else."""
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"{text!r} is no rate; write a number, a slash and a duration, like 100/1m or 5/1d")
    count, _, period = text.partition("/")
    length = parse_duration(period if period[0].isdigit() else f"1{period}")
    if not length:
        raise ValueError(f"{text!r} is a rate without a duration; write one like 100/1m or 5/1d")
    return Rate(int(count), length)


class Pace:
    """The times of what was sent, and of what is to be: tells when the next one fits."""

    def __init__(self, rate: Rate, sent: Iterable[datetime] = ()) -> None:
        self.rate = rate
        self._times = sorted(sent)

    def earliest(self, moment: datetime) -> datetime:
        """`moment`, or the first one after it at which fewer than the allowed number lie in the period."""
        while True:
            until = bisect_right(self._times, moment)
            within = until - bisect_right(self._times, moment - self.rate.period, 0, until)
            if within < self.rate.count:
                return moment
            moment = self._times[until - self.rate.count] + self.rate.period

    def take(self, moment: datetime) -> None:
        """One is sent then."""
        insort(self._times, moment)
