"""The data watch on a real ledger over files that change: operations hears once that it began and once
that it is over, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tercera.cycle import Report, cycle
from tercera.cycle.sweep import Terms
from tercera.cycle.watching import between_cycles
from tercera.errors import SourceError
from tercera.ledger import Ledger, open_ledger
from tercera.messages import Message, NoticeKind, NoticeState, Outcome
from tercera.model import Counting, Level, Match, Period, Reason, RejectReason, RuleId, State, SubjectId
from tercera.orders import Source
from tercera.questions.explain import Silence, explain
from tercera.rendering.view import view_notice
from tercera.rendering.words import Words, words_for
from tercera.rules import Rule, everyone
from tercera.sources import load
from tercera.telling.routing import Route, Routes
from tercera.telling.silences import Decision, DecisionKind
from tercera.telling.watch import Following, Limits, Watched
from tests.integration.ledger_changes import ENGINES, ledger_kept_by

RULE = Rule(
    RuleId("repeat-returns"),
    "Three or more",
    Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "America/Bogota"),
    (Level("notice", 3),),
    (),
    timedelta(days=30),
)
OPERATIONS = Route("operations", ("ops@example.com",), digest=True)
LIMITS = Limits("America/Bogota", max_age=timedelta(days=2), max_pause=timedelta(minutes=15))
START = datetime(2023, 6, 28, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass
class Shop:
    """A ledger, orders in a file, and the time that it is."""

    folder: Path
    ledger: Ledger
    address: str
    routes: Routes = field(default_factory=lambda: Routes({"operations": OPERATIONS}, OPERATIONS))
    now: datetime = START
    good: int = 40
    bad: int = 0
    newest: str = "2023-06-28"

    def cycle(self, after: timedelta = MINUTE, **changes: Any) -> Report:
        """Writes the orders as they now are, and sweeps them some time later."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.now += after
        path = self.folder / "orders.csv"
        days = [self.newest] * self.good + ["9 de junio"] * self.bad
        rows = [f"o{number},ana,{day},returned" for number, day in enumerate(days)]
        path.write_text("\n".join(["order_id,customer_id,placed_at,status", *rows]) + "\n")
        if changes.get("gone"):
            path.unlink()
        terms = Terms(self.routes, watch=LIMITS)
        with self.source() as source:
            return cycle([RULE], source, self.ledger, terms, now=self.now, clock=lambda: self.now)

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

    gone: bool = False

    def told(self) -> list[tuple[str, str]]:
        """Sends what is due; gives what operations reads."""
        return [(notice.rule, notice.reason) for message in self.sent() for notice in message.notices]

    def sent(self) -> list[Message]:
        """Sends what is due."""
        messages = self.ledger.post.claim(self.now, 100)
        self.ledger.post.settle(
            [Outcome(each.key, self.now, NoticeState.SENT, "250 ok") for each in messages]
        )
        return messages


def en() -> Words:
    """English."""
    words = words_for("en")
    assert words is not None
    return words


on_both_engines = pytest.mark.parametrize("shop", ENGINES, indirect=True)


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """Swept once, and all is well."""
    engine = getattr(request, "param", "sqlite")
    with ledger_kept_by(engine, tmp_path) as address, open_ledger(address) as ledger:
        opened = Shop(tmp_path, ledger, address)
        opened.cycle()
        assert opened.told() == []
        yield opened


@on_both_engines
def test_rejects_are_told_once_and_taken_back_once(shop: Shop) -> None:
    """Also when the process is started anew in between, and when it lasts into the next month."""
    assert [each.transition.reason for each in shop.cycle(bad=3).watched] == [Reason.OPENED]
    [message] = shop.sent()
    [notice] = message.notices
    assert notice.kind is NoticeKind.WATCH
    assert (str(notice.rule), str(notice.subject)) == (Watched.REJECTS, RULE.id)
    assert not message.for_customer
    assert '"unreadable_date"' in (notice.detail or "")
    shop.cycle(bad=5)
    with open_ledger(shop.address) as again:
        shop.ledger = again
        shop.cycle(DAY * 5, newest="2023-07-03")
        assert shop.told() == []
        assert shop.cycle(bad=0).watched
        assert shop.told() == [(Watched.REJECTS, Reason.RETRACTED)]
        shop.cycle()
        assert shop.told() == []
        [alert] = again.alerts(rule=RuleId(Watched.REJECTS))
        assert (alert.window, alert.standing.state) == ("2023-06", State.RETRACTED)
        assert [step.title for step in again.alert(alert.id).steps] == [
            "3 of 43 rows can't be judged (7.0%; at most 5.0%)",
            "0 of 40 rows can't be judged (0.0%; at most 5.0%)",
        ]


def test_it_opens_again_within_the_month(shop: Shop) -> None:
    """The same alert, told each time; in another month it is another one."""
    for bad, reason in ((9, Reason.OPENED), (0, Reason.RETRACTED)) * 2:
        shop.cycle(bad=bad)
        assert shop.told() == [(Watched.REJECTS, reason)]
    shop.cycle(DAY * 5, bad=9, newest="2023-07-03")
    alerts = shop.ledger.alerts(rule=RuleId(Watched.REJECTS))
    assert [alert.window for alert in alerts] == ["2023-07", "2023-06"]


def test_too_few_rows_say_nothing(shop: Shop) -> None:
    """Neither that something is wrong nor that it is over."""
    shop.cycle(good=5, bad=10)
    assert shop.told() == []
    shop.cycle(good=40)
    shop.cycle(good=5, bad=1)
    assert [reason for _, reason in shop.told()] == ["opened"]


def test_no_new_orders(shop: Shop) -> None:
    """Two days count as days; orders that are dated ahead are not fresh ones."""
    shop.cycle(DAY * 2)
    assert shop.told() == []
    shop.cycle(DAY)
    assert shop.told() == [(Watched.FRESHNESS, Reason.OPENED)]
    shop.cycle(newest="2024-01-01")
    assert shop.told() == []
    shop.cycle(newest="2023-07-01")
    assert shop.told() == [(Watched.FRESHNESS, Reason.RETRACTED)]
    [run, *_] = shop.ledger.diary.last_runs(1)
    assert run.summary["newest"] == "2023-07-01"


@on_both_engines
def test_no_good_cycle(shop: Shop) -> None:
    """Told by the cycle that fails, or between cycles when none comes; once. A good one takes it back."""
    last_good = shop.now
    assert isinstance(shop.cycle(gone=True).failed[RULE.id], SourceError)
    assert shop.told() == []
    for _ in range(3):
        shop.cycle(MINUTE * 15, gone=True)
    [message] = shop.sent()
    detail = message.notices[0].detail or ""
    assert last_good.isoformat() in detail
    assert "orders.csv" in detail
    shop.cycle(gone=False)
    assert shop.told() == [(Watched.HEARTBEAT, Reason.RETRACTED)]
    began = shop.now
    for minutes in (5, 12, 16, 20):
        between_cycles(shop.ledger, LIMITS, OPERATIONS, started=START, now=began + minutes * MINUTE)
    shop.now += 20 * MINUTE
    assert shop.told() == [(Watched.HEARTBEAT, Reason.OPENED)]
    assert not between_cycles(shop.ledger, LIMITS, OPERATIONS, started=shop.now, now=shop.now + 99 * MINUTE)
    shop.cycle()
    assert shop.told() == [(Watched.HEARTBEAT, Reason.RETRACTED)]


def test_changes_that_are_not_followed(shop: Shop) -> None:
    """Told once when it has lasted, and once that it is over."""
    shop.cycle()

    def look(following: Following | None) -> None:
        between_cycles(shop.ledger, LIMITS, OPERATIONS, started=shop.now, now=shop.now, following=following)

    broken = Following(shop.now, "the trigger is gone")
    for following in (Following(), broken, None, broken, broken):
        look(following)
        shop.now += 3 * MINUTE
    assert shop.told() == [(Watched.FOLLOWING, Reason.OPENED)]
    for following in (None, Following(), Following()):
        look(following)
    assert shop.told() == [(Watched.FOLLOWING, Reason.RETRACTED)]


def test_without_an_operations_channel_the_alert_stands(shop: Shop) -> None:
    """Nothing is sent, and everybody who looks sees it."""
    shop.routes = Routes({})
    assert shop.cycle(bad=9).watched
    assert shop.told() == []
    assert [alert.subject for alert in shop.ledger.watch_alerts()] == [SubjectId(RULE.id)]


def test_the_watch_can_be_silenced(shop: Shop) -> None:
    """What is still true when the silence ends is told then."""
    decision = Decision(
        DecisionKind.SILENCE,
        RuleId(Watched.REJECTS),
        SubjectId(RULE.id),
        None,
        shop.now + DAY,
        "ana",
        "known",
        shop.now,
    )
    shop.ledger.decide(decision)
    shop.cycle(bad=9)
    assert shop.told() == []
    shop.cycle(DAY)
    assert shop.told() == [(Watched.REJECTS, Reason.OPENED)]
    shop.cycle()
    assert shop.told() == []


def test_counts_that_rejects_could_change_are_told_as_a_range(shop: Shop) -> None:
    """Operations reads how many orders more could count, and why they don't; `why` says so of a silent pair,
    too, and to which level it would lead."""
    shop.folder.joinpath("orders.csv").write_text(
        "order_id,customer_id,placed_at,status\n"
        + "".join(f"a{number},ana,2023-06-0{number},returned\n" for number in range(1, 4))
        + "a4,ana,9 de junio,returned\na4,ana,9 de junio,returned\na5,ana,,returned\na6,ana,9 de junio,kept\n"
        + "b1,ben,2023-06-01,returned\nb2,ben,2023-06-02,returned\nb3,ben,0000-00-00,returned\n"
    )
    another = replace(RULE.counting, when=(Match("status", ("returned",), ignore_case=True),))
    rule = replace(RULE, notify=everyone("operations"), id=RuleId("second"), counting=another)
    now = shop.now
    with shop.source() as source:
        terms = Terms(shop.routes)
        assert not cycle([rule], source, shop.ledger, terms, now=now, clock=lambda: now).failed
        ben = explain(rule, source, shop.ledger, "ben", "2023-06", now)
    [message] = shop.sent()
    [notice] = message.notices
    doubts = ((RejectReason.NO_DATE, 1), (RejectReason.UNREADABLE_DATE, 1))
    assert (notice.subject, notice.tally.matched, notice.doubtful) == ("ana", 3, doubts)
    counted = view_notice(notice, False, en()).counted
    assert counted.endswith("1 more has no date · 1 more has no readable date")
    assert "more" not in view_notice(notice, True, en()).counted
    [alert] = shop.ledger.alerts(rule=rule.id)
    assert shop.ledger.alert(alert.id).steps[0].doubtful == doubts
    assert (ben.tally.matched, ben.doubtful) == (2, ((RejectReason.UNREADABLE_DATE, 1),))
    assert ben.silence is Silence.BELOW
    assert ben.possible == rule.levels[0]
