"""What stands in a row, whatever type the engine stores: whether anything does, and its text.

An id or a status is text, whatever it is stored as: 17850 and 17850.0 are `17850`, a blank is missing, and
what has no text (a truth value, a date, a nested document, a text too long for an id) is present and
unreadable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.fields import Derived
from tercera.relational.expressions.dialect import Dialect


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
        if isinstance(value, ir.StringValue) or value.type().is_unknown():
            value = self._dialect.exact(cast("ir.StringValue", value))
            present, text = ~self._dialect.is_blank(value), self._dialect.without_long(value)
            return Cell(present, text, value, value)
        present = value.notnull()
        if isinstance(value, ir.FloatingValue):
            present = present & ~value.isnan()
        text = self._text(value)
        return Cell(present, text, value, text)

    def has(self, path: str) -> bool:
        """Whether there is a value at a path."""
        try:
            _find(cast("Mapping[str, ir.Value]", self.table), self.table.columns, path)
        except KeyError:
            return False
        return True

    def over(self, table: ir.Table) -> Columns:
        """The same of a table that has these columns and more."""
        return Columns(table, self._dialect)

    def readable(self) -> ir.BooleanValue | None:
        """Every row that there is has its columns."""
        return None

    def _text(self, value: ir.Value) -> ir.StringValue:
        kind = value.type()
        if kind.is_floating():
            return self._dialect.number_text(value.cast("float64"))
        if kind.is_integer() or kind.is_decimal() or kind.is_uuid():
            return cast("ir.StringValue", value.cast("string"))
        return ibis.null(dt.string)


def derived(cell: Cell, rule: Derived, dialect: Dialect) -> Cell:
    """What a value is told to be by its shape."""
    branches = [(dialect.contains(cell.text, pattern), told) for told, pattern in rule.patterns.items()]
    told = ibis.cases(*branches, else_=ibis.literal(rule.otherwise, dt.string))
    text = ibis.ifelse(cell.present & cell.text.notnull(), told, ibis.null(dt.string))
    return Cell(text.notnull(), text, text, text)


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
