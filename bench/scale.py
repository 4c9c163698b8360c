"""The unit costs behind `docs/explanation/scale.md`, each measured here: `python -m bench.scale`.

Bytes of an alert in a ledger, of an order and of its index entries in MongoDB, and what a sweep and a look
cost there for each order that they read. Takes two minutes for a million orders; `--orders` makes it less.
"""

from __future__ import annotations

import argparse
import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import psycopg
from pymongo import MongoClient
from tests.servers.postgresql import Postgres

from bench import settings
from bench.draining import NOW, write_orders
from bench.history import TODAY, fill
from bench.indexing import create_indexes
from bench.server import fresh_server
from bench.sweeping import NOW as SWEPT_AT
from tercera.app import open_app
from tercera.cycle import cycle
from tercera.cycle.scopes import ordinary_scope
from tercera.deliver import deliver
from tercera.indexes.advice import IndexCheck
from tercera.simulate import Recipe, fill_file

FEW, MANY = 1_000, 11_000
Line = tuple[str, float, str]


def main() -> None:
    """Prints a line for each figure."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    orders = parser.parse_args().orders
    for what, value, unit in (*ledgers(), *collections(orders)):
        print(f"{what:<70} {value:>12,.1f} {unit}")


def ledgers() -> Iterator[Line]:
    """What an alert takes that was told to its customer: alert, transition, message, notice, receipt, with
    their indexes. The difference between many and few, so that what an empty ledger takes does not count."""
    with ExitStack() as stack:
        name = stack.enter_context(TemporaryDirectory())
        sizes = []
        for alerts in (FEW, MANY):
            folder = Path(name) / str(alerts)
            folder.mkdir()
            held = told(folder, alerts, f"sqlite:///{folder / 'ledger.db'}")
            sizes.append((folder / "ledger.db").stat().st_size)
        yield "a told alert with 3 orders as evidence, in SQLite", _each(sizes), "bytes"
        yield "… in a sweep's memory, if it is of a watched window", held, "bytes"
        server = Path(name) / "postgresql"
        server.mkdir()
        Path(name).chmod(0o755)  # the server does not run as root
        postgres = stack.enter_context(Postgres(server))
        sizes = []
        for alerts in (FEW, MANY):
            folder = Path(name) / f"of {alerts}"
            folder.mkdir()
            uri = postgres.uri.set(database=f"of_{alerts}").render_as_string(hide_password=False)
            with _connected(postgres.uri.render_as_string(hide_password=False)) as administrator:
                administrator.execute(f"CREATE DATABASE of_{alerts}".encode())
            told(folder, alerts, uri)
            with _connected(uri) as ledger:
                ledger.execute("VACUUM FULL")
                sizes.append(_size(ledger))
        yield "the same, in PostgreSQL", _each(sizes), "bytes"


def told(folder: Path, alerts: int, ledger: str) -> float:
    """Has so many alerts opened by a cycle, and their notices delivered; gives what a sweep holds of each."""
    orders, customers = folder / "orders.csv", folder / "customers.csv"
    write_orders(orders, alerts)
    fill_file(orders, customers, Recipe(seed=1))
    more: dict[str, Any] = {"channels": {"log": {"kind": "log", "to": "told.jsonl"}}, "ledger": ledger}
    more["guard"] = {"max_notices": alerts, "max_share": 1}
    config = settings.files(folder / "tercera.yaml", orders, customers=customers, mail=more)
    with open_app(config, clock=lambda: NOW) as app, app.ledger() as opened:
        report = cycle(app.settings.rules, app.source, opened, app.terms(), now=NOW, clock=lambda: NOW)
        assert (report.told, report.failed) == (alerts, {})
        deliver(app.delivery(opened), threading.Event())
        return _held(lambda: opened.known(app.settings.rules[0].id, None)) / alerts


def collections(orders: int) -> Iterator[Line]:
    """What an order and its index entries take, and what reading them takes."""
    with ExitStack() as stack:
        uri = stack.enter_context(fresh_server())
        client: MongoClient[dict[str, Any]] = stack.enter_context(MongoClient(uri))
        collection = client["scale"]["orders"]
        fill(collection, orders, 1)
        folder = Path(stack.enter_context(TemporaryDirectory()))
        os.environ["TERCERA_BENCH_MONGODB"] = uri
        config = settings.mongodb(folder / "tercera.yaml", "TERCERA_BENCH_MONGODB", "scale", "orders")
        app = stack.enter_context(open_app(config, clock=lambda: SWEPT_AT))
        made = [each for each in create_indexes(app, SWEPT_AT) if isinstance(each, IndexCheck)]
        stored = collection.estimated_document_count()
        size = client["scale"].command("collStats", "orders")
        yield "an order in MongoDB, as documents", size["size"] / stored, "bytes"
        yield "… compressed on disk", size["storageSize"] / stored, "bytes"
        for each in made:
            assert each.figures
            assert each.figures.size
            yield f"… in the index {each.index}", each.figures.size / stored, "bytes"
        ledger = stack.enter_context(app.ledger())
        times = []
        for _ in range(9):
            began = perf_counter()
            report = cycle(
                app.settings.rules, app.source, ledger, app.terms(), now=SWEPT_AT, clock=lambda: SWEPT_AT
            )
            times.append(perf_counter() - began)
        took = min(times[2:])  # the first reads all of history, the second closes what is long over
        rows = sum(each.survey.rows for each in report.swept)
        yield f"a sweep of {rows:,} watched orders (until {TODAY})", took * 1e3, "ms"
        yield "… for each watched order", took / rows * 1e6, "µs"
        began = perf_counter()
        [rule] = app.settings.rules
        judged = app.source.tally(rule.counting, replace(ordinary_scope(rule, SWEPT_AT), totals=True))
        for _ in judged:
            pass
        judging = perf_counter() - began
        yield "… where the server judges each order, as it does of very many", judging / rows * 1e6, "µs"
        for each in made:
            if each.purpose == "live" and each.figures and each.figures.cost and each.figures.cost.seconds:
                yield (
                    f"{each.figures.question} {each.figures.cost.rows:,} orders in",
                    each.figures.cost.seconds * 1e3,
                    "ms",
                )


def _held(make: Callable[[], object]) -> int:
    """Bytes that what is made keeps."""
    tracemalloc.start()
    made = make()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del made
    return held


def _each(sizes: list[int]) -> float:
    return (sizes[1] - sizes[0]) / (MANY - FEW)


def _size(ledger: psycopg.Connection) -> int:
    found = ledger.execute(
        "SELECT SUM(PG_TOTAL_RELATION_SIZE(oid)) FROM pg_class "
        "WHERE relnamespace = 'tercera'::regnamespace AND relkind = 'r'"
    ).fetchone()
    assert found is not None
    return int(found[0])


def _connected(uri: str) -> psycopg.Connection:
    return psycopg.connect(uri.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)


if __name__ == "__main__":
    main()
