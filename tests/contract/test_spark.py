"""What is expected of Spark alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tercera.orders import SAMPLES, Scope
from tercera.relational.connection import Address
from tests.contract import databases, harness_sql
from tests.contract.order_cases import CASES, PLAIN, order
from tests.contract.test_sources import Store

each_spark = pytest.mark.parametrize("variant", databases.each(only=["spark"]))


@each_spark
def test_a_backtest_reads_the_orders_once_and_sorts_nothing(
    variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One statement tells the tallies and samples of rejects, whether these are alike or not."""
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
