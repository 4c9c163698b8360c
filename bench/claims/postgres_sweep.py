"""A sweep of a table in PostgreSQL costs hardly more than a statement that was written by hand for it."""

from __future__ import annotations

import json
from statistics import median

from bench.figures import Bound, Figure, seconds
from bench.processes import measure, script

TITLE = "Sweeps of a table in PostgreSQL"


def run(*, quick: bool) -> list[Figure]:
    """Whole cycles (tally, judge, reconcile, commit) against the rival's statement alone, on one server."""
    size, rounds = ("100000", "3") if quick else ("1000000", "9")
    found = json.loads(measure(script("tables", size, rounds)).output)
    return [
        Figure(
            "PostgreSQL, a million orders over three years: a sweep, against SQL by hand",
            median(found["swept"]) / median(found["asked"]),
            Bound.AT_MOST,
            1.3,
            detail=f"{seconds(found['swept'])} against {seconds(found['asked'])}; {found['pairs']} pairs",
        ),
        Figure(
            "PostgreSQL, a million orders over three years: the tally of a sweep alone, against SQL by hand",
            median(found["tallied"]) / median(found["asked_again"]),
            Bound.AT_MOST,
            1.3,
            detail=f"{seconds(found['tallied'])} against {seconds(found['asked_again'])}",
        ),
        Figure(
            "PostgreSQL, a million orders: the tally of a backtest, against SQL by hand",
            median(found["backtest"]) / median(found["by_hand"]),
            Bound.AT_MOST,
            2.0,
            detail=f"{seconds(found['backtest'])} against {seconds(found['by_hand'])}",
        ),
    ]
