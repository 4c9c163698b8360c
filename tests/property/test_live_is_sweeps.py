"""Backtest = sweep = live: whatever happens to orders, and however they are written, looks at those whom the
change stream names leave the ledger as sweeps would, so that a sweep finds nothing to do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from pymongo import DeleteOne, ReplaceOne, UpdateOne
from pymongo.collection import Collection

from tercera.cycle import cycle
from tercera.cycle.live import Live
from tercera.cycle.sweep import Terms
from tercera.fields import OrderFields
from tercera.following.desk import Desk, Stretch
from tercera.following.looking import Looker
from tercera.ledger import Ledger, Position, open_ledger
from tercera.model import Counting, Level, Match, Period, Reason, RuleId, State
from tercera.questions.backtest import backtest
from tercera.rules import Rule, everyone
from tercera.sources.mongodb import MongoSource, Settings
from tercera.sources.mongodb import open_source as open_mongodb
from tercera.tally.changes import Changes
from tercera.telling.routing import Route, Routes
from tests import oracle
from tests.servers.mongod import client, empty_database, mongod_uri

ZONE = "America/Bogota"
WHEN = (Match("status", ("returned", "cancelled")),)
RULES = [
    Rule(
        RuleId(per),
        "Two or more",
        Counting(WHEN, per, Period.MONTH, ZONE, evidence=2),
        (Level("notice", 2), Level("warning", 4)),
        everyone("customer"),
        timedelta(days=400),  # longer than any history: every change falls in a watched window
    )
    for per in ("customer", "seller")
]
TERMS = Terms(Routes({"customer": Route("customer", None)}))
START = datetime(2023, 1, 10, 12, tzinfo=UTC)
FIELDS = OrderFields(timezone=ZONE, fields={"seller": "seller"})

EXAMPLES = int(os.environ.get("TERCERA_HISTORIES", "4"))

pytestmark = pytest.mark.mongod


@dataclass(frozen=True)
class Happening:
    """Something that happens to an order: it is written as a row, or goes (no row)."""

    order: str
    row: tuple[tuple[str, str], ...] | None

    @property
    def document(self) -> dict[str, str]:
        """The row."""
        return dict(self.row or ())


ROWS = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(["ana", "ana", "bea", ""]),
        "seller": st.sampled_from(["s1", "s2"]),
        "placed_at": st.sampled_from(
            ["2023-01-05", "2023-01-31 23:59:59", "2023-02-01T05:00:00Z", "2022-12-31", "soon"]
        ),
        "status": st.sampled_from(["returned", "returned", "cancelled", "delivered"]),
    }
)
HAPPENINGS = st.builds(
    Happening,
    st.sampled_from([f"o{number}" for number in range(7)]),
    st.one_of(*[ROWS.map(lambda row: tuple(sorted(row.items())))] * 4, st.none()),
)
WAYS = st.sampled_from(["one by one", "in bulk", "in a transaction", "replaced"])
# Much at first, then little: what one change did must not be found because of others.
STEPS = st.tuples(st.integers(0, 5), WAYS, st.lists(HAPPENINGS, min_size=1, max_size=2))
FIRST = st.tuples(st.just(0), WAYS, st.lists(HAPPENINGS, min_size=5, max_size=9))


def _february(order: str) -> Happening:
    row = {"customer_id": "ana", "seller": "s1", "placed_at": "2023-02-01T05:00:00Z", "status": "returned"}
    return Happening(order, tuple(sorted(row.items())))


BEFORE_ITS_MONTH = [
    (0, "in bulk", [_february("o1"), _february("o2")]),
    *[(5, "in bulk", [Happening("o6", None)])] * 6,
]
"""Orders that are dated in a month to come: when it begins nothing is written, so no change tells of it."""

HISTORIES = st.builds(lambda first, steps: [first, *steps], FIRST, st.lists(STEPS, min_size=4, max_size=8))


class World:
    """A collection, a ledger, and one who follows: without threads, so that each look has seen it all."""

    def __init__(self, orders: Collection[dict[str, Any]], source: MongoSource, ledger: Ledger) -> None:
        self.orders = orders
        self.source = source
        self.ledger = ledger
        self.now = START
        self.key = source._fields.order_id
        self.changes: Changes = source.changes(("customer", "seller"), None)
        live = Live(source, ledger, TERMS, lambda: self.now)
        self.desk = Desk({rule.id: rule.counting.per for rule in RULES}, debounce=0)
        self.looker = Looker(RULES, live, self.desk, lambda: None)
        self.stretch: Stretch
        self._markers = 0

    def begin(self) -> None:
        """The position first, then a sweep: as whoever follows does."""
        with self.ledger.following() as lease:
            assert lease is not None
            self.stretch = self.desk.begin(lease)
            position = self.changes.take(1).position
            assert position is not None
            self.ledger.begin_following(Position(position, self.now, lease))
        self.sweep()

    def pass_days(self, days: int) -> None:
        """Nobody writes anything when a month begins: orders that were dated ahead are a sweep's to find, as
        the schedule has one every few minutes."""
        before = self.month
        self.now += timedelta(days=days)
        if self.month != before:
            self.sweep()

    @property
    def month(self) -> str:
        """That it is in the shop."""
        return f"{self.now - timedelta(hours=5):%Y-%m}"

    def happen(self, way: str, happenings: Sequence[Happening]) -> None:
        """Writes them in this way."""
        if way == "one by one":
            for each in happenings:
                self.orders.bulk_write([self._write(each, way)])
        elif way == "in a transaction":
            with client().start_session() as session, session.start_transaction():
                self.orders.bulk_write([self._write(each, way) for each in happenings], session=session)
        else:
            self.orders.bulk_write([self._write(each, way) for each in happenings])

    def _write(self, each: Happening, way: str) -> Any:
        this = {self.key: each.order}
        if each.row is None:
            return DeleteOne(this)
        if way == "replaced":
            return ReplaceOne(this, each.document | this, upsert=True)
        return UpdateOne(this, {"$set": each.document}, upsert=True)

    def look(self) -> None:
        """Reads until an order that was written last is told of, and looks at everybody."""
        self._markers += 1
        marker = f"marker {self._markers}"
        self.orders.insert_one({self.key: marker, "customer_id": marker})
        while marker not in (batch := self.changes.take(5)).subjects.get("customer", ()):
            self.desk.note(self.stretch, batch)
        self.desk.note(self.stretch, batch)
        while self.desk.position(self.stretch) != batch.position:
            self.looker.look(0.01)

    def sweep(self) -> set[Reason]:
        """What a sweep of everything found."""
        report = cycle(RULES, self.source, self.ledger, TERMS, now=self.now, clock=lambda: self.now)
        assert not report.failed
        return {reason for swept in report.swept for reason in swept.transitions}

    def check(self) -> None:
        """What stands is what is true now, for each rule; each step told what it had to."""
        rows = [dict(row) for row in self.orders.find()]
        fields = FIELDS.model_copy(update={"order_id": self.key})
        for rule in RULES:
            answer = oracle.tally(rows, fields, rule.counting)
            truth = {
                pair: tally.matched
                for pair, tally in answer.tallies.items()
                if tally.matched >= rule.floor and pair[1] <= self.month
            }
            alerts = self.ledger.alerts(rule=rule.id, limit=1000)
            standing = {each.pair: each.tally.matched for each in alerts if each.standing.state is State.OPEN}
            assert standing == truth


@contextmanager
def world(*, images: bool) -> Iterator[World]:
    """With images of before, and ids of their own; or without, and the document's ids."""
    with empty_database() as database, TemporaryDirectory() as folder:
        orders = database.create_collection("orders", changeStreamPreAndPostImages={"enabled": images})
        orders.create_index([("placed_at", 1)])
        fields = FIELDS.model_dump() | ({} if images else {"order_id": "_id"})
        written = Settings(
            kind="mongodb",
            uri=SecretStr(mongod_uri()),
            database=database.name,
            orders={"collection": "orders", **fields},
        )
        source = open_mongodb(written, ZONE)
        with open_ledger(f"sqlite:///{Path(folder)}/ledger.db") as ledger:
            made = World(orders, source, ledger)
            made.begin()
            yield made
            made.changes.close()
        source.close()


@pytest.mark.parametrize("images", [True, False], ids=["with images", "without"])
def test_looks_leave_nothing_for_a_sweep(images: bool) -> None:
    """Inserts, updates, moves to another customer or month, deletions; one by one or many at once."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),  # each history takes a second: none is made smaller
        suppress_health_check=list(HealthCheck),
    )
    @example(BEFORE_ITS_MONTH)
    @given(HISTORIES)
    def holds(history: list[tuple[int, str, list[Happening]]]) -> None:
        with world(images=images) as shop:
            for pause, way, happenings in history:
                shop.pass_days(pause)
                shop.happen(way, happenings)
                shop.look()
                shop.check()
            assert shop.sweep() <= {Reason.UNCHANGED}
            for rule in RULES:
                standing = [
                    alert
                    for alert in shop.ledger.alerts(rule=rule.id, limit=1000)
                    if alert.standing.state is not State.RETRACTED
                ]
                assert backtest(rule, shop.source, last=shop.now.date()).alerts == len(standing)

    holds()
