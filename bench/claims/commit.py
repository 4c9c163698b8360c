"""Writing down what was decided costs little beside the writing itself."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.committing import LEDGER
from bench.figures import Bound, Figure, alternating, require_equal
from bench.processes import measure, script

TITLE = "Committing a cycle that opens very many alerts"


def run(*, quick: bool) -> list[Figure]:
    """The commits of a cycle, and then the rows that they wrote by bare inserts, in turns."""
    alerts, rounds = (2_000, 1) if quick else (50_000, 3)
    with TemporaryDirectory() as name:
        folder = Path(name)

        def ours() -> float:
            return float(measure(script("committing", name, str(alerts))).output)

        def bare() -> float:
            ledger, copy = str(folder / LEDGER), str(folder / "copy.db")
            seconds, rows = measure(script("rivals.bare_inserts", ledger, copy)).output.split()
            require_equal(4 * alerts, int(rows), "rows")
            return float(seconds)

        commits, inserts = alternating(ours, bare, rounds)
    return [
        Figure(
            "50,000 alerts open in one cycle: its commits, against bare inserts of the same rows",
            median(commits) / median(inserts),
            Bound.AT_MOST,
            3,
            detail=f"{median(commits):.2f} s in transactions of 5,000 against {median(inserts):.2f} s in one",
        )
    ]
