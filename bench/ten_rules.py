"""A program: cycles of one rule and of ten over the same orders, in turns, in one process.

Prints JSON: the seconds of each, how many pairs they looked at, and how many the rule with the fewest did.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import psycopg

from bench import orders_tables, settings
from bench.figures import alternating
from bench.history import DATABASE, TODAY, collection_name
from tercera.app import open_app
from tercera.cycle import cycle

ADDRESS = "TERCERA_BENCH_MONGODB"
LAST_DAY = date(2023, 12, 15)
"""Of a file of the year 2023: what is dated later has not happened yet."""


def over_a_file(orders: Path, rounds: int) -> dict[str, Any]:
    """Cycles over a file."""
    return _compare(
        lambda config, rules: settings.files(config, orders, rules=rules),
        datetime.combine(LAST_DAY, time(23), UTC),
        rounds,
    )


def over_a_collection(uri: str, size: int, rounds: int) -> dict[str, Any]:
    """Cycles over a collection of `history`."""
    os.environ[ADDRESS] = uri
    return _compare(
        lambda config, rules: settings.mongodb(
            config, ADDRESS, DATABASE, collection_name(size, 1), rules=rules
        ),
        datetime.combine(TODAY, time(23), UTC),
        rounds,
    )


def over_a_table(size: int, rounds: int) -> dict[str, Any]:
    """Cycles over a table in PostgreSQL."""
    with orders_tables.postgres() as uri:
        with psycopg.connect(uri, autocommit=True) as connection:
            orders_tables.fill(connection, "orders", size)
        return _compare(
            lambda config, rules: settings.sql(config, orders_tables.ADDRESS, "orders", rules=rules),
            datetime.combine(TODAY, time(23), UTC),
            rounds,
        )


def _compare(
    configured: Callable[[Path, list[dict[str, Any]]], Path], now: datetime, rounds: int
) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        of_one, of_ten = (
            _cycles(stack, configured(folder / f"{len(rules)}.yaml", rules), now)
            for rules in (settings.TEN[:1], settings.TEN)
        )
        one, ten = alternating(of_one, of_ten, rounds)
    pairs = ten[0][1]
    if not min(pairs):
        raise RuntimeError(f"each rule was to look at some pairs, and they looked at {pairs}")
    return {
        "one": [each[0] for each in one],
        "ten": [each[0] for each in ten],
        "pairs": sum(pairs),
        "fewest": min(pairs),
    }


def _cycles(stack: ExitStack, config: Path, now: datetime) -> Callable[[], tuple[float, list[int]]]:
    """A function that looks at every rule once more, and gives the seconds and the pairs of each. The rules
    have been swept before: all of history, and what is watched once more."""
    app = stack.enter_context(open_app(config, clock=lambda: now))
    for _ in app.source.check([rule.counting for rule in app.settings.rules], fix=True):
        pass
    ledger = stack.enter_context(app.ledger())

    def look() -> tuple[float, list[int]]:
        began = perf_counter()
        report = cycle(app.settings.rules, app.source, ledger, app.terms(), now=now, clock=lambda: now)
        took = perf_counter() - began
        for error in report.failed.values():
            raise error
        return took, [each.transitions.total() for each in report.swept]

    for _ in range(3):
        look()
    return look


if __name__ == "__main__":
    kind, *arguments, rounds = sys.argv[1:]
    if kind == "file":
        print(json.dumps(over_a_file(Path(arguments[0]), int(rounds))))
    elif kind == "table":
        print(json.dumps(over_a_table(int(arguments[0]), int(rounds))))
    else:
        print(json.dumps(over_a_collection(arguments[0], int(arguments[1]), int(rounds))))
