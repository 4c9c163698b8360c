"""The statement of a window that is over for good, on a real ledger over files that change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tercera.cycle import cycle
from tercera.cycle.sweep import Terms
from tercera.failpoints import VARIABLE, FailpointError, arm
from tercera.ledger import Ledger, open_ledger
from tercera.messages import Message, NoticeKind, NoticeState, Outcome
from tercera.model import Counting, Level, Match, Period, RuleId, SubjectId, WindowId
from tercera.orders import Source
from tercera.rules import Rule
from tercera.sources import load
from tercera.telling.routing import Route, Routes
from tercera.telling.silences import Decision, DecisionKind
from tercera.telling.statement import STATEMENTS, due_windows
from tercera.windows import parse_window
from tests.integration.ledger_changes import ENGINES, ledger_kept_by

RULE = Rule(
    RuleId("repeat-returns"),
    "Three or more",
    Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "America/Bogota"),
    (Level("notice", 3), Level("warning", 5)),
    (),
    timedelta(days=30),
    statement=("operations",),
)
OPERATIONS = Route("operations", ("ops@example.com",), digest=True)
TERMS = Terms(Routes({"operations": OPERATIONS}, OPERATIONS))
DAY = timedelta(days=1)


def at(month: int, day: int) -> datetime:
    """Noon in UTC of a day of 2023."""
    return datetime(2023, month, day, 12, tzinfo=UTC)


@dataclass
class Shop:
    """A ledger, and how many orders of each month each customer returned."""

    folder: Path
    ledger: Ledger
    rule: Rule = RULE
    returned: dict[tuple[str, int], int] = field(default_factory=dict)
    junk: int = 0

    def sweep(self, now: datetime, month: int = 6, **returned: int) -> list[dict[str, Any]]:
        """Writes the orders as they now are, sweeps, and gives the statements that are sent."""
        self.returned |= {(customer, month): count for customer, count in returned.items()}
        rows = [
            f"{customer}-{of}-{number},{customer},2023-{of:02}-02,returned"
            for (customer, of), count in self.returned.items()
            for number in range(count)
        ]
        rows += [f"j{number},ana,soon,returned" for number in range(self.junk)]
        head = "order_id,customer_id,placed_at,status\n"
        (self.folder / "orders.csv").write_text(head + "\n".join(rows) + "\n")
        with self.source() as source:
            report = cycle([self.rule], source, self.ledger, TERMS, now=now, clock=lambda: now)
        assert not report.failed
        return [json.loads(notice.detail or "") for each in self.sent(now) for notice in each.notices]

    def sent(self, now: datetime) -> list[Message]:
        """Sends what is due: statements, for nobody is told of anything else here."""
        messages = self.ledger.post.claim(now, 100)
        self.ledger.post.settle([Outcome(each.key, now, NoticeState.SENT, "250 ok") for each in messages])
        assert {notice.kind for each in messages for notice in each.notices} <= {NoticeKind.STATEMENT}
        return messages

    @contextmanager
    def source(self) -> Iterator[Source]:
        """The orders as they now are."""
        files = load("files")
        settings = files.Settings.model_validate({"kind": "files", "orders": {"path": "orders.csv"}})
        opened: Source = files.open_source(settings, "America/Bogota", base=self.folder)
        try:
            yield opened
        finally:
            opened.close()


on_both_engines = pytest.mark.parametrize("shop", ENGINES, indirect=True)


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """Nothing was swept yet."""
    engine = getattr(request, "param", "sqlite")
    with ledger_kept_by(engine, tmp_path) as address, open_ledger(address) as ledger:
        yield Shop(tmp_path, ledger)


@on_both_engines
def test_a_month_is_closed_once(shop: Shop) -> None:
    """When its grace has passed, also while nothing ran; with what the last sweep of it found; never for what
    was over before the first sweep."""
    assert shop.sweep(at(6, 10), month=4, old=7) == []
    assert shop.sweep(at(6, 20), ana=5, ben=3, eve=3, joe=2) == []
    [may] = shop.sweep(at(7, 2), month=5, zoe=3)
    assert (may["standing"], may["before"]) == (1, {"window": "2023-04", "standing": 1, "alerts": 1})
    shop.junk = 2
    [june, july] = shop.sweep(at(9, 15), ana=4, eve=1, joe=3, kim=6)
    assert (july["standing"], july["before"]["standing"]) == (0, 4)
    assert june["standing"] == 4
    assert [(each["name"], each["final"], each["peak"]) for each in june["levels"]] == [
        ("notice", 3, 3),
        ("warning", 1, 2),
    ]
    assert june["before"] == {"window": "2023-05", "standing": 1, "alerts": 1}
    assert (june["alerts"], june["rejected"], june["could_have_counted"]) == (5, 2, 2)
    assert june["transitions"]["retracted"] == 1
    assert june["top"][0] == ["kim", 6, "warning"]
    assert june["checked_through"] == at(9, 15).isoformat()
    assert shop.sweep(at(9, 16)) == []
    alert = shop.ledger.find(STATEMENTS, SubjectId(RULE.id), WindowId("2023-06"))
    assert alert is not None
    [step] = shop.ledger.alert(alert.id).steps
    assert step.title == "repeat-returns in 2023-06: 4 stand at a level, 1 the month before; 5 alerts in all"


def test_windows_that_close_together_are_one_message(shop: Shop) -> None:
    """Days, say, after a long holiday; the earliest first."""
    daily = replace(RULE.counting, within=Period.DAY)
    shop.rule = replace(RULE, counting=daily, grace=DAY)
    shop.sweep(at(6, 1), ana=3)
    now = at(6, 9)
    with shop.source() as source:
        cycle([shop.rule], source, shop.ledger, TERMS, now=now, clock=lambda: now)
    [message] = shop.sent(now)
    days = ["2023-05-31", *(f"2023-06-0{day}" for day in range(1, 8))]
    assert [notice.window for notice in message.notices] == days
    assert shop.sweep(at(6, 9)) == []


def test_a_cycle_that_dies_while_it_closes(shop: Shop) -> None:
    """Wherever it dies, the statement is made once, and with the cursor."""
    shop.sweep(at(6, 20), ana=3)
    died, told = 0, []
    for boundary in ("inside-commit", "after-commit"):
        for number in range(1, 4):
            arm({VARIABLE: f"{boundary}=raise@{number}"})
            try:
                told += shop.sweep(at(8, 10), ben=3)
            except FailpointError:
                died += 1
            finally:
                arm({})
            made = shop.ledger.find(STATEMENTS, SubjectId(RULE.id), WindowId("2023-06"))
            assert (made is not None) == (shop.ledger.checked_through(RULE.id) == at(8, 10))
    assert died
    told += shop.sweep(at(8, 12))
    assert [each["standing"] for each in told] == [0, 2]


def test_a_silenced_statement(shop: Shop) -> None:
    """Is written down and not told."""
    shop.sweep(at(6, 20), ana=3)
    silence = Decision(
        DecisionKind.SILENCE, STATEMENTS, SubjectId(RULE.id), None, at(9, 1), "ana", "on holiday", at(6, 20)
    )
    shop.ledger.decide(silence)
    assert shop.sweep(at(8, 10)) == []
    assert [alert.window for alert in shop.ledger.alerts(rule=STATEMENTS)] == ["2023-06", "2023-05"]


def test_when_a_window_is_due() -> None:
    """In the sweep after its grace has passed, by the calendar of the rule's zone; a clock that was set back
    closes nothing twice."""
    june = parse_window("2023-06", Period.MONTH)
    over = june.ends_at(RULE.counting.zone) + RULE.grace
    second = timedelta(seconds=1)
    assert due_windows(RULE, over - DAY, over - second) == []
    assert due_windows(RULE, over - DAY, over) == [june]
    assert due_windows(RULE, over, over + DAY) == []
    assert due_windows(RULE, over + DAY, over) == []
    assert due_windows(RULE, None, over) == []
    assert due_windows(replace(RULE, statement=()), over - DAY, over) == []
