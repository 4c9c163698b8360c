"""When an order was placed, as expressions: a date is never shifted, a time is shown by the rule's clock.

In three steps, each a column of its own, so that an engine works each out once: what is written (`stamp`),
what the clock showed where it was written (`shown`), what the rule's clock showed at that moment (`clock`).
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime, time, timedelta
from enum import IntEnum

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.cells import Dialect
from tercera.dates import DateFormat
from tercera.model import Placed
from tercera.orders import OrderFields, Scope, Timestamps
from tercera.shifts import Step, steps
from tercera.windows import read_local

CLOCK = dt.Timestamp()
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a wall clock)
_MICROSECOND = timedelta(microseconds=1)
_MARGIN = timedelta(days=3)
"""No clock is as far as this from another."""


class _Written(IntEnum):
    """What kind of moment stands there."""

    DAY = 0
    LOCAL = 1
    INSTANT = 2


def stamp(value: ir.Value, dialect: Dialect, fields: OrderFields) -> ir.IntegerValue:
    """What is written, as one number: four times the microseconds since 1970, and its kind. Null when it
    can't be read."""
    kind = value.type()
    if kind.is_string():
        return ibis.coalesce(
            *(_number(dialect.moment(value, form), _kind_of(form), dialect) for form in fields.date_formats)
        )
    if kind.is_date():
        return _number(_sane(value.cast(CLOCK)), _Written.DAY, dialect)
    if not kind.is_timestamp():
        return ibis.null(dt.int64)
    if kind.timezone:
        return _number(_sane(dialect.in_utc(value)), _Written.INSTANT, dialect)
    clock = _sane(value.cast(CLOCK))
    means = fields.timestamps or Timestamps.LOCAL
    if means is Timestamps.DATE:
        return _number(clock.truncate("D"), _Written.DAY, dialect)
    local = means is Timestamps.LOCAL
    return _number(clock, _Written.LOCAL if local else _Written.INSTANT, dialect)


def shown(stamped: ir.IntegerValue, dialect: Dialect) -> ir.TimestampValue:
    """The wall clock, or the one in UTC, that is written; the midnight of a day."""
    return dialect.clock(stamped >> 2)


def clock(
    stamped: ir.IntegerValue, shown: ir.TimestampValue, fields: OrderFields, zone: str, scope: Scope
) -> ir.TimestampValue:
    """What the clock of `zone` showed; the midnight of a day. Exact for all that is in scope."""
    branches = [
        (_kind(stamped) == written, _descend(shown, _in_span(steps(source, zone), scope)))
        for written, source in ((_Written.LOCAL, fields.timezone or zone), (_Written.INSTANT, "UTC"))
        if source != zone
    ]
    return ibis.cases(*branches, else_=shown) if branches else shown


def placed_number(stamped: ir.IntegerValue, clock: ir.TimestampValue, dialect: Dialect) -> ir.IntegerValue:
    """A number that sorts as times do, a day before its midnight: see `read_placed`."""
    is_time = ibis.ifelse(_kind(stamped) == _Written.DAY, 0, 1).cast("int64")
    return dialect.microseconds(clock) * 2 + is_time


def read_placed(number: int, zone: str) -> Placed:
    """The day or time that a `placed` number stands for: twice the microseconds, one more for a time."""
    microseconds, is_time = divmod(number, 2)
    shown = _EPOCH + microseconds * _MICROSECOND
    return read_local(shown, zone) if is_time else shown.date()


def _kind_of(form: DateFormat) -> _Written:
    if not form.has_time:
        return _Written.DAY
    return _Written.INSTANT if form.has_offset else _Written.LOCAL


def _number(clock: ir.TimestampValue, kind: _Written, dialect: Dialect) -> ir.IntegerValue:
    return dialect.microseconds(clock) * 4 + int(kind)


def _kind(stamped: ir.IntegerValue) -> ir.IntegerValue:
    return stamped & 3


def _sane(clock: ir.TimestampValue) -> ir.TimestampValue:
    """Null where no calendar of ours reaches, so that such a date is a reject and no failure."""
    inside = clock.between(ibis.timestamp("0001-01-02 00:00:00"), ibis.timestamp("9999-12-30 00:00:00"))
    return ibis.ifelse(inside, clock, ibis.null(CLOCK))


def _in_span(choices: tuple[Step, ...], scope: Scope) -> tuple[Step, ...]:
    """The steps that can matter to a row in scope."""
    last = len(choices)
    if scope.end is not None:
        last = max(1, bisect_left(choices, _midnight(scope.end) + _MARGIN, key=lambda step: step.since))
    first = 0
    if scope.start is not None:
        first = bisect_left(choices, _midnight(scope.start) - _MARGIN, key=lambda step: step.since) - 1
    return choices[max(0, min(first, last - 1)) : last]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _descend(clock: ir.TimestampValue, choices: tuple[Step, ...]) -> ir.TimestampValue:
    """A search tree of comparisons: a few for each row, however many steps there are."""
    if len(choices) == 1:
        seconds = int(choices[0].ahead.total_seconds())
        return clock + ibis.interval(seconds, unit="s") if seconds else clock
    middle = len(choices) // 2
    return ibis.ifelse(
        clock < ibis.literal(choices[middle].since, CLOCK),
        _descend(clock, choices[:middle]),
        _descend(clock, choices[middle:]),
    )
