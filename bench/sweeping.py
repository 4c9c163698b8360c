"""A program: sweeps of a short and of a long history and the rival's aggregation, in turns, on one server.

Prints JSON: seconds of each, and how many pairs both found in the watched windows.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from pymongo import MongoClient

from bench import settings
from bench.figures import alternating, require_equal
from bench.history import DATABASE, TODAY, collection_name
from bench.indexing import create_indexes
from bench.rivals.notebook_aggregation import distinct_orders, hits
from tercera.app import App, open_app
from tercera.cycle import cycle
from tercera.ledger import Ledger
from tercera.orders import Scope
from tercera.windows import watched

NOW = datetime.combine(TODAY, time(23), UTC)
"""Two months are watched: the open one, and the one before, which has been over for less than the grace."""
ADDRESS = "TERCERA_BENCH_MONGODB"


def compare(uri: str, size: int, copies: int, rounds: int) -> dict[str, Any]:
    """Sweeps both histories; aggregates the short one."""
    os.environ[ADDRESS] = uri
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        client: MongoClient[dict[str, Any]] = stack.enter_context(MongoClient(uri))
        config, long_config = (
            settings.mongodb(folder / f"{name}.yaml", ADDRESS, DATABASE, name)
            for name in (collection_name(size, 1), collection_name(size, copies))
        )
        # A first sweep over ten times the history takes minutes and says nothing of the later ones, so both
        # go on from the same ledger. The watched windows hold the same orders.
        _sweep_history(config)
        shutil.copyfile(config.with_suffix(".db"), long_config.with_suffix(".db"))
        short = _sweeper(stack, config)
        long = _sweeper(stack, long_config)
        orders = client[DATABASE][collection_name(size, 1)]

        def aggregate(*, scan: bool) -> float:
            return _timed(lambda: hits(orders, settings.VALID, scan=scan))

        # The rival may use the indexes or not, whichever is faster.
        scan = min((True, False), key=lambda each: aggregate(scan=each))
        app = stack.enter_context(open_app(config))
        pairs = _require_equal(app, hits(orders, settings.VALID, scan=scan))
        swept, aggregated = alternating(short, lambda: aggregate(scan=scan), rounds)
        short_again, swept_long = alternating(short, long, rounds * 2)
    return {
        "swept": swept,
        "aggregated": aggregated,
        "short": short_again,
        "long": swept_long,
        "scan": scan,
        "pairs": pairs,
    }


def _sweep_history(config: Path) -> None:
    """The first sweeps: over all of history, and one that closes what is long over."""
    with open_app(config) as app, app.ledger() as ledger:
        create_indexes(app, NOW)
        for _ in range(2):
            _cycle(app, ledger)


def _sweeper(stack: ExitStack, config: Path) -> Callable[[], float]:
    """A function that sweeps once more and gives the seconds."""
    app = stack.enter_context(open_app(config))
    create_indexes(app, NOW)
    ledger = stack.enter_context(app.ledger())
    _cycle(app, ledger)
    return lambda: _timed(lambda: _cycle(app, ledger))


def _cycle(app: App, ledger: Ledger) -> None:
    report = cycle(app.settings.rules, app.source, ledger, app.terms(), now=NOW, clock=lambda: NOW)
    for error in report.failed.values():
        raise error


def _require_equal(app: App, groups: list[dict[str, Any]]) -> int:
    """Both find the same pairs with the same distinct orders in the watched windows."""
    rule = app.settings.rules[0]
    windows = watched(rule.counting.within, rule.counting.zone, NOW, rule.grace)
    scope = Scope(start=windows[0].start, end=windows[-1].end, at_least=rule.floor)
    ours = {(each.subject, each.window): each.matched for each in app.source.tally(rule.counting, scope)}
    names = {window.id for window in windows}
    theirs = {pair: total for pair, total in distinct_orders(groups).items() if pair[1] in names}
    require_equal(ours, theirs, "pairs of the watched windows")
    return len(ours)


def _timed(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


if __name__ == "__main__":
    uri, size, copies, rounds = sys.argv[1:5]
    json.dump(compare(uri, int(size), int(copies), int(rounds)), sys.stdout)
