"""Many values in few statements: engines bound how many one may name, and memory how many wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Table, insert
from sqlalchemy.sql.dml import UpdateBase

from tercera.ledger.tables import Instant, WithoutNul, microseconds, without_nul

SIZE = 500

T = TypeVar("T")


def batched(values: Iterable[T], size: int = SIZE) -> Iterator[list[T]]:
    """The values in lists of at most `size`."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch


def write_many(connection: Connection, statement: UpdateBase, rows: Iterable[Mapping[str, Any]]) -> int:
    """Executes a statement for each row, as they come; gives how many rows of the table it touched."""
    return sum(connection.execute(statement, some).rowcount for some in batched(rows))


def insert_many(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Inserts rows, as they come, that all have the same columns.

    The statement is the library's; the rows go to the driver as they are, but for times, and for texts where
    the engine can't hold every one. What the library does to each value of each row takes longer than the
    engine's work.
    """
    for some in batched(rows):
        columns = tuple(some[0])
        statement, order, times, texts = _insertion(table, columns, connection.dialect)
        for row in some:
            for name in texts:
                row[name] = without_nul(row[name])
            for name in times:
                if row[name] is not None:
                    row[name] = microseconds(row[name])
        connection.exec_driver_sql(statement, list(map(itemgetter(*order), some)) if order else some)


@lru_cache(maxsize=32)
def _insertion(
    table: Table, columns: tuple[str, ...], dialect: Dialect
) -> tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The statement for rows with these columns; their order where it takes values by their place; which of
    them are times, and which are texts that the engine can't hold as they are."""
    compiled = insert(table).compile(dialect=dialect, column_keys=list(columns))
    times = tuple(name for name in columns if isinstance(table.c[name].type, Instant))
    texts = tuple(
        name for name in columns if isinstance(table.c[name].type.dialect_impl(dialect), WithoutNul)
    )
    return str(compiled), tuple(compiled.positiontup or ()), times, texts
