"""The command line answers before one notices."""

from __future__ import annotations

from statistics import median

from bench.figures import Bound, Figure, seconds
from bench.processes import measure, tercera

TITLE = "Starting the command line"


def run(*, quick: bool) -> list[Figure]:
    """The whole process, after one unmeasured run."""
    measure(tercera("--help"))
    runs = [measure(tercera("--help")).seconds for _ in range(3 if quick else 11)]
    return [Figure("`tercera --help`", median(runs), Bound.AT_MOST, 0.3, "s", seconds(runs))]
