"""Orders and customers in tables of every database in `tests/contract/databases`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tercera.fields import CustomerFields, OrderFields
from tercera.orders import Source
from tercera.sources.sql import Settings
from tercera.sources.sql import open_source as open_sql
from tests.contract import databases

VARIANTS: tuple[str, ...] = ("duckdb", "postgres", "sqlite")

COUNTS_PAIRS = True
SEES_ALL_REJECTS = False
"""A bounded scope reads what an index finds."""

_ORDERS = ("order_id", "customer_id", "status", "placed_at", "amount", "seller")
_CUSTOMERS = ("id", "name", "email", "language", "zone", "segment")


def representable(value: Any) -> Any:
    """Everything is text here; typed columns have tests of their own."""
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
    """Tables of these rows, and a source that reads them."""
    database = databases.load(variant)
    for table, names, held in (("orders", _ORDERS, rows), ("customers", _CUSTOMERS, customers)):
        database.fill(
            table, dict.fromkeys(names, "text"), [[row.get(name) for name in names] for row in held]
        )
    settings = Settings(
        kind="sql",
        uri=SecretStr(database.uri()),
        orders={"table": "orders", **fields.model_dump()},
        customers={"table": "customers", **customer_fields.model_dump()},
    )
    source = open_sql(settings, zone, base=Path.cwd())
    try:
        yield source
    finally:
        source.close()
