"""What a sweep makes of very many pairs, without input and output."""

from __future__ import annotations

import json
from statistics import median

from bench.figures import Bound, Figure, seconds
from bench.processes import measure, script

TITLE = "Evaluating a million pairs"


def run(*, quick: bool) -> list[Figure]:
    """From the tallies in Arrow batches and the rows of the alerts to the changes, in one process."""
    pairs = 100_000 if quick else 1_000_000
    found = json.loads(measure(script("evaluating", str(pairs), "5")).output)
    compared = json.loads(measure(script("evaluating", "100000", "3", "compared")).output)
    return [
        Figure(
            "pairs evaluated in one process, all of them known, one in a hundred of which moved "
            "(tallies → transitions)",
            pairs / median(found["columns"]) / 1e6,
            Bound.AT_LEAST,
            1,
            "million a second",
            f"{seconds(found['columns'])} for {pairs:,}, {found['changes']:,} of which moved; of 100,000, "
            f"{seconds(compared['columns'])}, and {seconds(compared['singly'])} by a look at each pair, from "
            "tallies that were made beforehand",
        )
    ]
