"""What is expected of Spark alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tercera import sampling
from tercera.orders import SAMPLES, Scope
from tercera.profile import Part, Wishes, propose
from tercera.relational.connection import Address
from tercera.sampling.opening import open_server
from tests import made_up_shops
from tests.contract import databases, harness_sql
from tests.contract.order_cases import CASES, PLAIN, order
from tests.contract.test_sources import Store

each_spark = pytest.mark.parametrize("variant", databases.each(only=["spark"]))


@each_spark
def test_a_backtest_reads_the_orders_once_and_sorts_nothing(
    variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One statement tells the tallies and samples of rejects, whether these are alike or not. Nothing that is
    not asked for is carried along."""
    from tercera.relational.engines.spark import SparkConnection, connect

    asked: list[str] = []
    rows_of = SparkConnection.rows

    def noted(connection: SparkConnection, statement: str) -> Iterator[tuple[Any, ...]]:
        asked.append(statement)
        return rows_of(connection, statement)

    monkeypatch.setattr(SparkConnection, "rows", noted)
    rows = [order(f"o{number}", "2023-06-01") for number in range(4)]
    rows += [order(None, "2023-06-01")] * (SAMPLES + 1)
    rows += [order(f"o{number}", "someday") for number in range(SAMPLES * 3)]
    store = Store(harness_sql, variant)
    with store.opened(store.representable(rows), PLAIN, "UTC") as source:
        reading = source.tally(replace(CASES[0].counting, evidence=0), Scope(at_least=3))
        [tally] = reading
        [statement] = asked
        connection = connect(Address(databases.load(variant).uri(), Path.cwd()))
        [(plan,)] = rows_of(connection, f"EXPLAIN {statement}")
    assert tally.matched == 4
    assert {reason: (each.rows, len(each.samples)) for reason, each in reading.survey.rejects.items()} == {
        "no_order_id": (SAMPLES + 1, SAMPLES),
        "unreadable_date": (SAMPLES * 3, SAMPLES),
    }
    assert plan.count("FileScan parquet") == 1
    assert "Sort" not in plan
    assert "(null)" not in plan


@each_spark
def test_a_configuration_is_proposed(variant: str) -> None:
    """From the tables of a schema, nested fields and times among them."""
    database = databases.load(variant)
    shop = made_up_shops.spanish(300)
    database.run("CREATE SCHEMA IF NOT EXISTS shop")
    for name in ("pedidos", "clientes"):
        columns = {path: KINDS[type(value)] for path, value in shop[name][0].items()}
        database.fill(f"shop.{name}", columns, [list(row.values()) for row in shop[name]])
    address = sampling.Address(database.uri(), "${SPARK}")
    bounds = sampling.Bounds()
    with closing(open_server(address, "shop", Path.cwd(), frozenset(), bounds)) as sampler:
        found = propose(sampler.samples(lambda name: None), Wishes(), sampler, "UTC")
    assert {part: found[part].value for part in PROPOSED} == PROPOSED
    assert (found.status_rows, found.status_exact) == (300, True)


KINDS = {int: "integer", float: "float", str: "text", datetime: "timestamptz"}
PROPOSED = {
    Part.ORDERS: "shop.pedidos",
    Part.ORDER_ID: "numeroPedido",
    Part.CUSTOMER_ID: "cliente.id",
    Part.STATUS: "estado",
    Part.PLACED_AT: "fechaPedido",
    Part.CUSTOMERS: "shop.clientes",
    Part.KEY: "id",
}
