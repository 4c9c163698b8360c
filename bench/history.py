"""Collections of orders for the MongoDB benchmarks: three years of a shop, and thirty at the same volume.

The last month is half over, as it is on an ordinary day. The long history is the short one and nine copies of
it, moved into earlier years, so that the watched months hold the very same orders in both. Spoilt rows are
copied as well: they are part of a history.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow.parquet as parquet
from pymongo import MongoClient
from pymongo.collection import Collection

from bench.processes import simulated_orders

START, MONTHS = date(2023, 7, 1), 36
YEARS = MONTHS // 12
TODAY = date(2026, 6, 15)
DATABASE = "tercera_bench"
FILLED = "filled"
"""Where it is written down which collections are whole."""
Document = dict[str, Any]
_DAY = re.compile(r"202[3-6]-\d\d-\d\d")


def collection_name(orders: int, copies: int) -> str:
    """Where `copies` times so many orders are kept."""
    return f"orders_{orders}_x{copies}"


def fill(orders: Collection[Document], size: int, copies: int) -> None:
    """Fills a collection unless it is already full. Takes minutes for ten million."""
    written = {"_id": orders.name, "until": TODAY.isoformat()}
    if orders.database[FILLED].find_one(written):
        return
    orders.drop()
    path = simulated_orders(size, "parquet", start=START, months=MONTHS)
    for copy in reversed(range(copies)):  # oldest first, as a shop would have written them
        for batch in parquet.ParquetFile(path).iter_batches(10_000):
            orders.insert_many(list(_documents(batch.to_pylist(), copy)), ordered=False)
    orders.database[FILLED].replace_one({"_id": orders.name}, written, upsert=True)


def _documents(rows: list[Document], copy: int) -> Iterator[Document]:
    for row in rows:
        day = row["shipping_date"]
        is_day = day is not None and _DAY.fullmatch(day) is not None
        if is_day and not copy and day > TODAY.isoformat():
            continue
        row["amount"] = None if row["amount"] is None else float(row["amount"])
        if copy:
            row["shipping_id"] = row["shipping_id"] and f"{copy:x}{row['shipping_id'][1:]}"
        if copy and is_day:
            # Earlier years have no leap day where these have one.
            earlier = f"{int(day[:4]) - copy * YEARS}{day[4:]}"
            row["shipping_date"] = earlier.replace("-02-29", "-02-28")
        yield row


if __name__ == "__main__":
    with MongoClient[Document](sys.argv[1]) as client:
        fill(
            client[DATABASE][collection_name(int(sys.argv[2]), int(sys.argv[3]))],
            int(sys.argv[2]),
            int(sys.argv[3]),
        )
