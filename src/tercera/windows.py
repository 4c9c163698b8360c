"""Calendar windows in a zone: which one a moment falls in, when each begins and ends, which are watched.

A window is a run of whole calendar days in the rule's zone. A date without a time belongs to the day that is
written; an instant belongs to the day that the rule's zone shows at that instant. So no window is a fixed
number of hours, and nothing here adds 24 of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import assert_never
from zoneinfo import ZoneInfo

from tercera.model import Period, Placed, WindowId

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A calendar window: the days from `start` up to and without `end`."""

    period: Period
    start: date
    end: date

    @property
    def id(self) -> WindowId:
        """`2023-06-09`, `2023-W23` (ISO week), `2023-06`, `2023-Q2` or `2023`."""
        match self.period:
            case Period.DAY:
                text = self.start.isoformat()
            case Period.WEEK:
                iso = self.start.isocalendar()
                text = f"{iso.year:04d}-W{iso.week:02d}"
            case Period.MONTH:
                text = f"{self.start.year:04d}-{self.start.month:02d}"
            case Period.QUARTER:
                text = f"{self.start.year:04d}-Q{(self.start.month + 2) // 3}"
            case Period.YEAR:
                text = f"{self.start.year:04d}"
            case _:
                assert_never(self.period)
        return WindowId(text)

    def starts_at(self, zone: str) -> datetime:
        """The first instant (UTC) at which `zone` shows this window's first day."""
        return _first_instant(self.start, zone)

    def ends_at(self, zone: str) -> datetime:
        """The first instant (UTC) after the window."""
        return _first_instant(self.end, zone)

    def following(self) -> Window:
        """The window that begins where this one ends."""
        return window_of_day(self.end, self.period)


def window_of(placed: Placed, period: Period, zone: str) -> Window:
    """The window of a moment. `placed` is a date, which is never shifted, or an aware datetime, which is."""
    if isinstance(placed, datetime):
        if placed.tzinfo is None:
            raise ValueError(f"{placed!r} has no time zone; read it in the source's zone first")
        placed = placed.astimezone(ZoneInfo(zone)).date()
    return window_of_day(placed, period)


def window_of_day(day: date, period: Period) -> Window:
    """The window that holds a calendar day."""
    match period:
        case Period.DAY:
            return Window(period, day, day + _DAY)
        case Period.WEEK:
            monday = day - timedelta(days=day.weekday())
            return Window(period, monday, monday + timedelta(days=7))
        case Period.MONTH:
            return _months(period, day.year, day.month, 1)
        case Period.QUARTER:
            return _months(period, day.year, day.month - (day.month - 1) % 3, 3)
        case Period.YEAR:
            return _months(period, day.year, 1, 12)
        case _:
            assert_never(period)


_SHAPES: dict[Period, str] = {
    Period.DAY: r"(\d{4})-(\d\d)-(\d\d)",
    Period.WEEK: r"(\d{4})-W(\d\d)",
    Period.MONTH: r"(\d{4})-(\d\d)",
    Period.QUARTER: r"(\d{4})-Q([1-4])",
    Period.YEAR: r"(\d{4})",
}


def is_window(text: str) -> bool:
    """Whether it names a window of any period."""
    for period in Period:
        with suppress(ValueError):
            return bool(parse_window(text, period))
    return False


@lru_cache(maxsize=4096)
def parse_window(text: str, period: Period) -> Window:
    """The window that `text` names. ValueError says how such a name is written."""
    found = re.fullmatch(_SHAPES[period], text, re.ASCII)
    example = window_of_day(date(2023, 6, 9), period).id
    problem = ValueError(f"{text!r} is not a {period}; write it like {example}")
    if not found:
        raise problem
    numbers = [int(part) for part in found.groups()]
    try:
        match period:
            case Period.DAY:
                first = date(*numbers)
            case Period.WEEK:
                first = date.fromisocalendar(numbers[0], numbers[1], 1)
            case Period.MONTH:
                first = date(numbers[0], numbers[1], 1)
            case Period.QUARTER:
                first = date(numbers[0], numbers[1] * 3 - 2, 1)
            case Period.YEAR:
                first = date(numbers[0], 1, 1)
            case _:
                assert_never(period)
        return window_of_day(first, period)
    except (ValueError, OverflowError):
        raise problem from None


def watched(
    period: Period, zone: str, now: datetime, grace: timedelta, since: datetime | None = None
) -> list[Window]:
    """The windows that a sweep looks at, earliest first: open now, or closed for less than `grace`.

    `since` is the last time that everything was looked at: a window that was still watched then is watched
    once more, so that whatever changed while nothing ran is not missed.
    """
    seen_until = min(now, since) if since is not None else now
    window = window_of(seen_until - grace - _DAY, period, zone)
    chosen = []
    while window.starts_at(zone) <= now:
        if window.ends_at(zone) + grace > seen_until:
            chosen.append(window)
        window = window.following()
    return chosen


def between(first: date, last: date, period: Period) -> Iterator[Window]:
    """Every window from the one that holds `first` to the one that holds `last`."""
    window = window_of_day(first, period)
    while window.start <= last:
        yield window
        window = window.following()


def read_local(naive: datetime, zone: str) -> datetime:
    """A wall-clock time of `zone` as an aware one: the first of two when the clock was turned back, and read
    with the offset before the jump when the clock never showed it."""
    return naive.replace(tzinfo=ZoneInfo(zone), fold=0)


def _months(period: Period, year: int, month: int, count: int) -> Window:
    start = date(year, month, 1)
    year, month = divmod(year * 12 + month - 1 + count, 12)
    return Window(period, start, date(year, month + 1, 1))


@lru_cache(maxsize=4096)
def _first_instant(day: date, zone: str) -> datetime:
    """Where midnight does not exist (a clock that jumps over it), the instant of the jump."""
    tz = ZoneInfo(zone)
    midnight = datetime.combine(day, time(), tz)
    instant = midnight.astimezone(UTC)
    back = instant.astimezone(tz)
    if back.replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return instant
    # The clock skipped midnight: it was turned on from `before` the jump straight into the new day.
    low, high = instant - timedelta(hours=26), instant
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(tz).date() < day:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
