"""A backtest over a hundred million orders on a small machine."""

from __future__ import annotations

from bench.backtests import compare_large
from bench.figures import Figure

TITLE = "Backtest of a hundred million orders"


def run(*, quick: bool) -> list[Figure]:
    """Measured by whole processes, one after the other. Needs 15 GB of disk."""
    return compare_large(quick=quick)
