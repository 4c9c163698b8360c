"""Tables of a classic Spark session of this process. It is asked in the same words as `spark_connect`."""

from __future__ import annotations

import atexit
import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from tests.servers import spark

ENGINE = "spark"
TYPES = {
    "text": "STRING",
    "integer": "BIGINT",
    "float": "DOUBLE",
    "decimal": "DECIMAL(20, 6)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP_NTZ",
    "timestamptz": "TIMESTAMP",
}
_ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "decimal": pa.decimal128(20, 6),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
}


def uri() -> str:
    """The driver that is there already."""
    spark.session()
    return "spark:///local[2]"


def run(statement: str) -> None:
    """Of those that answer nothing."""
    spark.session().sql(statement)


def fill(table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Makes the table anew."""
    store(spark.session(), table, columns, rows)


def store(session: Any, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """A table of a session, over a Parquet file, which costs Spark less than writing it."""
    folder = _folder() / uuid.uuid4().hex
    folder.mkdir()
    values = {
        name: pa.array([row[place] for row in rows], _ARROW[kind])
        for place, (name, kind) in enumerate(columns.items())
    }
    pyarrow.parquet.write_table(pa.table(values), folder / "part.parquet")
    kinds = ", ".join(f"`{name}` {TYPES[kind]}" for name, kind in columns.items())
    name = ".".join(f"`{part}`" for part in table.split("."))
    session.sql(f"DROP TABLE IF EXISTS {name}")
    session.sql(f"CREATE TABLE {name} ({kinds}) USING parquet LOCATION '{folder}'")


@lru_cache(maxsize=1)
def _folder() -> Path:
    folder = TemporaryDirectory(prefix="tercera-spark-tables-")
    atexit.register(folder.cleanup)
    return Path(folder.name)
