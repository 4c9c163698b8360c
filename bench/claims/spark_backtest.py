"""A backtest through Spark costs hardly more than the job that it stands for."""

from __future__ import annotations

import json
from statistics import median

from bench.figures import Bound, Figure, require_equal, seconds
from bench.processes import measure, script, simulated_orders

TITLE = "Backtest through Spark"


def run(*, quick: bool) -> list[Figure]:
    """Both in one warm session on two cores, in turns."""
    orders = simulated_orders(1_000_000 if quick else 10_000_000, "parquet")
    found = json.loads(measure(script("spark_turns", str(orders), "1" if quick else "3")).output)
    require_equal(found["answers"]["ours"], found["answers"]["rival"], f"backtest of {orders.name} by Spark")
    ours, rival = found["seconds"]["ours"], found["seconds"]["rival"]
    return [
        Figure(
            "backtest of 10 million orders in Parquet through Spark, against PySpark by hand",
            median(ours) / median(rival),
            Bound.AT_MOST,
            1.2,
            detail=f"{seconds(ours)} against {seconds(rival)}",
        )
    ]
