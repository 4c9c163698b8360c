"""Simulated customers in a real MongoDB: who gets an entry, and that an entry is never touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database

from tercera.demo.local_mongod import running_mongod
from tercera.fields import CustomerFields
from tercera.simulate import Filled, Recipe, fill_collection

pytestmark = pytest.mark.mongod

RECIPE = Recipe(seed=20_230_601)
HEX = "6465208fbc1391265257ed5d"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoClient[dict[str, Any]]]:
    """A server for these tests."""
    with running_mongod(tmp_path_factory.mktemp("mongod")) as uri, MongoClient[dict[str, Any]](uri) as client:
        yield client


@pytest.fixture
def shop(client: MongoClient[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """An empty database."""
    yield client["shop"]
    client.drop_database("shop")


def put_orders(shop: Database[dict[str, Any]], *customers: object) -> None:
    """One order of each."""
    shop["Orders"].insert_many([{"order_vendor_dbname": customer} for customer in customers])


def test_each_valid_id_gets_an_entry(shop: Database[dict[str, Any]]) -> None:
    """Once, however many orders it has; junk, blanks and nulls get none."""
    put_orders(shop, "big_1", "big_1", HEX, "junk", "a@example.com", "", None, 12, ObjectId())
    shop["Orders"].insert_one({"other": 1})
    done: list[int] = []
    filled = fill_collection(shop["Orders"], shop["Clients"], RECIPE, progress=done.append)
    assert filled == Filled(ids=3, created=3)
    assert done == [3]
    entry = shop["Clients"].find_one({"identificationNumber": "big_1"}, {"_id": 0})
    assert entry == next(RECIPE.customers(["big_1"]))


def test_a_second_time_there_is_nothing_to_do(shop: Database[dict[str, Any]]) -> None:
    """Not even with another seed."""
    put_orders(shop, "big_1", "big_2")
    fill_collection(shop["Orders"], shop["Clients"], RECIPE)
    before = list(shop["Clients"].find().sort("_id"))
    again = fill_collection(shop["Orders"], shop["Clients"], Recipe(seed=1))
    assert again == Filled(ids=2, created=0)
    assert list(shop["Clients"].find().sort("_id")) == before


def test_an_entry_is_not_touched(shop: Database[dict[str, Any]]) -> None:
    """Whether its id is text or an ObjectId, and also when it has no address."""
    put_orders(shop, "big_1", HEX)
    shop["Clients"].insert_many(
        [
            {"identificationNumber": "big_1", "name": "Ana"},
            {"identificationNumber": ObjectId(HEX), "email": "luz@example.com"},
        ]
    )
    before = list(shop["Clients"].find().sort("_id"))
    assert fill_collection(shop["Orders"], shop["Clients"], RECIPE) == Filled(ids=2, created=0)
    assert list(shop["Clients"].find().sort("_id")) == before


def test_values_go_where_the_configuration_says(shop: Database[dict[str, Any]]) -> None:
    """Paths with dots are documents within documents; a value without a place is left out."""
    shop["Orders"].insert_one({"vendor": {"db": "big_1"}})
    fields = CustomerFields(id="_id", name="person.name", email="contact.email", language=None)
    fill_collection(shop["Orders"], shop["Clients"], RECIPE, customer_id="vendor.db", fields=fields)
    made = next(RECIPE.customers(["big_1"]))
    assert list(shop["Clients"].find()) == [
        {"_id": "big_1", "person": {"name": made["name"]}, "contact": {"email": made["email"]}}
    ]


def test_thousands_are_made_in_batches(shop: Database[dict[str, Any]]) -> None:
    """Each exactly once."""
    put_orders(shop, *(f"shop_{number}" for number in range(2_500)))
    done: list[int] = []
    filled = fill_collection(shop["Orders"], shop["Clients"], RECIPE, progress=done.append)
    assert filled == Filled(ids=2_500, created=2_500)
    assert done == [1_000, 2_000, 2_500]
    assert len(shop["Clients"].distinct("identificationNumber")) == 2_500
