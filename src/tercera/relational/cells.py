"""What stands in a row, whatever type the engine stores: whether anything does, and its text.

An id or a status is text, whatever it is stored as: 17850 and 17850.0 are `17850`, a blank is missing, and
what has no text (a truth value, a date, a nested document, a text too long for an id) is present and
unreadable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.dates import DateFormat
from tercera.orders import Derived


class Dialect(Protocol):
    """What every engine does in its own way."""

    def is_blank(self, text: ir.StringValue) -> ir.BooleanValue:
        """Whether nothing but white space stands there; null is blank."""
        ...

    def without_long(self, text: ir.StringValue) -> ir.StringValue:
        """The text, or null when it has more than LONGEST_TEXT characters."""
        ...

    def is_plain(self, text: ir.StringValue) -> ir.BooleanValue:
        """A glance that is true of most texts that are neither blank nor too long, and of no others."""
        ...

    def contains(self, text: ir.StringValue, pattern: str) -> ir.BooleanValue:
        """Whether a regular expression fits somewhere; its `$` is the very end."""
        ...

    def plainly_contains(self, text: ir.StringValue, pattern: str) -> ir.BooleanValue:
        """A glance that is true of most texts that `contains` is true of, and of no others."""
        ...

    def moment(self, text: ir.StringValue, form: DateFormat) -> ir.TimestampValue:
        """The time that is written (in UTC when it has an offset); it means nothing where the text does not
        fit."""
        ...

    def fits(self, text: ir.StringValue, moment: ir.TimestampValue, form: DateFormat) -> ir.BooleanValue:
        """Whether the text, read as this moment, fits; if it does not, null or false."""
        ...

    def in_utc(self, instant: ir.TimestampValue) -> ir.TimestampValue:
        """An instant as what a clock in UTC shows."""
        ...

    def microseconds(self, clock: ir.TimestampValue) -> ir.IntegerValue:
        """Since the beginning of 1970, of a wall clock."""
        ...

    def clock(self, microseconds: ir.IntegerValue) -> ir.TimestampValue:
        """What `microseconds` was given."""
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row. `text` is null when it has none; `value` is what is stored (of documents: its text,
    null when it is stored as something else).

    Most values need no more than a glance: where `Dialect.is_plain(plain)`, the value is present and `plain`
    is its text.
    """

    present: ir.BooleanValue
    text: ir.StringValue
    value: ir.Value
    plain: ir.StringValue


class Columns:
    """Rows of typed columns. A path is the name of a column or, with dots, a way into nested ones."""

    def __init__(self, table: ir.Table, dialect: Dialect) -> None:
        self.table = table
        self._dialect = dialect

    def cell(self, path: str) -> Cell:
        """The value at a path. KeyError when there is none."""
        value = _find(cast("Mapping[str, ir.Value]", self.table), self.table.columns, path)
        if isinstance(value, ir.StringValue):
            present, text = ~self._dialect.is_blank(value), self._dialect.without_long(value)
            return Cell(present, text, value, value)
        present = value.notnull()
        if isinstance(value, ir.FloatingValue):
            present = present & ~value.isnan()
        text = _text(value)
        return Cell(present, text, value, text)

    def over(self, table: ir.Table) -> Columns:
        """The same of a table that has these columns and more."""
        return Columns(table, self._dialect)

    def readable(self) -> ir.BooleanValue | None:
        """Every row that there is has its columns."""
        return None


def derived(cell: Cell, rule: Derived, dialect: Dialect) -> Cell:
    """What a value is told to be by its shape."""
    branches = [(dialect.contains(cell.text, pattern), told) for told, pattern in rule.patterns.items()]
    told = ibis.cases(*branches, else_=ibis.literal(rule.otherwise, dt.string))
    text = ibis.ifelse(cell.present & cell.text.notnull(), told, ibis.null(dt.string))
    return Cell(text.notnull(), text, text, text)


def whole_number_text(number: ir.FloatingValue) -> ir.StringValue:
    """A number as text, without `.0`; null when it is none, or infinite."""
    is_whole = (number % 1.0 == 0) & (number.abs() < 1e37)
    small = number.abs() < 1e18
    digits = ibis.cases(
        (number.isnan() | number.isinf(), ibis.null(dt.string)),
        (is_whole & small, number.try_cast("int64").cast("string")),
        (is_whole, number.try_cast("decimal(38, 0)").cast("string")),
        else_=number.cast("string"),
    )
    return cast("ir.StringValue", digits)


def _text(value: ir.Value) -> ir.StringValue:
    kind = value.type()
    if kind.is_floating():
        return whole_number_text(value.cast("float64"))
    if kind.is_integer() or kind.is_decimal() or kind.is_uuid():
        return cast("ir.StringValue", value.cast("string"))
    return ibis.null(dt.string)


def _find(holder: Mapping[str, ir.Value], names: tuple[str, ...] | list[str], path: str) -> ir.Value:
    """The longest name that the path begins with, and the rest of the path inside of it."""
    if path in names:
        return holder[path]
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:length])
        if name in names:
            inner = holder[name]
            if isinstance(inner, ir.StructValue):
                return _find(cast("Mapping[str, ir.Value]", inner), inner.names, ".".join(parts[length:]))
    raise KeyError(path)
