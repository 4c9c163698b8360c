"""Collections of orders for the MongoDB benchmarks: three years of a shop, and thirty at the same volume.

The long history is the short one and nine copies of it, moved into earlier years, so that the watched months
hold the very same orders in both. Spoilt rows are copied as well: they are part of a history.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as parquet
from pymongo import MongoClient
from pymongo.collection import Collection

from bench.processes import simulated_orders

MONTHS = 36
YEARS = MONTHS // 12
DATABASE = "tercera_bench"
Document = dict[str, Any]


def collection_name(orders: int, copies: int) -> str:
    """Where `copies` times so many orders are kept."""
    return f"orders_{orders}_x{copies}"


def fill(orders: Collection[Document], size: int, copies: int) -> None:
    """Fills a collection unless it is already full. Takes minutes for ten million."""
    path = simulated_orders(size, "parquet", months=MONTHS)
    expected = parquet.read_metadata(path).num_rows * copies
    if orders.estimated_document_count() == expected:
        return
    orders.drop()
    for copy in reversed(range(copies)):  # oldest first, as a shop would have written them
        for batch in parquet.ParquetFile(path).iter_batches(10_000):
            orders.insert_many(list(_documents(batch.to_pylist(), copy)), ordered=False)


def _documents(rows: list[Document], copy: int) -> Iterator[Document]:
    for row in rows:
        row["amount"] = None if row["amount"] is None else float(row["amount"])
        if copy:
            row["shipping_date"] = _earlier(row["shipping_date"], copy * YEARS)
            row["shipping_id"] = row["shipping_id"] and f"{copy:x}{row['shipping_id'][1:]}"
        yield row


def _earlier(day: str | None, years: int) -> str | None:
    """The same day so many years before; text that is no day of the three years stays."""
    if day is None or not re.fullmatch(r"202[345]-\d\d-\d\d", day):
        return day
    # Earlier years have no leap day where these have one.
    return f"{int(day[:4]) - years}{day[4:].replace('-02-29', '-02-28')}"


if __name__ == "__main__":
    with MongoClient[Document](sys.argv[1]) as client:
        fill(
            client[DATABASE][collection_name(int(sys.argv[2]), int(sys.argv[3]))],
            int(sys.argv[2]),
            int(sys.argv[3]),
        )
