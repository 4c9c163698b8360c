"""A look at some customers costs what they have, whatever is stored beside them."""

from __future__ import annotations

import json
from statistics import median
from typing import Any

from bench.figures import Bound, Figure
from bench.history import collection_name
from bench.processes import measure, script
from bench.server import kept_server

TITLE = "A cycle that touches a hundred customers, beside ten million orders"


def run(*, quick: bool) -> list[Figure]:
    """Whole cycles, in turns, on one server: ten million orders over thirty years, a hundred thousand over
    three; in MongoDB, and in PostgreSQL."""
    few, (size, copies) = ("100000", "1"), ("100000", "2") if quick else ("1000000", "10")
    rounds = "5" if quick else "21"
    with kept_server() as uri:
        names = []
        for orders, times in (few, (size, copies)):
            measure(script("history", uri, orders, times))
            names.append(collection_name(int(orders), int(times)))
        of_mongodb = json.loads(measure(script("touching_orders", "mongodb", uri, *names, rounds)).output)
    in_tables = script("touching_orders", "postgres", few[0], size, copies, rounds)
    of_postgres = json.loads(measure(in_tables).output)
    return [_figure("MongoDB", of_mongodb), _figure("PostgreSQL", of_postgres)]


def _figure(where: str, found: dict[str, Any]) -> Figure:
    return Figure(
        f"{where}, 10 million stored orders: a cycle that touches 100 customers, against 100,000",
        median(found["many"]) / median(found["few"]),
        Bound.AT_MOST,
        1.2,
        detail=f"{_told(found['many'])} beside {found['stored'][1]:,} orders against "
        f"{_told(found['few'])} beside {found['stored'][0]:,}",
    )


def _told(runs: list[float]) -> str:
    return f"{median(runs) * 1e3:.0f} ms ({min(runs) * 1e3:.0f}–{max(runs) * 1e3:.0f})"
