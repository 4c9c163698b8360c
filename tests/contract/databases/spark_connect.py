"""Tables of a Spark Connect server, whose executors are processes of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.contract.databases.spark import ENGINE, TYPES, store
from tests.servers import spark

__all__ = ["ENGINE", "TYPES", "fill", "uri"]


def uri() -> str:
    """The server's address."""
    return spark.connect_uri()


def fill(table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """Makes the table anew."""
    store(spark.connect_session(), table, columns, rows)
