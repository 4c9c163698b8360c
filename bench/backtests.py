"""`tercera backtest` against a DuckDB query written by hand, process against process."""

from __future__ import annotations

import json
from typing import Any

from bench.figures import Bound, Figure, alternating, require_equal
from bench.processes import DATA, Measured, measure, script, simulated_orders, tercera, told, typical
from bench.settings import files

GIGABYTE = 1e9


def compare(ending: str, *, quick: bool) -> list[Figure]:
    """Time and memory of a backtest over simulated orders, after one unmeasured run of both."""
    orders = simulated_orders(1_000_000 if quick else 10_000_000, ending)
    config = files(DATA / f"{orders.name}.yaml", orders)
    ours = tercera("backtest", "--config", str(config), "--json")
    theirs = script("rivals.duckdb_backtest", str(orders))
    require_equal(_counts(measure(ours)), json.loads(measure(theirs).output), f"backtest of {orders.name}")
    mine, rival = alternating(lambda: measure(ours), lambda: measure(theirs), 3 if quick else 5)
    return [
        Figure(
            f"backtest of 10 million orders in {ending}: time of the whole process, against DuckDB by hand",
            typical(mine) / typical(rival),
            Bound.AT_MOST,
            1.5,
            detail=f"{told(mine)} against {told(rival)}",
        ),
        Figure(
            f"backtest of 10 million orders in {ending}: peak memory",
            max(each.peak for each in mine) / GIGABYTE,
            Bound.AT_MOST,
            1.5,
            "GB",
            f"the rival held {max(each.peak for each in rival) / GIGABYTE:.2f} GB",
        ),
    ]


def compare_large(*, quick: bool) -> list[Figure]:
    """Time and memory of a backtest over a hundred million orders in Parquet, where both must be careful."""
    orders = simulated_orders(1_000_000 if quick else 100_000_000, "parquet")
    config = files(DATA / f"{orders.name}.yaml", orders, memory_limit="4GB")
    ours = tercera("backtest", "--config", str(config), "--json")
    theirs = script("rivals.duckdb_backtest", str(orders))
    mine, rival = alternating(lambda: measure(ours), lambda: measure(theirs), 2)
    require_equal(_counts(mine[0]), json.loads(rival[0].output), f"backtest of {orders.name}")
    return [
        Figure(
            "backtest of 100 million orders in parquet: time of the whole process, against DuckDB by hand",
            typical(mine) / typical(rival),
            Bound.AT_MOST,
            1.3,
            detail=f"{told(mine)} against {told(rival)}",
        ),
        Figure(
            "backtest of 100 million orders in parquet: peak memory",
            max(each.peak for each in mine) / GIGABYTE,
            Bound.AT_MOST,
            6,
            "GB",
            f"the rival held {max(each.peak for each in rival) / GIGABYTE:.2f} GB",
        ),
    ]


def _counts(measured: Measured) -> dict[str, Any]:
    """What a backtest found, as the rival says it."""
    found = json.loads(measured.output)
    rejects = {reason: [each["rows"], each["matching"]] for reason, each in found["rejects"].items()}
    return {
        **{name: found[name] for name in ("alerts", "customers", "by_level", "by_window", "orders")},
        "rejects": rejects,
    }
