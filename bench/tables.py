"""A program: sweeps of a table in PostgreSQL and the rival's statement, in turns, and backtests of both.

Prints JSON: seconds of each, and how many pairs both found in the watched windows.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import psycopg

from bench import settings
from bench.figures import alternating, require_equal
from bench.history import TODAY
from bench.orders_tables import ADDRESS, fill, postgres
from bench.rivals import postgres_sweep
from tercera.app import App, open_app
from tercera.cycle import cycle
from tercera.ledger import Ledger
from tercera.model import Period
from tercera.orders import Scope
from tercera.windows import watched

NOW = datetime.combine(TODAY, time(23), UTC)
"""Two months are watched: the open one, and the one before, which has been over for less than the grace."""


def compare(size: int, rounds: int) -> dict[str, Any]:
    """Fills a table, sweeps it, and asks the rival."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        uri = stack.enter_context(postgres())
        rival = stack.enter_context(psycopg.connect(uri, autocommit=True))
        fill(rival, "orders", size)
        rival.execute(postgres_sweep.SETTINGS)
        app = stack.enter_context(open_app(settings.sql(folder / "tercera.yaml", ADDRESS, "orders")))
        ledger = stack.enter_context(app.ledger())
        first = _timed(lambda: _cycle(app, ledger))
        _cycle(app, ledger)
        windows = watched(Period.MONTH, "America/Bogota", NOW, app.settings.rules[0].grace)
        bounds = windows[0].start.isoformat(), windows[-1].end.isoformat()
        pairs = _require_equal(app, postgres_sweep.ask(rival, *bounds), *(windows[0].start, windows[-1].end))
        swept, asked = alternating(
            lambda: _timed(lambda: _cycle(app, ledger)),
            lambda: _timed(lambda: postgres_sweep.ask(rival, *bounds)),
            rounds,
        )
        light = Scope(windows[0].start, windows[-1].end, 3, totals=False)
        tallied, asked_again = alternating(
            lambda: _timed(lambda: _tally(app, light)),
            lambda: _timed(lambda: postgres_sweep.ask(rival, *bounds)),
            rounds,
        )
        whole, by_hand = alternating(
            lambda: _timed(lambda: _tally(app, Scope(at_least=3))),
            lambda: _timed(lambda: postgres_sweep.ask(rival, "1900", "2100")),
            3,
        )
    return {
        "tallied": tallied, "asked_again": asked_again,
        "swept": swept, "asked": asked, "first": first, "backtest": whole, "by_hand": by_hand, "pairs": pairs
    }  # fmt: skip


def _cycle(app: App, ledger: Ledger) -> None:
    report = cycle(app.settings.rules, app.source, ledger, app.terms(), now=NOW, clock=lambda: NOW)
    for error in report.failed.values():
        raise error


def _tally(app: App, scope: Scope) -> dict[tuple[str, str], int]:
    reading = app.source.tally(app.settings.rules[0].counting, scope)
    return {(each.subject, each.window): each.matched for each in reading}


def _require_equal(app: App, answer: list[tuple[Any, ...]], start: Any, end: Any) -> int:
    """Both find the same pairs with as many orders, and the same rejects."""
    reading = app.source.tally(app.settings.rules[0].counting, Scope(start, end, 3))
    ours = {(each.subject, each.window): each.matched for each in reading}
    theirs = {(row[0], row[1]): row[2] for row in answer if row[1] is not None}
    require_equal(ours, theirs, "pairs of the watched windows")
    rejects = {reason.value: (each.rows, each.matching) for reason, each in reading.survey.rejects.items()}
    require_equal(rejects, {row[0]: (row[2], row[3]) for row in answer if row[1] is None}, "rejects")
    return len(ours)


def _timed(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


if __name__ == "__main__":
    json.dump(compare(int(sys.argv[1]), int(sys.argv[2])), sys.stdout)
