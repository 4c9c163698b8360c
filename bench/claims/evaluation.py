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
    found = json.loads(measure(script("evaluating", str(pairs), "3")).output)
    return [
        Figure(
            "pairs evaluated in one process, two in a hundred of which moved (tallies → transitions)",
            pairs / median(found["columns"]) / 1e6,
            Bound.AT_LEAST,
            1,
            "million a second",
            f"{seconds(found['columns'])} for {pairs:,}, {found['changes']:,} of which moved; a look at each "
            f"pair, from tallies that were made beforehand, takes {seconds(found['singly'])}",
        )
    ]
