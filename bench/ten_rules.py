"""A program: cycles of one rule and of ten over the same orders, in turns, in one process.

Prints JSON: the seconds of each, how many pairs they looked at, and how many the rule with the fewest did.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Self

import psycopg

from bench import orders_tables, settings
from bench.figures import alternating, require_equal
from bench.history import DATABASE, TODAY, collection_name
from bench.indexing import create_indexes
from tercera.app import App, open_app
from tercera.cycle import cycle
from tercera.cycle.scopes import scope_of
from tercera.ledger import Ledger
from tercera.model import Pair, RejectReason, Tally
from tercera.orders import Reading
from tercera.tally.sharing import sharing

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
            _Running.of(stack, configured(folder / f"{len(rules)}.yaml", rules), now)
            for rules in (settings.TEN[:1], settings.TEN)
        )
        of_ten.require_equal_alone()
        one, ten = alternating(of_one.look, of_ten.look, rounds)
    pairs = ten[0][1]
    if not min(pairs):
        raise RuntimeError(f"each rule was to look at some pairs, and they looked at {pairs}")
    return {
        "one": [each[0] for each in one],
        "ten": [each[0] for each in ten],
        "pairs": sum(pairs),
        "fewest": min(pairs),
    }


@dataclass(frozen=True)
class _Running:
    """An instance that has been running."""

    app: App
    ledger: Ledger
    now: datetime

    @classmethod
    def of(cls, stack: ExitStack, config: Path, now: datetime) -> Self:
        """One that has swept every rule: all of history, and twice what is watched."""
        app = stack.enter_context(open_app(config, clock=lambda: now))
        create_indexes(app, now)
        running = cls(app, stack.enter_context(app.ledger()), now)
        for _ in range(3):
            running.look()
        return running

    def look(self) -> tuple[float, list[int]]:
        """Looks at every rule once more: the seconds, and how many pairs of each."""
        app, now = self.app, self.now
        began = perf_counter()
        report = cycle(app.settings.rules, app.source, self.ledger, app.terms(), now=now, clock=lambda: now)
        took = perf_counter() - began
        for error in report.failed.values():
            raise error
        return took, [each.transitions.total() for each in report.swept]

    def require_equal_alone(self) -> None:
        """The rules together find what each of them finds alone."""
        source = self.app.source
        asked = [
            (rule.counting, scope_of(rule, self.ledger, self.ledger.cursor(rule.id), self.now))
            for rule in self.app.settings.rules
        ]
        with sharing(source, asked) as shared:
            together = [_found(shared.tally(*each)) for each in asked]
        for rule, each, found in zip(self.app.settings.rules, asked, together, strict=True):
            require_equal(found, _found(source.tally(*each)), f"{rule.id} together with others, and alone")


def _found(reading: Reading) -> tuple[dict[Pair, Tally], int, dict[RejectReason, int]]:
    """The tallies, how many rows were read, and how many were rejected for what."""
    tallies = {(each.subject, each.window): each for each in reading}
    survey = reading.survey
    return tallies, survey.rows, {reason: each.rows for reason, each in survey.rejects.items()}


if __name__ == "__main__":
    kind, *arguments, rounds = sys.argv[1:]
    if kind == "file":
        print(json.dumps(over_a_file(Path(arguments[0]), int(rounds))))
    elif kind == "table":
        print(json.dumps(over_a_table(int(arguments[0]), int(rounds))))
    else:
        print(json.dumps(over_a_collection(arguments[0], int(arguments[1]), int(rounds))))
