"""A backtest through `sql` and the rival's job in one classic Spark session, in turns, after a round of both
that is not measured. Prints the seconds of each and what they found.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pyspark.sql import SparkSession

from bench.rivals.pyspark_backtest import count
from bench.settings import VALID
from tercera.demo.mailbox import HOST
from tercera.model import CUSTOMER, Counting, Level, Match, Period, RuleId
from tercera.questions.backtest import Backtest, backtest
from tercera.rules import Rule
from tercera.sources.sql import Settings, open_source

URI = "spark:///local[2]"


def session() -> Any:
    """Two cores and four gigabytes, nothing else told: what Spark does by itself is the same for both."""
    os.environ["SPARK_LOCAL_IP"] = HOST
    told = {"spark.ui.enabled": "false", "spark.driver.memory": "4g", "spark.ui.showConsoleProgress": "false"}
    builder: Any = SparkSession.builder
    builder = builder.master("local[2]")
    for name, value in {**told, "spark.sql.session.timeZone": "UTC"}.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def ours(path: str) -> dict[str, Any]:
    """What `tercera backtest` does, without the start of a process."""
    orders = {
        "table": f"parquet.`{path}`",
        "order_id": "shipping_id",
        "customer_id": "order_vendor_dbname",
        "status": "shipping_status",
        "placed_at": "shipping_date",
        "formats": ("%Y-%m-%d",),
        "valid": {"customer_id": VALID},
    }
    source = open_source(
        Settings.model_validate({"kind": "sql", "uri": SecretStr(URI), "orders": orders}), "America/Bogota"
    )
    when = (Match("status", ("returned", "cancelled")),)
    levels = (Level("notice", 3), Level("warning", 5), Level("critical", 10))
    rule = Rule(
        RuleId("repeat-returns"),
        "Returns",
        Counting(when, CUSTOMER, Period.MONTH, "America/Bogota"),
        levels,
        (),
        timedelta(days=30),
    )
    found = backtest(rule, source)
    source.close()
    return _told(found)


def _told(found: Backtest) -> dict[str, Any]:
    rejects = {str(reason): [each.rows, each.matching] for reason, each in found.survey.rejects.items()}
    counts = {name: getattr(found, name) for name in ("alerts", "customers", "by_level", "by_window")}
    return {**counts, "orders": found.survey.orders, "rejects": rejects}


def main(path: str, rounds: int) -> None:
    """Both, so many times."""
    spark: Any = session()
    seconds: dict[str, list[float]] = {"ours": [], "rival": []}
    answers: dict[str, Any] = {}
    for turn in range(rounds + 1):
        both: Any = (("ours", lambda: ours(path)), ("rival", lambda: count(spark, path)))
        for name, run in both:
            began = time.perf_counter()
            answers[name] = run()
            if turn:
                seconds[name].append(time.perf_counter() - began)
    json.dump({"seconds": seconds, "answers": answers}, sys.stdout)
    stop: Any = spark.stop
    stop()


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()), int(sys.argv[2]))
