"""When an order was placed, as expressions: a date is never shifted, a time is shown by the rule's clock.

In steps, each with columns of its own, so that an engine works each out once: how the value reads in the
first of the formats (`first_reading`), what is written (`stamp`), what the clock showed where it was written
(`shown`), what the rule's clock showed at that moment (`clock`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from functools import lru_cache

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.fields import OrderFields, Timestamps
from tercera.model import Placed
from tercera.notation.dates import DateFormat
from tercera.orders import Scope
from tercera.relational.expressions.dialect import Dialect
from tercera.relational.expressions.shifts import Step, steps
from tercera.windows import read_local

_MOST_LISTED = 800
"""Days."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock
_EARLIEST = datetime(1, 1, 2)  # noqa: DTZ001 - a wall clock
_LATEST = datetime(9999, 12, 30)  # noqa: DTZ001 - a wall clock
_MICROSECOND = timedelta(microseconds=1)
_MARGIN = timedelta(days=3)
"""No clock is as far as this from another."""


class _Written(IntEnum):
    """What kind of moment stands there."""

    DAY = 0
    LOCAL = 1
    INSTANT = 2


_MEANING = {
    Timestamps.LOCAL: _Written.LOCAL,
    Timestamps.INSTANT: _Written.INSTANT,
    Timestamps.DATE: _Written.DAY,
}


def first_reading(value: ir.Value, dialect: Dialect, fields: OrderFields) -> ir.Value:
    """The first way of reading a value, which is that of most values; whether it fits is not told yet."""
    if value.type().is_string():
        return dialect.moment(value, fields.date_formats[0])
    return _stored(value, dialect, fields)


def stamp(read: ir.Table, dialect: Dialect, fields: OrderFields, scope: Scope) -> ir.Value:
    """What is written in `tercera_placed`; null when it can't be read.

    A clock of what is stored as a date or a time. Of text the place of the first format that it fits; or,
    where the dialect reads first (`first_reading` as `tercera_first`), a clock where every value is of one
    kind, else one number for both: four times the microseconds since 1970, and the kind.
    """
    value = read.tercera_placed
    if not value.type().is_string():
        return read.tercera_first
    if not dialect.reads_first:
        glances = [(value.isin(days), place) for days, place in _listed(fields, scope)]
        return ibis.cases(
            *glances,
            *((dialect.fits(value, form), place) for place, form in enumerate(fields.date_formats)),
            else_=ibis.null(dt.int8),
        )
    first, *others = fields.date_formats
    ways = [(read.tercera_first, first), *((dialect.moment(value, form), form) for form in others)]
    is_mixed = len(_kinds(value, fields)) > 1
    return ibis.cases(
        *(
            (
                dialect.fits(value, form, clock),
                dialect.microseconds(clock) * 4 + int(_kind_of(form)) if is_mixed else clock,
            )
            for clock, form in ways
        )
    )


def is_shifted(read: ir.Table, fields: OrderFields, zone: str) -> bool:
    """Whether the rule's clock may show another time than what is written."""
    kinds = _kinds(read.tercera_placed, fields)
    return (_Written.INSTANT in kinds and zone != "UTC") or (
        _Written.LOCAL in kinds and (fields.timezone or zone) != zone
    )


def _listed(fields: OrderFields, scope: Scope) -> Iterator[tuple[list[str], int]]:
    """The texts of a scope's days, where there are few, with the place of their format: engines find a text
    in a list faster than they tell by a pattern whether it is a date."""
    if scope.start is None or scope.end is None or (scope.end - scope.start).days > _MOST_LISTED:
        return
    days = [scope.start + timedelta(days=each) for each in range((scope.end - scope.start).days)]
    for place, form in enumerate(fields.date_formats):
        if not form.has_time:
            yield [day.strftime(form.text) for day in days if 1900 <= day.year < 2100], place


def shown(read: ir.Table, dialect: Dialect, fields: OrderFields) -> ir.Value:
    """The wall clock, or the one in UTC, that is written; the midnight of a day. Of `tercera_stamp`."""
    value, stamped = read.tercera_placed, read.tercera_stamp
    if not value.type().is_string():
        return stamped
    if dialect.reads_first:
        return dialect.clock(stamped >> 2) if len(_kinds(value, fields)) > 1 else stamped
    return ibis.cases(
        *((stamped == place, dialect.moment(value, form)) for place, form in enumerate(fields.date_formats)),
        else_=ibis.null(dialect.clock_type),
    )


def clock(read: ir.Table, dialect: Dialect, fields: OrderFields, zone: str, scope: Scope) -> ir.Value:
    """What the clock of `zone` showed; the midnight of a day. Exact for all that is in scope.

    `read` has the columns `tercera_stamp` and `tercera_shown`, as the functions above made them.
    """
    kinds, clock = _kinds(read.tercera_placed, fields), read.tercera_shown
    branches = [
        (
            _is(read, kind, dialect, fields),
            dialect.shifted(clock, _in_span(steps(source, zone), scope)),
        )
        for kind, source in ((_Written.LOCAL, fields.timezone or zone), (_Written.INSTANT, "UTC"))
        if kind in kinds and source != zone
    ]
    return ibis.cases(*branches, else_=clock) if branches else clock


def placed_number(read: ir.Table, dialect: Dialect, fields: OrderFields) -> ir.IntegerValue:
    """A number that sorts as times do, a day before its midnight: see `read_placed`. `read` has
    `tercera_clock` as well."""
    is_day = _is(read, _Written.DAY, dialect, fields)
    return dialect.microseconds(read.tercera_clock) * 2 + ibis.ifelse(is_day, 0, 1).cast("int64")


@lru_cache(maxsize=8192)
def read_placed(number: int, zone: str) -> Placed:
    """The day or time that a `placed` number stands for: twice the microseconds, one more for a time."""
    microseconds, is_time = divmod(number, 2)
    shown = _EPOCH + microseconds * _MICROSECOND
    return read_local(shown, zone) if is_time else shown.date()


def number_of(placed: Placed) -> int:
    """The number that `read_placed` reads."""
    if isinstance(placed, datetime):
        return (placed.replace(tzinfo=None) - _EPOCH) // _MICROSECOND * 2 + 1
    return (datetime.combine(placed, time()) - _EPOCH) // _MICROSECOND * 2


def _kinds(value: ir.Value, fields: OrderFields) -> frozenset[_Written]:
    """The kinds of moments that can stand there."""
    kind = value.type()
    if kind.is_string():
        return frozenset(_kind_of(form) for form in fields.date_formats)
    if not kind.is_timestamp():
        return frozenset({_Written.DAY})
    if kind.timezone:
        return frozenset({_Written.INSTANT})
    return frozenset({_MEANING[fields.timestamps or Timestamps.LOCAL]})


def _stored(value: ir.Value, dialect: Dialect, fields: OrderFields) -> ir.Value:
    """The clock of what is stored as a date or a time; null of anything else."""
    kind = value.type()
    if not (kind.is_timestamp() or kind.is_date()):
        return ibis.null(dialect.clock_type)
    [written] = _kinds(value, fields)
    clock = _sane(dialect.stored(value), dialect)
    return dialect.midnight(clock) if written is _Written.DAY else clock


def _kind_of(form: DateFormat) -> _Written:
    if not form.has_time:
        return _Written.DAY
    return _Written.INSTANT if form.has_offset else _Written.LOCAL


def _is(read: ir.Table, kind: _Written, dialect: Dialect, fields: OrderFields) -> ir.BooleanValue:
    """Whether what is written is of a kind; known beforehand where there is only one."""
    kinds = _kinds(read.tercera_placed, fields)
    if len(kinds) == 1:
        return ibis.literal(kind in kinds)
    if dialect.reads_first:
        return (read.tercera_stamp & 3) == int(kind)
    return read.tercera_stamp.isin(
        [place for place, form in enumerate(fields.date_formats) if _kind_of(form) is kind]
    )


def _sane(clock: ir.Value, dialect: Dialect) -> ir.Value:
    """Null where no calendar of ours reaches, so that such a date is a reject and no failure."""
    inside = clock.between(dialect.at(_EARLIEST), dialect.at(_LATEST))
    return ibis.ifelse(inside, clock, ibis.null(dialect.clock_type))


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
