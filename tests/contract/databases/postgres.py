"""The PostgreSQL of the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg

from tests.servers import postgresql

ENGINE = "postgres"
TYPES = {
    "text": "TEXT",
    "integer": "BIGINT",
    "float": "DOUBLE PRECISION",
    "decimal": "NUMERIC(20, 6)",
    "uuid": "UUID",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
}


@lru_cache(maxsize=1)
def uri() -> str:
    """A database of this process, for as long as its server runs."""
    return postgresql.running.enter_context(postgresql.empty_database())


@lru_cache(maxsize=1)
def _connection() -> psycopg.Connection:
    return postgresql.running.enter_context(postgresql.connection(uri()))


_columns: dict[str, dict[str, str]] = {}
"""Of the tables that there are."""


def fill(table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Emptied, not dropped, where the table has these columns already."""
    connection = _connection()
    if _columns.get(table) != columns:
        kinds = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in columns.items())
        connection.execute(f'DROP TABLE IF EXISTS "{table}"'.encode())
        connection.execute(f'CREATE TABLE "{table}" ({kinds})'.encode())
        _columns[table] = dict(columns)
    connection.execute(f'DELETE FROM "{table}"'.encode())
    with connection.cursor() as cursor, cursor.copy(f'COPY "{table}" FROM STDIN'.encode()) as copy:
        for row in rows:
            copy.write_row(row)
