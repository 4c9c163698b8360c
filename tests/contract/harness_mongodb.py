"""Orders and customers in a real MongoDB: with the index that a sweep wants, and without any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bson import Decimal128
from pydantic import SecretStr

from tercera.fields import CustomerFields, OrderFields
from tercera.orders import Source
from tercera.sources.mongodb import Settings
from tercera.sources.mongodb import open_source as open_mongodb
from tests.servers.mongod import mongod_uri, shared_database

VARIANTS: tuple[str, ...] = ("indexed", "plain")

COUNTS_PAIRS = True
SEES_ALL_REJECTS = False
"""A bounded sweep does not read the history to find rows without a date."""


def representable(value: Any) -> Any:
    """A document holds instants in UTC, to the millisecond, and knows no days without a time."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return value.replace(microsecond=value.microsecond // 1000 * 1000)
    return value.isoformat() if isinstance(value, date) else value


@contextmanager
def open_source(
    variant: str,
    rows: Sequence[dict[str, Any]],
    fields: OrderFields,
    customers: Sequence[dict[str, Any]],
    customer_fields: CustomerFields,
    zone: str,
) -> Iterator[Source]:
    """Collections of these rows, and a source that reads them."""
    database = shared_database("contract")
    orders, directory = database[f"orders_{variant}"], database["customers"]
    for collection, documents in ((orders, rows), (directory, customers)):
        # Emptied, not dropped: making a collection takes a server longer than a test takes otherwise.
        collection.delete_many({})
        if documents:
            collection.insert_many([_stored(document) for document in documents])
    if variant == "indexed":
        keys = (fields.placed_at, fields.customer_id, fields.status, fields.order_id, "amount", "seller")
        orders.create_index([(key, 1) for key in keys])
    settings = Settings(
        kind="mongodb",
        uri=SecretStr(mongod_uri()),
        database=database.name,
        orders={"collection": orders.name, **fields.model_dump()},
        customers={"collection": directory.name, **customer_fields.model_dump()},
    )
    source = open_mongodb(settings, zone)
    yield source
    source.close()


def _stored(document: dict[str, Any]) -> dict[str, Any]:
    return {
        name: Decimal128(value) if isinstance(value, Decimal) else value for name, value in document.items()
    }
