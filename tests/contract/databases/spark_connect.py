"""Tables of a Spark Connect server, whose executors are processes of their own."""

from __future__ import annotations

import atexit
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pyspark.sql.connect.session import SparkSession

from tests.contract.databases.spark import ENGINE, TYPES, store
from tests.servers import spark

__all__ = ["ENGINE", "TYPES", "fill", "uri"]


def uri() -> str:
    """The server's address."""
    return spark.connect_uri()


def fill(table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Makes the table anew."""
    store(_session(), table, columns, rows)


@lru_cache(maxsize=1)
def _session() -> Any:
    session = SparkSession.builder.remote(uri()).create()
    atexit.register(session.stop)
    return session
