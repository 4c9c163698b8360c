"""Rules over the same orders read them together."""

from __future__ import annotations

import json
from statistics import median

from bench.figures import Bound, Figure, seconds
from bench.processes import measure, script, simulated_orders
from bench.server import kept_server

TITLE = "Ten rules over the same orders"


def run(*, quick: bool) -> list[Figure]:
    """Whole cycles of ten rules against those of one, in turns: over a Parquet file, MongoDB, PostgreSQL."""
    rounds = "3" if quick else "7"
    orders = simulated_orders(100_000 if quick else 1_000_000, "parquet")
    of_files = json.loads(measure(script("ten_rules", "file", str(orders), rounds)).output)
    size = "100000" if quick else "1000000"
    with kept_server() as uri:
        measure(script("history", uri, size, "1"))
        of_mongodb = json.loads(measure(script("ten_rules", "mongodb", uri, size, rounds)).output)
    of_postgres = json.loads(measure(script("ten_rules", "table", size, rounds)).output)
    return [
        _figure("a million orders in Parquet", of_files),
        _figure("MongoDB, a million orders", of_mongodb),
        _figure("PostgreSQL, a million orders", of_postgres),
    ]


def _figure(what: str, found: dict[str, list[float]]) -> Figure:
    return Figure(
        f"{what}: a cycle of ten rules, against one rule",
        median(found["ten"]) / median(found["one"]),
        Bound.AT_MOST,
        3,
        detail=f"{seconds(found['ten'])} against {seconds(found['one'])}; {found['pairs']} pairs looked at, "
        f"{found['fewest']} by the rule that has the fewest",
    )
