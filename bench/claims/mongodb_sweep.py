"""A sweep costs the watched windows, not the history."""

from __future__ import annotations

import json
from statistics import median

from bench.figures import Bound, Figure, seconds
from bench.processes import measure, script
from bench.server import kept_server

TITLE = "Sweeps of a MongoDB collection"
TIMES = 10


def run(*, quick: bool) -> list[Figure]:
    """Whole cycles (tally, judge, reconcile, commit) against the aggregation alone, on the same server."""
    size = "100000" if quick else "1000000"
    with kept_server() as uri:
        for copies in (1, TIMES):
            measure(script("history", uri, size, str(copies)))
        found = json.loads(measure(script("sweeping", uri, size, str(TIMES), "3" if quick else "7")).output)
    return [
        Figure(
            "MongoDB, a million orders over three years: a sweep, against a full-history aggregation",
            median(found["aggregated"]) / median(found["swept"]),
            Bound.AT_LEAST,
            10,
            "× faster",
            f"{seconds(found['swept'])} against {seconds(found['aggregated'])}; {found['pairs']} pairs found",
        ),
        Figure(
            f"MongoDB, {TIMES} times as many months at the same volume: cost of a sweep",
            median(found["long"]) / median(found["short"]),
            Bound.AT_MOST,
            1.2,
            detail=f"{seconds(found['long'])} against {seconds(found['short'])}",
        ),
    ]
