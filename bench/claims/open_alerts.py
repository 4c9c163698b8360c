"""What stands costs nothing: a cycle costs what it touches, and claiming what is claimed."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.figures import Bound, Figure, alternating
from bench.processes import measure, script
from bench.touching import ROUNDS

TITLE = "A cycle beside very many open alerts"


def run(*, quick: bool) -> list[Figure]:
    """Cycles that touch a hundred customers, beside many open alerts and beside few, in turns."""
    many, few, rounds = (20_000, 10_000, 1) if quick else (1_000_000, 10_000, ROUNDS)
    with TemporaryDirectory() as name:
        folders = [Path(name) / "many", Path(name) / "few"]
        for folder, alerts in zip(folders, (many, few), strict=True):
            folder.mkdir()
            measure(script("touching", "fill", str(folder), str(alerts)))
        done = {folder: count() for folder in folders}

        def touched(folder: Path) -> tuple[float, float]:
            """Each time other customers."""
            number = str(next(done[folder]))
            cycle, claim = measure(script("touching", "touch", str(folder), number)).output.split()
            return float(cycle), float(claim)

        large, small = alternating(lambda: touched(folders[0]), lambda: touched(folders[1]), rounds)
    return [
        _figure(
            "a cycle that touches 100 customers", [each[0] for each in large], [each[0] for each in small]
        ),
        _figure("claiming 100 notices", [each[1] for each in large], [each[1] for each in small]),
    ]


def _figure(what: str, large: list[float], small: list[float]) -> Figure:
    return Figure(
        f"1,000,000 open alerts in the ledger: {what}, against 10,000",
        median(large) / median(small),
        Bound.AT_MOST,
        1.3,
        detail=f"{median(large) * 1e3:.0f} ms against {median(small) * 1e3:.0f} ms",
    )
