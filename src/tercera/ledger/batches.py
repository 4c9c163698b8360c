"""Many values in few statements: engines bound how many one may name, and memory how many wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.sql.dml import UpdateBase

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
