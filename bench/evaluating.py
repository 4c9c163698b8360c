"""A program: what a sweep makes of very many pairs, without reading them or writing anything down.

A million customers have an alert that stands, with three orders each, as the last sweep left them; now two in
a hundred have moved: an order more, one fewer, another one, or a customer who is new. Measured is
`looking.changes_of`: from the tallies, as an engine gives them in Arrow batches, and the alerts, as rows of
the ledger, to the changes that would be committed. Prints JSON: seconds by columns, and by a look at each
pair.
"""

from __future__ import annotations

import gc
import json
import sys
from collections import namedtuple
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import pyarrow as pa

from bench import settings
from bench.figures import NotEqualError, alternating
from tercera.app import open_app
from tercera.columns import ColumnReading
from tercera.ledger import Digests, KnownAlerts
from tercera.ledger.codec import digest_of
from tercera.looking import Look, Swept, changes_of
from tercera.messages import Change
from tercera.model import Counting, Customer, RejectReason, SubjectId, Survey, Tally
from tercera.orders import Check, Reading, Scope
from tercera.relational.placing import number_of
from tercera.relational.reading import in_columns
from tercera.rules import Rule
from tercera.silences import Silences
from tercera.windows import Window

NOW = datetime(2023, 6, 28, 12, tzinfo=UTC)
OPENS, END, WINDOW = date(2023, 6, 1), date(2023, 7, 1), "2023-06"
MOVED = 50
"""One in so many pairs has moved."""

_Row = namedtuple("_Row", "id subject window state level peak digest spoken")
_COST = Decimal("19.9000")


@dataclass(frozen=True)
class Prepared:
    """Tallies that were there before they are asked for: in batches, one by one, and by their pairs."""

    batches: Sequence[pa.RecordBatch]
    whole: Mapping[tuple[str, str], Tally]
    in_columns: bool

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """Those of some pairs, or all."""
        if scope.pairs is not None:
            return Reading(_given(self.whole[pair] for pair in sorted(scope.pairs)))
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


def compare(pairs: int, rounds: int) -> dict[str, Any]:
    """Both ways over the same pairs, in turns. They find the same changes."""
    with TemporaryDirectory() as name:
        config = settings.files(Path(name) / "tercera.yaml", Path(name) / "orders.csv")
        with open_app(config) as app:
            rule = app.settings.rules[0]
    before = [_orders(number, 3) for number in range(pairs)]
    after = [_orders(number, _matched(number)) for number in range(pairs)]
    earlier, later = _prepared(before, rule), _prepared(after, rule)
    known = [
        _Row(number, tally.subject, WINDOW, "open", "notice", "notice", digest_of(tally), True)
        for number, tally in enumerate(earlier.whole.values())
        if _kind(number) != _NEW
    ]
    remembered: dict[Any, Any] = {}
    _looked(rule, earlier, known, remembered)
    was = dict(remembered)
    gc.freeze()  # what was prepared is the engine's and the ledger's: it is not walked through in their stead
    counts: dict[bool, tuple[list[Any], dict[Any, int]]] = {}

    def look(*, in_columns: bool) -> float:
        source = Prepared(later.batches, later.whole, in_columns)
        remembered.update(was)
        began = perf_counter()
        changes, swept = _looked(rule, source, known, remembered)
        took = perf_counter() - began
        counts[in_columns] = (sorted(map(_told, changes)), dict(swept.transitions))
        return took

    columns, singly = alternating(lambda: look(in_columns=True), lambda: look(in_columns=False), rounds)
    if counts[True] != counts[False]:
        raise NotEqualError("the changes are not the same")
    return {"columns": columns, "singly": singly, "changes": len(counts[True][0])}


def _looked(
    rule: Rule, source: Prepared, rows: list[Any], remembered: dict[Any, Any]
) -> tuple[list[Change], Swept]:
    look = Look(rule, Silences(rule.id, [], NOW), NOW, False, None, Digests(), remembered, NOW)
    scope, swept = Scope(OPENS, END, rule.floor, totals=False), Swept(rule.id)
    return list(changes_of(look, source, KnownAlerts(rows), scope, swept)), swept


def _told(change: Change) -> tuple[str, str, int]:
    return change.tally.subject, change.transition.reason, change.tally.matched


_NEW = 3


def _kind(number: int) -> int | None:
    """In which way a customer moved; None for those who did not."""
    return None if number % MOVED else number // MOVED % 4


def _matched(number: int) -> int:
    """How many orders a customer has now."""
    kind = _kind(number)
    return 3 if kind is None else (2, 4, 5, 3)[kind]


def _orders(number: int, matched: int) -> list[dict[str, Any]]:
    """The rows of one customer, as the engine gives them."""
    pair = {
        "subject": f"bigcolors_{1_300_000_000 + number}",
        "opens": OPENS,
        "matched": matched,
        "orders": 0,
        "amount": _COST * matched,
        "first": number_of(OPENS),
        "last": number_of(date(2023, 6, matched)),
    }
    return [
        {
            **pair,
            "place": place,
            "order_id": f"6465208fbc139126{number:06x}{place:02x}",
            "placed": number_of(date(2023, 6, 1 + place)),
            "status": "returned",
            "cost": _COST,
        }
        for place in range(matched)
    ]


def _prepared(orders: list[list[dict[str, Any]]], rule: Rule) -> Prepared:
    """In batches of as many rows as the embedded engine gives."""
    batches = []
    for first in range(0, len(orders), 7_000):
        rows = [row for own in orders[first : first + 7_000] for row in own if row["matched"] >= rule.floor]
        batches.append(pa.RecordBatch.from_pylist(rows, _SCHEMA))
    every = [pa.RecordBatch.from_pylist([row for own in orders for row in own], _SCHEMA)]
    told = (tally for some in in_columns(every, rule.counting) for tally in some.tell(None))
    return Prepared(batches, {(tally.subject, tally.window): tally for tally in told}, True)


_SCHEMA = pa.schema(
    [
        *(("subject", pa.string()), ("opens", pa.date32()), ("matched", pa.int64()), ("orders", pa.int64())),
        *(("amount", pa.decimal128(38, 4)), ("first", pa.int64()), ("last", pa.int64())),
        *(("place", pa.int64()), ("order_id", pa.string()), ("placed", pa.int64())),
        *(("status", pa.string()), ("cost", pa.decimal128(18, 4))),
    ]
)


if __name__ == "__main__":
    json.dump(compare(int(sys.argv[1]), int(sys.argv[2])), sys.stdout)
