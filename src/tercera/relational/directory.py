"""The customers' directory, in files or tables: which columns it has, and its rows as customers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import ibis
import ibis.expr.types as ir

from tercera.fields import CustomerFields, zone_or_none
from tercera.model import Customer
from tercera.relational.expressions.cells import Cell
from tercera.relational.expressions.tally import Rows

_OWN = ("id", "name", "email", "language", "timezone")


def paths(fields: CustomerFields) -> dict[str, str | None]:
    """Where the values stand, by the name of the column that each is read into."""
    own = {name: getattr(fields, name) for name in _OWN}
    return own | {f"field_{place}": path for place, (_, path) in enumerate(_more(fields))}


def entries(rows: Rows, fields: CustomerFields) -> ir.Table:
    """The directory with its values as texts."""
    named = paths(fields)
    cells = {name: rows.cell(path) for name, path in named.items() if path}
    none = ibis.null("string")
    return rows.table.select(**{name: _told(cells[name]) if name in cells else none for name in named})


def customers(fields: CustomerFields, found: Iterable[Sequence[str | None]]) -> dict[str, Customer]:
    """The customers by their ids. Of several rows with one id the first in order of its values counts, what
    is missing last."""
    directory: dict[str, Customer] = {}
    for row in sorted(found, key=lambda row: [(value is None, value or "") for value in row]):
        if row[0] is not None:
            directory.setdefault(row[0], _customer(fields, row))
    return directory


def _more(fields: CustomerFields) -> list[tuple[str, str]]:
    return sorted(fields.fields.items())


def _customer(fields: CustomerFields, row: Sequence[str | None]) -> Customer:
    own, name, email, language, zone, *more = row
    assert own is not None
    told = zip((field for field, _ in _more(fields)), more, strict=True)
    known = tuple((field, value) for field, value in told if value is not None)
    return Customer(own, name, email, language, zone_or_none(zone), known)


def _told(cell: Cell) -> ir.StringValue:
    if cell.value.type().is_boolean():
        return cast(ir.StringValue, cell.value.cast("string"))
    return cast(ir.StringValue, ibis.ifelse(cell.present, cell.text, ibis.null("string")))
