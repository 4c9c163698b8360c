"""Where the demo's shop keeps its orders: CSV files by month, or a MongoDB collection."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import astuple
from pathlib import Path
from typing import Any, Protocol

from tercera.demo.shop import NO_ADDRESS, Order
from tercera.simulate import simulate_customers

_COLUMNS = ("shipping_id", "order_vendor_dbname", "shipping_date", "shipping_status", "amount")
_ID = "shipping_id"


class Store(Protocol):
    """Takes new and changed orders, as a shop's own systems would write them."""

    def write(self, orders: Collection[Order]) -> None:
        """Inserts or updates by order id."""
        ...

    def close(self) -> None:
        """Lets go of it."""
        ...


class FileStore:
    """One CSV a month under a folder; a month's file is replaced as a whole when an order in it changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._months: dict[str, dict[str, Order]] = defaultdict(dict)
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.csv"):
            old.unlink()
        self._replace("empty", ())

    def write(self, orders: Collection[Order]) -> None:
        """Rewrites the months that the orders are in."""
        for order in orders:
            self._months[order.placed[:7]][order.order_id] = order
        for month in {order.placed[:7] for order in orders}:
            self._replace(month, self._months[month].values())

    def close(self) -> None:
        """Nothing is open."""

    def _replace(self, month: str, orders: Iterable[Order]) -> None:
        unfinished = self._folder / f"{month}.part"
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            writer.writerows(astuple(order) for order in orders)
        unfinished.replace(self._folder / f"{month}.csv")


class MongoStore:
    """The collections `Orders` and `Clients` of a database that is emptied first."""

    def __init__(self, uri: str, database: str) -> None:
        from pymongo import MongoClient

        self._client: MongoClient[dict[str, Any]] = MongoClient(uri, serverSelectionTimeoutMS=10_000)
        self._database = self._client[database]
        for name in ("Orders", "Clients"):
            self._database.drop_collection(name)

    def write(self, orders: Collection[Order]) -> None:
        """One bulk of upserts."""
        from bson import Decimal128
        from pymongo import UpdateOne

        bulk = [
            UpdateOne(
                {_ID: order.order_id},
                {"$set": dict(zip(_COLUMNS, (*astuple(order)[:-1], Decimal128(order.amount)), strict=True))},
                upsert=True,
            )
            for order in orders
        ]
        if bulk:
            self._database["Orders"].bulk_write(bulk, ordered=False)

    def add_customers(self, entries: Iterable[dict[str, str]]) -> None:
        """Fills `Clients`."""
        self._database["Clients"].insert_many([dict(entry) for entry in entries])

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()


def directory(ids: Iterable[str], seed: int) -> list[dict[str, str]]:
    """Everybody's entry: made-up names, addresses under example.com, and one customer without any."""
    entries = [dict(entry) for entry in simulate_customers(ids, seed=seed)]
    for entry in entries:
        if entry["identificationNumber"] == NO_ADDRESS:
            entry["email"] = ""
    return entries


def write_directory(path: Path, entries: Iterable[dict[str, str]]) -> None:
    """The entries as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("identificationNumber", "name", "email", "language"))
        writer.writeheader()
        writer.writerows(entries)
