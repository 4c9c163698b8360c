"""Transactions end in another order than they write: what ends late is told, however followed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import psycopg
import pytest

from tercera.sources.sql import Settings, open_source
from tercera.tally.changes import Changes
from tests.servers import postgresql

WAYS: Mapping[str, dict[str, Any]] = {
    "noted by triggers": {"listen": True},
    "a time": {"cursor": "version", "every": "100ms"},
    "a number": {"cursor": "number", "every": "100ms"},
}
PATIENCE = 20.0


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def shop(request: pytest.FixtureRequest) -> Iterator[tuple[str, Changes]]:
    """The address of a database with no orders, and the changes of it from now on."""
    with postgresql.empty_database() as address, postgresql.connection(address) as connection:
        connection.execute(
            "CREATE TABLE orders (order_id TEXT PRIMARY KEY, customer_id TEXT, placed_at TEXT, status TEXT, "
            "version TIMESTAMPTZ DEFAULT clock_timestamp(), number BIGSERIAL)"
        )
        settings = Settings.model_validate(
            {"kind": "sql", "uri": address, "orders": {"table": "orders"}, "changes": request.param}
        )
        with closing(open_source(settings, "UTC")) as source:
            if "listen" in request.param:
                assert [each.ok for each in source.check_changes(["customer"], fix=True)] == [True]
            with closing(source.changes(["customer"], None)) as changes:
                changes.take(1)
                yield address, changes


def told(changes: Changes, customer: str) -> set[str]:
    """Whom the changes name until this one is among them."""
    found: set[str] = set()
    ends = time.monotonic() + PATIENCE
    while customer not in found:
        assert time.monotonic() < ends, found
        found |= changes.take(0.1).subjects.get("customer", frozenset())
    return found


def write(connection: psycopg.Connection[Any], customer: str) -> None:
    """One order of theirs."""
    connection.execute("INSERT INTO orders VALUES (%s, %s, '2023-06-05', 'returned')", [customer] * 2)


def test_an_order_that_was_written_first_and_committed_last_is_told(shop: tuple[str, Changes]) -> None:
    """Ana's time and number are smaller than Bea's, who was told of before Ana's transaction ended."""
    address, changes = shop
    with postgresql.connection(address) as late, postgresql.connection(address) as connection:
        with late.transaction():
            write(late, "ana")
            write(connection, "bea")
            assert told(changes, "bea") == {"bea"}
        assert told(changes, "ana") == {"ana"}
