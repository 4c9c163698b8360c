"""A file of SQLite."""

from __future__ import annotations

import atexit
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ENGINE = "sqlite"
TYPES = {"text": "TEXT", "integer": "INTEGER"}


@lru_cache(maxsize=1)
def _file() -> Path:
    folder = TemporaryDirectory(prefix="tercera-sqlite-")
    atexit.register(folder.cleanup)
    return Path(folder.name) / "shop.db"


def uri() -> str:
    """The file; there is nothing to start."""
    return f"sqlite:///{_file()}"


def fill(table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Makes the table anew."""
    kinds = ", ".join(f'"{name}" {TYPES[kind]}' for name, kind in columns.items())
    with closing(sqlite3.connect(_file())) as connection, connection:
        connection.execute(f'DROP TABLE IF EXISTS "{table}"')
        connection.execute(f'CREATE TABLE "{table}" ({kinds})')
        connection.executemany(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(columns))})', rows)
