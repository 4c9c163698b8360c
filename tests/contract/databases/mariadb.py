"""A database of MariaDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.servers import mariadb

ENGINE = "mysql"
TYPES = {
    "text": "VARCHAR(2000)",
    "integer": "BIGINT",
    "float": "DOUBLE",
    "decimal": "DECIMAL(20, 6)",
    "date": "DATE",
    "timestamp": "DATETIME(6)",
}
"""Its TIMESTAMP is an instant, but knows only those from 1970 to 2037: tests/integration/test_mysql.py."""


def uri() -> str:
    """Its texts compare as in most shops: without looking at case, accents or trailing blanks."""
    return mariadb.shared_database()


def fill(table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Makes the table anew."""
    kinds = ", ".join(f"`{name}` {TYPES[kind]} NULL" for name, kind in columns.items())
    with mariadb.connection(uri()) as made, made.cursor() as cursor:
        cursor.execute(f"CREATE OR REPLACE TABLE `{table}` ({kinds})")
        places = ", ".join(["%s"] * len(columns))
        if rows:
            cursor.executemany(f"INSERT INTO `{table}` VALUES ({places})", rows)
