"""When a channel may speak: days and quiet hours, by the recipient's wall clock. Pure.

A moment is allowed when the wall clock shows an allowed day and no quiet hour, whatever the clock was set to
before: an hour that comes twice in autumn is quiet (or not) twice, one that is left out in spring is neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tercera.telling.rates import Rate

EVERY_DAY = frozenset(range(7))
_DAYS_AHEAD = 400
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours in which nothing is sent: from `start` up to `end` of the wall clock, over midnight when the
    end is the earlier of the two."""

    start: time
    end: time

    def covers(self, clock: time) -> bool:
        """Whether it is quiet when the wall clock shows this."""
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


@dataclass(frozen=True, slots=True)
class Hours:
    """On which `days` (Monday is 0) a channel speaks, and its `quiet` hours."""

    quiet: Quiet | None = None
    days: frozenset[int] = EVERY_DAY

    @property
    def always(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.quiet is None and self.days == EVERY_DAY

    def allow(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether a message may go out now."""
        local = now.astimezone(zone)
        return local.weekday() in self.days and not (self.quiet and self.quiet.covers(local.time()))

    def next_allowed(self, now: datetime, zone: ZoneInfo) -> datetime:
        """`now`, or the first moment after it at which a message may go out, in UTC."""
        if self.always or self.allow(now, zone):
            return now
        for ahead in range(_DAYS_AHEAD):
            begin = now.astimezone(UTC) + timedelta(days=ahead)
            end = begin + timedelta(days=1)
            moments = (each for each in self._changes(begin, end, zone) if begin <= each < end)
            for moment in sorted(moments):
                if self.allow(moment, zone):
                    return moment
        raise AssertionError(f"{self} allows nothing in {zone} after {now}")

    def _changes(self, begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """The moments around this day at which what is allowed can begin: midnight, the end of the quiet
        hours, and when the clock is set."""
        first = begin.astimezone(zone).date()
        for day in (first - timedelta(days=1), first, first + timedelta(days=1), first + timedelta(days=2)):
            yield from _moments(day, time(0), zone)
            if self.quiet is not None:
                yield from _moments(day, self.quiet.end, zone)
        if begin.astimezone(zone).utcoffset() != end.astimezone(zone).utcoffset():
            yield _clock_change(begin, end, zone)


@dataclass(frozen=True, slots=True)
class Timing:
    """When a channel may speak to whom, and how often. `zone` is of recipients who have none of their own;
    levels in `urgent` ignore the hours."""

    zone: str = "UTC"
    hours: Hours = Hours()
    urgent: frozenset[str] = frozenset()
    per_channel: Rate | None = None
    per_recipient: Rate | None = None

    @property
    def free(self) -> bool:
        """Whether everything may always go out."""
        return self.hours.always and self.per_channel is None and self.per_recipient is None


@lru_cache(maxsize=512)
def zone_of(own: str | None, otherwise: str) -> ZoneInfo:
    """A recipient's own zone; the other one where it has none, or what was written is no zone."""
    try:
        return ZoneInfo(own) if own else ZoneInfo(otherwise)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(otherwise)


def _moments(day: date, clock: time, zone: ZoneInfo) -> Iterator[datetime]:
    """When the wall clock shows this: once, twice in autumn. In the hour that spring leaves out it never
    does; what is given then is harmless, since whoever asks looks at the clock again."""
    for fold in (0, 1):
        yield datetime.combine(day, clock.replace(fold=fold), zone).astimezone(UTC)


def _clock_change(begin: datetime, end: datetime, zone: ZoneInfo) -> datetime:
    """The moment between the two at which the wall clock is set, to the second."""
    before = begin.astimezone(zone).utcoffset()
    while end - begin > _SECOND:
        middle = begin + (end - begin) / 2
        if middle.astimezone(zone).utcoffset() == before:
            begin = middle
        else:
            end = middle
    return end.replace(microsecond=0)
