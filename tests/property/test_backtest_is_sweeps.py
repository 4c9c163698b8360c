"""Backtest = sequence of sweeps: whatever happens to orders, and whenever one looks, the ledger ends where a
backtest over the final orders says, and everybody was told exactly what was true at each look."""

from __future__ import annotations

import csv
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tercera.cycle import Report, cycle
from tercera.cycle.sweep import Terms
from tercera.fields import CustomerFields, OrderFields
from tercera.ledger import Ledger, open_ledger
from tercera.model import Counting, Level, Match, Period, Reason, RuleId, State
from tercera.orders import Source
from tercera.questions.backtest import backtest
from tercera.rules import Rule, everyone
from tercera.sources import load
from tercera.telling.routing import Route, Routes
from tests import oracle

ZONE = "America/Bogota"
RULE = Rule(
    RuleId("repeat-returns"),
    "Three or more",
    Counting((Match("status", ("returned", "cancelled")),), "customer", Period.MONTH, ZONE),
    (Level("notice", 3), Level("warning", 5)),
    everyone("customer"),
    timedelta(days=400),  # longer than any generated history: every change falls in a watched window
)
ROUTES = Routes({"customer": Route("customer", None)})
START = datetime(2023, 1, 10, 12, tzinfo=UTC)
FIELDS = OrderFields(timezone=ZONE)

Orders = dict[str, dict[str, str]]


@dataclass
class Change:
    """Something that happens to one order: it appears, changes in any field, or disappears (no row)."""

    order_id: str
    row: dict[str, str] | None


# Few orders of few customers in few months, most of them returned: so that counts reach the levels, and fall.
DATES = [f"2023-01-{day:02d}" for day in range(1, 32)]
ODD_DATES = ["2023-01-31 23:59:59", "2023-02-01T04:59:59Z", "2023-02-01T05:00:00Z", "2022-12-31", "soon", ""]


def random_change(chance: random.Random) -> Change:
    """An order appears, changes or, one time in five, disappears."""
    order_id = f"o{chance.randint(1, 9)}"
    if chance.random() < 0.2:
        return Change(order_id, None)
    row = {
        "customer_id": chance.choice(["a_1", "a_1", "a_1", "b_2", ""]),
        "placed_at": chance.choice(DATES if chance.random() < 0.8 else ODD_DATES),
        "status": chance.choice(["returned", "returned", "cancelled", "delivered"]),
    }
    return Change(order_id, row)


def random_history(chance: random.Random) -> list[tuple[int, list[Change]]]:
    """Days of pause, and what happens then, a few times over."""
    return [
        (chance.randint(0, 5), [random_change(chance) for _ in range(chance.randint(1, 9))]) for _ in range(6)
    ]


@dataclass
class World:
    """A folder with an orders file, and how to read it."""

    folder: Path
    orders: Orders = field(default_factory=dict)

    def apply(self, changes: list[Change]) -> None:
        """Changes the orders and writes the file anew."""
        for change in changes:
            if change.row is None:
                self.orders.pop(change.order_id, None)
            else:
                self.orders[change.order_id] = {"order_id": change.order_id, **change.row}
        with (self.folder / "orders.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ("order_id", "customer_id", "placed_at", "status"))
            writer.writeheader()
            writer.writerows(self.orders.values())

    def truth(self) -> dict[tuple[str, str], int]:
        """Matching orders per pair, by the oracle, of the pairs that reach the lowest level."""
        answer = oracle.tally(self.orders.values(), FIELDS, RULE.counting)
        return {pair: tally.matched for pair, tally in answer.tallies.items() if tally.matched >= RULE.floor}


@contextmanager
def world() -> Iterator[tuple[World, Source, Ledger]]:
    """An empty shop, its source, and a fresh ledger."""
    files = load("files")
    with TemporaryDirectory() as folder:
        shop = World(Path(folder))
        shop.apply([])
        (Path(folder) / "customers.csv").write_text("id,name,email\na_1,Ana,ana@example.com\n")
        source_settings = files.Settings(
            kind="files",
            orders={"path": "orders.csv", "timezone": ZONE},
            customers={"path": "customers.csv", **CustomerFields().model_dump(exclude_none=True)},
        )
        source = files.open_source(source_settings, ZONE, base=Path(folder))
        ledger = open_ledger(f"sqlite:///{folder}/ledger.db")
        try:
            yield shop, source, ledger
        finally:
            ledger.close()
            source.close()


def test_the_ledger_ends_where_the_backtest_says() -> None:
    """For any history of inserts, corrections, moves and deletions, looked at whenever. The histories are
    worth the name: every kind of transition came about in them."""
    seed = int(os.environ.get("TERCERA_SEED", "20230131"))
    print(f"TERCERA_SEED={seed}")
    chance = random.Random(seed)
    seen: Counter[Reason] = Counter()
    for _ in range(int(os.environ.get("TERCERA_HISTORIES", "12"))):
        _live(random_history(chance), seen)
    for reason in (Reason.OPENED, Reason.ESCALATED, Reason.EASED, Reason.RETRACTED):
        assert seen[reason] >= 3, f"{reason}: {seen}"


def _live(history: list[tuple[int, list[Change]]], seen: Counter[Reason]) -> None:
    with world() as (shop, source, ledger):
        now = START
        _look(source, ledger, now)
        told: dict[tuple[str, str], int] = {}
        for pause, happening in history:
            now += timedelta(days=pause)
            shop.apply(happening)
            report = _look(source, ledger, now)
            assert not report.failed
            seen.update(report.swept[0].transitions)
            _check(shop, ledger, now, told)
        result = backtest(RULE, source, last=now.date())
        standing = [
            alert for alert in ledger.alerts(limit=1000) if alert.standing.state is not State.RETRACTED
        ]
        assert result.alerts == len(standing)
        assert result.customers == len({alert.subject for alert in standing})
        assert result.by_window == _count(alert.window for alert in standing)
        assert {name: n for name, n in result.by_level.items() if n} == _count(
            alert.standing.level for alert in standing
        )
        again = _look(source, ledger, now)
        assert set(again.swept[0].transitions) <= {Reason.UNCHANGED}


def _look(source: Source, ledger: Ledger, now: datetime) -> Report:
    return cycle([RULE], source, ledger, Terms(ROUTES), now=now, clock=lambda: now)


def _check(shop: World, ledger: Ledger, now: datetime, told: dict[tuple[str, str], int]) -> None:
    """What stands is what is true now; each level was told once on its way up, each fall taken back once."""
    local_month = f"{now.astimezone(UTC) - timedelta(hours=5):%Y-%m}"
    truth = {pair: count for pair, count in shop.truth().items() if pair[1] <= local_month}
    alerts = {alert.pair: alert for alert in ledger.alerts(limit=1000)}
    standing = {p: alert for p, alert in alerts.items() if alert.standing.state is State.OPEN}
    assert {pair: alert.tally.matched for pair, alert in standing.items()} == truth
    for pair, alert in alerts.items():
        history = ledger.alert(alert.id)
        expected = told.get(pair, 0)
        for step in history.steps[expected:]:
            spoken = [each for each in history.deliveries if each.step == step.seq]
            assert len(spoken) == step.speaks
        told[pair] = len(history.steps)


def _count(values: Iterable[object]) -> dict[object, int]:
    counts: dict[object, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts
