"""Orders and customers in files, of each way in which they can be written."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from tercera.fields import CustomerFields, OrderFields
from tercera.orders import Source
from tercera.sources.files import Settings
from tercera.sources.files import open_source as open_files

VARIANTS: tuple[str, ...] = ("csv", "parquet", "jsonl")

COUNTS_PAIRS = True
SEES_ALL_REJECTS = True
"""Files are read whole, so every undatable row is seen, whatever the scope."""


def representable(value: Any) -> Any:
    """Everything is text here, as it is in CSV; typed columns have tests of their own."""
    if value is None or isinstance(value, str):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


@contextmanager
def open_source(
    variant: str,
    rows: Sequence[dict[str, Any]],
    fields: OrderFields,
    customers: Sequence[dict[str, Any]],
    customer_fields: CustomerFields,
    zone: str,
) -> Iterator[Source]:
    """Files of these rows, and a source that reads them."""
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory)
        _store(
            base / f"orders.{variant}",
            rows,
            ["order_id", "customer_id", "status", "placed_at", "amount", "seller"],
        )
        names = ["id", "name", "email", "language", "zone", "segment"]
        _store(base / f"customers.{variant}", customers, names)
        settings = Settings(
            kind="files",
            orders={"path": f"orders.{variant}", **fields.model_dump()},
            customers={"path": f"customers.{variant}", **customer_fields.model_dump()},
            threads=1,
        )
        source = open_files(settings, zone, base=base)
        yield source
        source.close()


def _store(path: Path, rows: Sequence[dict[str, Any]], names: list[str]) -> None:
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    elif path.suffix == ".jsonl":
        path.write_text(
            "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows) or "\n", encoding="utf-8"
        )
    else:
        columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
        pyarrow.parquet.write_table(pa.table(columns), path)
