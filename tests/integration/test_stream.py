"""MongoDB's change stream while much is written: few questions, each answer with its position."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo.database import Database

from tercera.errors import HistoryLostError
from tercera.sources.mongodb import Settings, open_source
from tercera.tally.changes import Batch, Changes
from tests.servers.mongod import empty_database, mongod_uri

pytestmark = pytest.mark.mongod

ORDERS = 2_000
PATIENCE = 20.0


@pytest.fixture
def database() -> Iterator[Database[dict[str, Any]]]:
    """With an empty collection of orders, of which no images of before are kept."""
    with empty_database() as made:
        made.create_collection("orders")
        yield made


@contextmanager
def following(database: Database[dict[str, Any]], after: str | None = None) -> Iterator[Changes]:
    """Its changes."""
    orders = {"collection": "orders"}
    settings = Settings(kind="mongodb", uri=SecretStr(mongod_uri()), database=database.name, orders=orders)
    with (
        closing(open_source(settings, "UTC")) as source,
        closing(source.changes({"customer"}, after)) as changes,
    ):
        if after is None:
            changes.take(1)
        yield changes


def read_on(changes: Changes) -> None:
    """Takes what comes, as long as the patience of a test."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        changes.take(1)


def order(number: int, **values: object) -> dict[str, Any]:
    """Of a customer of its own."""
    known = {"order_id": f"o{number}", "customer_id": f"c{number}", "status": "returned"}
    return known | {"placed_at": "2023-06-05"} | values


def customers(batch: Batch) -> set[str]:
    """Those who are named."""
    return set(batch.subjects.get("customer", ()))


def test_changes_that_are_there_together_are_told_together(database: Database[dict[str, Any]]) -> None:
    """Thousands of them take a few batches, whatever the driver makes of its answers."""
    with following(database) as changes:
        database.orders.insert_many(order(number) for number in range(ORDERS))
        found: set[str] = set()
        batches, deadline = 0, time.monotonic() + PATIENCE
        while len(found) < ORDERS and time.monotonic() < deadline:
            found |= customers(changes.take(1))
            batches += 1
    assert found == {f"c{number}" for number in range(ORDERS)}
    assert batches < ORDERS / 50


def test_the_position_of_a_batch_is_behind_all_that_it_told(database: Database[dict[str, Any]]) -> None:
    """Whoever goes on from it is told of the others, all of them and no other."""
    with following(database) as changes:
        database.orders.insert_many(order(number) for number in range(ORDERS))
        first = changes.take(5)
    assert customers(first)
    later: set[str] = set()
    with following(database, first.position) as changes:
        while not (batch := changes.take(0.1)).is_current or customers(batch):
            later |= customers(batch)
    assert not later & customers(first)
    assert later | customers(first) == {f"c{number}" for number in range(ORDERS)}


def test_an_order_that_is_gone_before_it_is_looked_up(database: Database[dict[str, Any]]) -> None:
    """Its change names nobody any more; its deletion asks for a sweep."""
    database.orders.insert_one(order(1, status="delivered"))
    with following(database) as changes:
        database.orders.update_one({"order_id": "o1"}, {"$set": {"status": "returned"}})
        database.orders.delete_one({"order_id": "o1"})
        database.orders.insert_one(order(2))
        found, untold = set(), 0
        while "c2" not in found:
            batch = changes.take(5)
            found |= customers(batch)
            untold += batch.untold
    assert untold == 1
    assert found <= {"c1", "c2"}


def test_an_update_of_what_no_rule_reads_names_nobody(database: Database[dict[str, Any]]) -> None:
    """And of what one reads it names whose order it is, also where the field is new or removed."""
    database.orders.insert_many([order(1), order(2), order(3)])
    with following(database) as changes:
        database.orders.update_one({"order_id": "o1"}, {"$set": {"remark": "seen", "remarks.status": "x"}})
        database.orders.update_one({"order_id": "o2"}, {"$unset": {"status": 1}})
        database.orders.update_one({"order_id": "o3"}, {"$set": {"customer_id": "c4"}})
        found: set[str] = set()
        moved: set[str] = set()
        while "c4" not in found:
            batch = changes.take(5)
            found |= customers(batch)
            moved |= batch.moved
    assert found == {"c2", "c4"}
    assert moved == {"o3"}


def test_a_collection_that_is_dropped_ends_it(database: Database[dict[str, Any]]) -> None:
    """Also where changes of before came with it: a sweep looks at everything."""
    with following(database) as changes:
        database.orders.insert_many(order(number) for number in range(10))
        database.orders.drop()
        with pytest.raises(HistoryLostError, match="dropped"):
            read_on(changes)
