"""A file of DuckDB."""

from __future__ import annotations

import atexit
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa

ENGINE = "duckdb"
TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "float": "DOUBLE",
    "decimal": "DECIMAL(20, 6)",
    "uuid": "UUID",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
}


@lru_cache(maxsize=1)
def _file() -> Path:
    folder = TemporaryDirectory(prefix="tercera-duckdb-")
    atexit.register(folder.cleanup)
    return Path(folder.name) / "shop.duckdb"


def uri() -> str:
    """The file; there is nothing to start."""
    return f"duckdb:///{_file()}"


def fill(table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Makes the table anew."""
    kinds = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in columns.items())
    with duckdb.connect(str(_file())) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f'CREATE OR REPLACE TABLE "{table}" ({kinds})')
        given = pa.table({name: [_given(row[place]) for row in rows] for place, name in enumerate(columns)})
        if rows:
            connection.register("given", given)
            connection.execute(f'INSERT INTO "{table}" FROM given')


def _given(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
