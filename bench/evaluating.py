"""A program: what a sweep makes of very many pairs, without reading them or writing anything down.

A million customers have an alert that stands, with three orders each, as the last sweep left them; now one in
a hundred has moved, as many in each of five ways: a new customer opens an alert, another one escalates,
eases, is retracted, or has an order more and the same level. With a million alerts in two watched months
some 16,000 open in a day: this is what moves in half a day, where sweeps are a minute apart by default. No
pair among them is easy because nothing is known of it: engines leave those out below the lowest level.

Measured is `looking.changes_of`: from the tallies, as an engine gives them in Arrow batches, and the alerts,
as the ledger holds them when they are read, to the changes that would be committed. Prints JSON: seconds by
columns, and by a look at each pair where that is asked for.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa

from bench import settings
from bench.figures import NotEqualError, alternating
from tercera.app import open_app
from tercera.cycle.looking import Look, Swept, changes_of
from tercera.ledger import Digests, KnownAlerts
from tercera.ledger.codec import digest_of
from tercera.messages import Change
from tercera.model import Counting, Customer, RejectReason, SubjectId, Survey, Tally
from tercera.orders import Check, Reading, Scope
from tercera.relational.expressions.placing import number_of
from tercera.relational.reading import in_columns
from tercera.rules import Rule
from tercera.tally.columns import ColumnReading, Integers, spread
from tercera.telling.silences import Silences
from tercera.windows import Window

NOW = datetime(2023, 6, 28, 12, tzinfo=UTC)
OPENS, END, WINDOW = date(2023, 6, 1), date(2023, 7, 1), "2023-06"
MOVED = 100
"""One in so many pairs has moved."""

WAYS = ((0, 3), (3, 5), (5, 4), (3, 2), (3, 4))
"""How many orders the pairs that moved had and have: opened, escalated, eased, retracted, unchanged."""

_COST = Decimal("19.9000")


@dataclass(frozen=True)
class Prepared:
    """Tallies that were there before they are asked for: in batches, one by one, and by their pairs."""

    batches: Sequence[pa.RecordBatch]
    whole: Mapping[str, Tally]
    in_columns: bool

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """Those of some pairs, or all."""
        if scope.pairs is not None:
            return Reading(_given(self.whole[subject] for subject, _ in sorted(scope.pairs)))
        if self.in_columns:
            return ColumnReading(_given(in_columns(self.batches, counting)))
        return Reading(_given(each for each in self.whole.values() if each.matched >= scope.at_least))

    def customers(self, ids: Collection[str]) -> dict[str, Customer]:
        """Nobody."""
        return {}

    def doubtful(
        self, counting: Counting, window: Window, subjects: Collection[SubjectId]
    ) -> dict[SubjectId, dict[RejectReason, int]]:
        """Nothing."""
        return {}

    def check(self, countings: Sequence[Counting], *, fix: bool = False) -> Iterator[Check]:
        """Nothing."""
        yield from ()

    def close(self) -> None:
        """Nothing."""


def _given(values: Iterable[Any]) -> Any:
    yield from values
    return Survey()


def compare(pairs: int, rounds: int, *, is_compared: bool) -> dict[str, Any]:
    """By columns and, where it is compared, by a look at each pair, in turns: they find the same changes."""
    with TemporaryDirectory() as name:
        config = settings.files(Path(name) / "tercera.yaml", Path(name) / "orders.csv")
        with open_app(config) as app:
            rule = app.settings.rules[0]
    numbers = np.arange(pairs)
    before, after = (np.array([_orders_of(number)[at] for number in range(pairs)]) for at in (0, 1))
    known = KnownAlerts(
        (place, tally.subject, WINDOW, "open", level, level, digest_of(tally), True)
        for place, tally in enumerate(_tallies(_batches(numbers, before), rule))
        for level in ["warning" if tally.matched >= 5 else "notice"]
    )
    remembered: dict[Any, Any] = {}
    chosen = numbers if is_compared else numbers[numbers % MOVED == 0]
    whole = {str(tally.subject): tally for tally in _tallies(_batches(chosen, after[chosen]), rule)}
    _looked(rule, Prepared(_batches(numbers, before, rule.floor), {}, True), known, remembered)
    was, later = dict(remembered), _batches(numbers, after, rule.floor)
    gc.freeze()  # what was prepared is the engine's and the ledger's: it is not walked through in their stead
    counts: dict[bool, tuple[list[Any], dict[Any, int]]] = {}

    def look(*, in_columns: bool) -> float:
        remembered.update(was)
        began = perf_counter()
        changes, swept = _looked(rule, Prepared(later, whole, in_columns), known, remembered)
        took = perf_counter() - began
        counts[in_columns] = (sorted(map(_told, changes)), dict(swept.transitions))
        return took

    columns: list[float] = []
    singly: list[float] = []
    if not is_compared:
        columns = [look(in_columns=True) for _ in range(rounds)]
    else:
        columns, singly = alternating(lambda: look(in_columns=True), lambda: look(in_columns=False), rounds)
        if counts[True] != counts[False]:
            raise NotEqualError("the changes are not the same")
    return {"columns": columns, "singly": singly, "changes": len(counts[True][0])}


def _looked(
    rule: Rule, source: Prepared, known: KnownAlerts, remembered: dict[Any, Any]
) -> tuple[list[Change], Swept]:
    look = Look(rule, Silences(rule.id, [], NOW), NOW, False, None, Digests(), remembered, NOW)
    scope, swept = Scope(OPENS, END, rule.floor, totals=False), Swept(rule.id)
    return list(changes_of(look, source, known, scope, swept)), swept


def _told(change: Change) -> tuple[str, str, int]:
    return change.tally.subject, change.transition.reason, change.tally.matched


def _orders_of(number: int) -> tuple[int, int]:
    """How many orders a customer had, and has."""
    return (3, 3) if number % MOVED else WAYS[number // MOVED % len(WAYS)]


def _batches(numbers: Integers, matched: Integers, least: int = 1) -> list[pa.RecordBatch]:
    """The rows of some customers with so many orders each, as the engine gives them: those that have at least
    so many, and as many rows at a time as the embedded engine has."""
    some = matched >= least
    numbers, matched = numbers[some], matched[some]
    parts = (slice(first, first + 7_000) for first in range(0, len(numbers), 7_000))
    return [_batch(numbers[part], matched[part]) for part in parts]


def _batch(numbers: Integers, matched: Integers) -> pa.RecordBatch:
    own = pa.array(np.repeat(np.arange(len(numbers)), matched))
    place = spread(np.zeros_like(matched), matched)
    first, days = number_of(OPENS), [number_of(date(2023, 6, 1 + day)) for day in range(6)]
    amounts = pa.array([_COST * count for count in range(6)], pa.decimal128(38, 4))
    subjects = pa.array([f"bigcolors_{1_300_000_000 + number}" for number in numbers.tolist()])
    each = zip(np.repeat(numbers, matched).tolist(), place.tolist(), strict=True)
    columns = {
        "subject": subjects.take(own),
        "opens": pa.array([OPENS]).take(pa.array(np.zeros_like(place))),
        "matched": pa.array(matched).take(own),
        "orders": pa.array(np.zeros_like(place)),
        "amount": amounts.take(pa.array(matched)).take(own),
        "first": pa.array(np.full_like(place, first)),
        "last": pa.array(np.array(days)[matched - 1]).take(own),
        "place": pa.array(place),
        "order_id": pa.array([f"6465208fbc139126{number:06x}{at:02x}" for number, at in each]),
        "placed": pa.array(np.array(days)[place]),
        "status": pa.array(["returned"]).take(pa.array(np.zeros_like(place))),
        "cost": pa.array([_COST], pa.decimal128(18, 4)).take(pa.array(np.zeros_like(place))),
    }
    return pa.RecordBatch.from_pydict(columns)


def _tallies(batches: list[pa.RecordBatch], rule: Rule) -> Iterator[Tally]:
    return (tally for some in in_columns(batches, rule.counting) for tally in some.tell(None))


if __name__ == "__main__":
    json.dump(
        compare(int(sys.argv[1]), int(sys.argv[2]), is_compared=sys.argv[3:] == ["compared"]), sys.stdout
    )
