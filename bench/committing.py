"""A program: one cycle over a file in which so many customers have crossed the line; prints the seconds that
its commits took, every one of them to the disk. The ledger stays beside the file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import settings
from bench.draining import write_orders
from tercera.app import open_app
from tercera.cycle import cycle
from tercera.cycle.sweep import CHUNK
from tercera.ledger import Ledger
from tercera.simulate import Recipe, fill_file

NOW = datetime(2023, 6, 28, 12, tzinfo=UTC)
LEDGER = "tercera.db"


class Stopwatch:
    """Adds up how long calls take, and keeps how many changes the largest of them had."""

    def __init__(self, call: Callable[..., None]) -> None:
        self.seconds = 0.0
        self.largest = 0
        self._call = call

    def __call__(self, changes: list[Any], **rest: Any) -> None:
        """The call itself."""
        began = time.perf_counter()
        self._call(changes, **rest)
        self.seconds += time.perf_counter() - began
        self.largest = max(self.largest, len(changes))


def commit(folder: Path, alerts: int) -> float:
    """Seconds in commits."""
    orders, customers = folder / "orders.csv", folder / "customers.csv"
    if not orders.exists():
        write_orders(orders, alerts)
        fill_file(orders, customers, Recipe(seed=1))
    (folder / LEDGER).unlink(missing_ok=True)
    told: dict[str, Any] = {"channels": {"customer": {"kind": "log", "to": "told.jsonl"}}}
    told["guard"] = {"max_notices": alerts, "max_share": 1}
    config = settings.files(folder / "tercera.yaml", orders, customers=customers, mail=told)
    with open_app(config, clock=lambda: NOW) as app, app.ledger() as ledger:
        watch = Stopwatch(ledger.commit)
        ledger.commit = watch  # type: ignore[method-assign, assignment]  # to time it
        report = cycle(app.settings.rules, app.source, ledger, app.terms(), now=NOW, clock=lambda: NOW)
        for error in report.failed.values():
            raise error
        _check(ledger, alerts, watch)
    return watch.seconds


def _check(ledger: Ledger, alerts: int, watch: Stopwatch) -> None:
    counts = ledger.counts()
    if sum(counts.notices.values()) != alerts or watch.largest > CHUNK:
        raise RuntimeError(f"{alerts} alerts were to be told in parts, and it came to {counts}")


if __name__ == "__main__":
    print(commit(Path(sys.argv[1]), int(sys.argv[2])))
