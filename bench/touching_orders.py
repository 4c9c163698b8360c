"""A program: cycles that look at a hundred customers, beside few stored orders and beside many, in turns.

Each time a hundred other customers have just crossed the line, with three orders each in the month that is
open; what is kept is afterwards what it was. Prints JSON: the seconds of each.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Protocol

import psycopg
from psycopg import sql
from pymongo import MongoClient
from pymongo.collection import Collection

from bench import orders_tables, settings
from bench.figures import alternating
from bench.history import DATABASE, TODAY
from bench.indexing import create_indexes
from tercera.app import App, open_app
from tercera.cycle import cycle
from tercera.ledger import Ledger
from tercera.model import Reason, SubjectId

NOW = datetime.combine(TODAY, time(23), UTC)
ADDRESS = "TERCERA_BENCH_MONGODB"
CUSTOMERS, ORDERS = 100, 3
WARMING = 2


class Stored(Protocol):
    """Orders that are stored somewhere, and a configuration that reads them."""

    def configured(self, config: Path) -> Path: ...

    def insert(self, orders: Sequence[dict[str, Any]]) -> None: ...

    def forget(self) -> None:
        """Deletes what was inserted."""
        ...

    def count(self) -> int: ...


@dataclass(frozen=True, slots=True)
class InCollection:
    """Orders in MongoDB."""

    orders: Collection[dict[str, Any]]

    def configured(self, config: Path) -> Path:
        return settings.mongodb(config, ADDRESS, DATABASE, self.orders.name)

    def insert(self, orders: Sequence[dict[str, Any]]) -> None:
        self.orders.insert_many(orders)

    def forget(self) -> None:
        self.orders.delete_many({"order_vendor_dbname": {"$regex": "^touched_"}})

    def count(self) -> int:
        return self.orders.estimated_document_count()


@dataclass(frozen=True, slots=True)
class InTable:
    """Orders in PostgreSQL."""

    connection: psycopg.Connection
    table: str

    def configured(self, config: Path) -> Path:
        return settings.sql(config, orders_tables.ADDRESS, self.table)

    def insert(self, orders: Sequence[dict[str, Any]]) -> None:
        names = list(orders[0])
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(self.table),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join(map(sql.Placeholder, names)),
        )
        with self.connection.cursor() as cursor:
            cursor.executemany(statement, orders)

    def forget(self) -> None:
        """Nothing: the server goes as well."""

    def count(self) -> int:
        asked = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(self.table))
        [(rows,)] = self.connection.execute(asked).fetchall()
        return int(rows)


def over_collections(uri: str, few: str, many: str, rounds: int) -> dict[str, Any]:
    """Cycles beside the orders of two collections of `history`."""
    os.environ[ADDRESS] = uri
    with MongoClient[dict[str, Any]](uri) as client:
        return compare(*(InCollection(client[DATABASE][name]) for name in (few, many)), rounds=rounds)


def over_tables(few: int, size: int, copies: int, rounds: int) -> dict[str, Any]:
    """Cycles beside the orders of two tables in PostgreSQL."""
    with orders_tables.postgres() as uri, psycopg.connect(uri, autocommit=True) as connection:
        orders_tables.fill(connection, "few", few)
        orders_tables.fill(connection, "many", size, copies)
        return compare(InTable(connection, "few"), InTable(connection, "many"), rounds=rounds)


def compare(few: Stored, many: Stored, *, rounds: int) -> dict[str, Any]:
    """Cycles beside few orders and beside many. Both go on from a ledger that has swept the fewer ones, and
    sweep their own open windows once: nobody who is looked at has an alert yet."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        configs = [each.configured(folder / f"{name}.yaml") for name, each in (("few", few), ("many", many))]
        with open_app(configs[0]) as app, app.ledger() as ledger:
            _cycle(app, ledger, None)
        shutil.copyfile(configs[0].with_suffix(".db"), configs[1].with_suffix(".db"))
        beside_few, beside_many = (
            _toucher(stack, config, orders) for config, orders in zip(configs, (few, many), strict=True)
        )
        for _ in range(WARMING):
            beside_few(), beside_many()
        few_seconds, many_seconds = alternating(beside_few, beside_many, rounds)
        stored = [few.count(), many.count()]
    return {"few": few_seconds, "many": many_seconds, "stored": stored}


def _toucher(stack: ExitStack, config: Path, orders: Stored) -> Callable[[], float]:
    """A function that looks at a hundred more customers, and gives the seconds."""
    app = stack.enter_context(open_app(config))
    create_indexes(app, NOW)
    ledger = stack.enter_context(app.ledger())
    _cycle(app, ledger, None)  # another table is an edit of the configuration, which a whole sweep follows
    stack.callback(orders.forget)
    rounds = count()

    def touch() -> float:
        first = next(rounds) * CUSTOMERS
        subjects = [SubjectId(f"touched_{first + each}") for each in range(CUSTOMERS)]
        orders.insert([_order(subject, number) for subject in subjects for number in range(ORDERS)])
        began = perf_counter()
        opened = _cycle(app, ledger, subjects)
        took = perf_counter() - began
        if opened != CUSTOMERS:
            raise RuntimeError(f"{CUSTOMERS} alerts were to open, and {opened} did")
        return took

    return touch


def _order(subject: str, number: int) -> dict[str, Any]:
    return {
        "shipping_id": f"{subject}-{number}",
        "order_vendor_dbname": subject,
        "shipping_date": f"{TODAY:%Y-%m}-{number + 1:02d}",
        "shipping_status": "returned",
        "amount": 19.9,
    }


def _cycle(app: App, ledger: Ledger, subjects: list[SubjectId] | None) -> int:
    """How many alerts it opened."""
    report = cycle(
        app.settings.rules,
        app.source,
        ledger,
        app.terms(),
        now=NOW,
        clock=lambda: NOW,
        subjects=subjects,
    )
    for error in report.failed.values():
        raise error
    return sum(each.transitions[Reason.OPENED] for each in report.swept)


if __name__ == "__main__":
    if sys.argv[1] == "mongodb":
        uri, few, many, rounds = sys.argv[2:]
        json.dump(over_collections(uri, few, many, int(rounds)), sys.stdout)
    else:
        fewer, size, copies, turns = map(int, sys.argv[2:])
        json.dump(over_tables(fewer, size, copies, turns), sys.stdout)
