"""A backtest over CSV costs hardly more than the query that it stands for."""

from __future__ import annotations

from bench.backtests import compare
from bench.figures import Figure

TITLE = "Backtest of a CSV file"


def run(*, quick: bool) -> list[Figure]:
    """Measured by whole processes, in turns."""
    return compare("csv", quick=quick)
