"""Which rows can matter, told of the columns as they are stored, so that an index serves.

The filters let too much through (a margin where a zone may shift the day) and never too little, except for
rows that no date can be read from: of those a bounded scope finds the ones without any value, and those whose
text sorts outside of everything that a date can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import and_, ge, lt, or_
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import sqlglot.expressions as sge

from tercera.fields import OrderFields, Timestamps
from tercera.model import Counting
from tercera.notation.dates import DateFormat
from tercera.orders import Scope
from tercera.relational.expressions.dialect import Dialect
from tercera.relational.expressions.native import native
from tercera.windows import parse_window

_MARGIN = timedelta(days=2)
"""No two offsets from UTC are further apart than this."""

_SET_BACK = timedelta(hours=3)
"""No clock is set back by more than this, from one day into the one before."""

_EARLIEST, _LATEST = date(1900, 1, 10), date(2099, 12, 20)
_YEARS = ("19", "21")
"""Between which texts every date lies whose year comes first."""

IDS = "/* the ids */"
"""Stands in a statement for ids that are put in when it is asked, so that it is put together only once."""

_ANY_UUID = "00000000-0000-0000-0000-000000000000"

Days = tuple[date | None, date | None]
"""From the first day up to and without the last; None for no bound."""

Comparison = Callable[[ir.Column, ir.Value], ir.BooleanValue]


class _Bounds(NamedTuple):
    """How a stored value is compared with the bounds of a stretch."""

    since: Comparison = ge
    until: Comparison = lt

    def between(self, column: ir.Column, low: ir.Value, high: ir.Value) -> ir.BooleanValue:
        return self.since(column, low) & self.until(column, high)


def within(
    table: ir.Table, dialect: Dialect, fields: OrderFields, counting: Counting, scope: Scope
) -> ir.Table:
    """The rows that can matter to a scope, and others; all of them where no filter can tell."""
    if scope.pairs is None:
        days = [(scope.start, scope.end)]
        placed = _placed(table, fields, counting.zone, days, _Bounds(), others=True)
        return table if placed is None else table.filter(placed)
    bounds = _Bounds(dialect.since, dialect.until)
    tests = [
        _placed(table, fields, counting.zone, list(_windows(counting, scope)), bounds, others=False),
        of_subjects(table, dialect, fields, counting),
    ]
    known = [test for test in tests if test is not None]
    return table.filter(reduce(and_, known)) if known else table


def of_subjects(
    table: ir.Table, dialect: Dialect, fields: OrderFields, counting: Counting
) -> ir.BooleanValue | None:
    """Whether a row can be of one of the subjects that stand for IDS; None when its column does not tell."""
    if counting.per in fields.derive:
        return None
    return holding(table, dialect, fields.path_of(counting.per))


def holding(table: ir.Table, dialect: Dialect, path: str) -> ir.BooleanValue | None:
    """Whether a column can hold one of the ids that stand for IDS; None when its type does not tell."""
    if path not in table.columns or not any(
        dialect.stored_ids(table[path].type(), each) for each in ("1", _ANY_UUID)
    ):
        return None
    told: ir.BooleanValue = native(f"{{0}} IN ({IDS})", table[path], kind=dt.boolean)
    return told


def with_ids(statement: str, dialect: Dialect, compiler: Any, kind: dt.DataType, ids: Iterable[str]) -> str:
    """A statement with these ids in the place of IDS."""
    values = [each for text in sorted(set(ids)) for each in dialect.stored_ids(kind, text)]
    told = ", ".join(sge.convert(each).sql(compiler.dialect) for each in values)
    return statement.replace(IDS, told or "NULL")


def _windows(counting: Counting, scope: Scope) -> Iterator[Days]:
    """The days of the pairs' windows, in as few stretches as can be."""
    windows = sorted(
        {parse_window(window, counting.within) for _, window in scope.pairs or ()},
        key=lambda each: each.start,
    )
    start = end = None
    for window in windows:
        if end is not None and window.start > end:
            yield start, end
            start = None
        start, end = start or window.start, window.end
    if end is not None:
        yield start, end


def _placed(
    table: ir.Table, fields: OrderFields, zone: str, days: list[Days], bounds: _Bounds, *, others: bool
) -> ir.BooleanValue | None:
    """Whether a row can be dated in one of these stretches; with `others` also rows without any date."""
    if fields.placed_at not in table.columns or any(each == (None, None) for each in days):
        return None
    column = table[fields.placed_at]
    ways = [each for stretch in days for each in _ways(column, fields, zone, stretch, bounds)]
    if not ways:
        return None
    if others:
        ways.append(column.isnull())
        if column.type().is_string():
            ways += [column < _YEARS[0], column >= _YEARS[1]]
    return reduce(or_, ways)


def _ways(
    column: ir.Column, fields: OrderFields, zone: str, days: Days, bounds: _Bounds
) -> Iterator[ir.BooleanValue]:
    kind = column.type()
    if kind.is_string():
        if all(form.sorts_by_day for form in fields.date_formats):
            for low, high in sorted({_texts(form, fields, zone, days) for form in fields.date_formats}):
                yield bounds.between(column, ibis.literal(low), ibis.literal(high))
    elif kind.is_date():
        yield _between(column, days, bounds, lambda day, _: ibis.literal(day, dt.date))
    elif kind.is_timestamp():
        yield _between(column, days, bounds, lambda day, way: _bound(day, way, kind, fields, zone))


def _bound(day: date, way: int, kind: dt.Timestamp, fields: OrderFields, zone: str) -> ir.Scalar:
    """Before which (way -1) or from which on (1) no stored time is of a day, in its column's type."""
    midnight = datetime.combine(day, time(), ZoneInfo(zone))
    if kind.timezone:
        return ibis.literal(midnight.astimezone(UTC) + way * _SET_BACK, kind)
    if fields.timestamps is Timestamps.INSTANT:
        return ibis.literal(midnight.astimezone(UTC).replace(tzinfo=None) + way * _SET_BACK, kind)
    margin = _MARGIN if fields.timestamps is Timestamps.LOCAL and fields.timezone != zone else timedelta(0)
    return ibis.literal(midnight.replace(tzinfo=None) + way * margin, kind)


def _between(
    column: ir.Column, days: Days, bounds: _Bounds, stored: Callable[[date, int], ir.Scalar]
) -> ir.BooleanValue:
    first, last = days
    tests = []
    if first is not None and first > _EARLIEST:
        tests.append(bounds.since(column, stored(first, -1)))
    if last is not None and last < _LATEST:
        tests.append(bounds.until(column, stored(last, 1)))
    return reduce(and_, tests) if tests else column.notnull()


def _texts(form: DateFormat, fields: OrderFields, zone: str, days: Days) -> tuple[str, str]:
    shifts = form.has_time and (form.has_offset or (fields.timezone or zone) != zone)
    margin = _MARGIN if shifts else timedelta(0)
    first, last = days
    low = form.day_prefix(first - margin) if first is not None and first > _EARLIEST else None
    high = form.day_prefix(last + margin) if last is not None and last < _LATEST else None
    return low or _YEARS[0], high or _YEARS[1]
