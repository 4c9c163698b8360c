"""What connections to warehouses share: a driver's own way to ask, and to tell what columns an answer has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.errors import SourceError, TerceraError
from tercera.relational.connection import Address, Place, not_there


class Warehouse:
    """`connection.Connection` by functions of a driver: `rows` streams an answer, `columns` tells the names
    and types of one."""

    def __init__(
        self,
        address: Address,
        rows: Callable[[str], Iterator[tuple[Any, ...]]],
        columns: Callable[[str], Mapping[str, dt.DataType]],
        close: Callable[[], object],
        quote: str = '"',
    ) -> None:
        self._address = address
        self._rows = rows
        self._columns = columns
        self._close = close
        self._quote = quote

    def relation(self, place: Place) -> ir.Table:
        """See `connection.Connection`."""
        quote = self._quote
        name = ".".join(quote + each.replace(quote, quote * 2) + quote for each in place.name)
        asked = place.query.strip().rstrip(";") if place.query else f"SELECT * FROM {name}"  # noqa: S608 - the configured table or query, quoted
        try:
            columns = self._columns(asked)
        except Exception as error:
            raise not_there(self._address, place, (), _first_line(error)) from error
        return place.over(columns)

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """See `connection.Connection`."""
        with explained(self._address):
            yield from self._rows(statement)

    def can_write(self, place: Place) -> bool | None:
        """Nobody asked."""
        return None

    def close(self) -> None:
        """See `connection.Connection`."""
        self._close()


def fetched(cursor: Any, statement: str, many: int) -> Iterator[tuple[Any, ...]]:
    """An answer by a cursor of Python's database interface."""
    cursor.execute(statement)
    while rows := cursor.fetchmany(many):
        yield from map(tuple, rows)


def known_type(types: Any, name: str) -> dt.DataType:
    """A type by the engine's name for it; what Ibis has no word for is text."""
    try:
        kind: dt.DataType = types.from_string(name)
    except Exception:  # noqa: BLE001 - sqlglot and Ibis raise what they like for a type that they don't know
        return dt.string
    return dt.string if kind.is_unknown() else kind


@contextmanager
def explained(address: Address) -> Iterator[None]:
    """Says where it was when a driver fails."""
    try:
        yield
    except TerceraError:
        raise
    except Exception as error:
        raise SourceError(f"{address.shown} can't be read: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).split("\n")[0]
