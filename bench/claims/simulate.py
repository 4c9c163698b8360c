"""Ten million simulated orders while one waits."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Bound, Figure
from bench.processes import measure, tercera

TITLE = "Simulating orders"


def run(*, quick: bool) -> list[Figure]:
    """The whole process, for each kind of file."""
    figures = []
    for ending in ("parquet", "csv"):
        with TemporaryDirectory() as folder:
            out = Path(folder) / f"orders.{ending}"
            orders = "1000000" if quick else "10000000"
            made = measure(tercera("simulate", "orders", str(out), "--orders", orders, "--json"))
        figures.append(
            Figure(
                f"10 million simulated orders in {ending}",
                made.seconds,
                Bound.AT_MOST,
                60,
                "s",
                f"at most {made.peak / 1e6:.0f} MB of memory",
            )
        )
    return figures
