"""Time zones as arithmetic for the server: offsets as decision trees over the zone's own changes.

The offsets are those of this machine's zone data, the same that windows are computed with. So neither the
server's older zone data nor its own reading of hours that occur twice or never can move an order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tercera.mongo.pipelines.expressions import Expression, piecewise

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_MILLISECOND = timedelta(milliseconds=1)

EARLIEST = date(1900, 1, 1)
LATEST = date(2100, 1, 1)
"""The years that date texts can name. Stored timestamps beyond them take the offset at the edge."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days in which the moments of one question lie: only changes of the clock in them matter."""

    first: date = EARLIEST
    last: date = LATEST


@dataclass(frozen=True, slots=True)
class Change:
    """The clock changed at `at` (UTC, naive as the server keeps it)."""

    at: datetime
    before: timedelta
    after: timedelta


@lru_cache(maxsize=64)
def changes(zone: str, span: Span) -> tuple[timedelta, tuple[Change, ...]]:
    """The offset from UTC at the beginning of the span, and each change in it."""
    tz = ZoneInfo(zone)
    moment = datetime.combine(span.first, time(), UTC)
    end = datetime.combine(span.last, time(), UTC)
    first = offset = _offset(moment, tz)
    found = []
    while moment < end:
        following = moment + _DAY
        after = _offset(following, tz)
        if after != offset:
            found.append(Change(_moment_of_change(moment, following, tz), offset, after))
            offset = after
        moment = following
    return first, tuple(found)


def _offset(moment: datetime, tz: ZoneInfo) -> timedelta:
    offset = moment.astimezone(tz).utcoffset()
    assert offset is not None
    return offset


def _moment_of_change(low: datetime, high: datetime, tz: ZoneInfo) -> datetime:
    before = _offset(low, tz)
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset(middle, tz) == before:
            low = middle
        else:
            high = middle
    return high.replace(tzinfo=None)


def wall_of_instant(instant: Expression, zone: str, span: Span) -> Expression:
    """What the zone's clock shows at an instant."""
    first, found = changes(zone, span)
    steps = [(change.at, _milliseconds(change.after)) for change in found]
    return _shifted("$add", instant, piecewise(instant, _milliseconds(first), steps))


def instant_of_wall(wall: Expression, zone: str, span: Span) -> Expression:
    """The instant at which the zone's clock shows `wall`: the first of two, and what the offset before the
    jump gives for a time that was skipped. Both mean that the old offset holds until the later of the two
    readings of the change."""
    first, found = changes(zone, span)
    steps = [(change.at + max(change.before, change.after), _milliseconds(change.after)) for change in found]
    return _shifted("$subtract", wall, piecewise(wall, _milliseconds(first), steps))


def fold_of_instant(instant: Expression, zone: str, span: Span) -> Expression:
    """1 when the clock shows the instant's time for the second time, else 0."""
    steps: list[tuple[datetime, Expression]] = []
    for change in changes(zone, span)[1]:
        if change.after < change.before:
            steps += [(change.at, 1), (change.at + (change.before - change.after), 0)]
    return piecewise(instant, 0, steps)


def _shifted(operator: str, moment: Expression, by: Expression) -> Expression:
    return moment if by == 0 else {operator: [moment, by]}


def _milliseconds(offset: timedelta) -> int:
    return offset // _MILLISECOND
