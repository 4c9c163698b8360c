"""What people decide, and what the blast guard holds back, on a real ledger over files that change."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tercera.cycle import cycle
from tercera.cycle.sweep import Swept, Terms
from tercera.errors import ConflictError, NotFoundError
from tercera.ledger import Ledger, open_ledger
from tercera.messages import Message, NoticeKind, NoticeState, Outcome
from tercera.model import Counting, Level, Match, Muted, Period, Reason, RuleId, SubjectId, WindowId
from tercera.orders import Source
from tercera.questions.explain import Silence, explain
from tercera.rules import Rule, everyone
from tercera.sources import load
from tercera.telling.guard import Guard
from tercera.telling.routing import Route, Routes
from tercera.telling.silences import Decision, DecisionKind
from tests.integration.ledger_changes import ENGINES, ledger_kept_by
from tests.servers.postgresql import connection

RULE = Rule(
    RuleId("repeat-returns"),
    "Three or more",
    Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "America/Bogota"),
    (Level("notice", 3), Level("warning", 5)),
    everyone("customer", "operations"),
    timedelta(days=30),
)
OPERATIONS = Route("operations", ("ops@example.com",), digest=True)
ROUTES = Routes({"customer": Route("customer", None), "operations": OPERATIONS}, OPERATIONS)
START = datetime(2023, 6, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Told = Counter[tuple[str, str]]


@dataclass
class Shop:
    """Customers by how many orders of June they returned, a ledger, and the day that it is."""

    folder: Path
    ledger: Ledger
    rule: Rule = RULE
    terms: Terms = field(default_factory=lambda: Terms(ROUTES))
    now: datetime = START
    returned: dict[str, int] = field(default_factory=dict)
    address: str = ""
    past: int = 0
    """Customers who ordered something the year before."""

    def sweep(self, **returned: int) -> Swept:
        """Writes the orders as they now are, and sweeps a day later."""
        self.now += DAY
        self.write(**returned)
        with self.source() as source:
            report = cycle([self.rule], source, self.ledger, self.terms, now=self.now, clock=lambda: self.now)
        assert not report.failed
        return report.swept[0]

    @contextmanager
    def source(self) -> Iterator[Source]:
        """The files as they are now."""
        orders, customers = str(self.folder / "orders.csv"), str(self.folder / "customers.csv")
        files = load("files")
        settings = files.Settings.model_validate(
            {"kind": "files", "orders": {"path": orders}, "customers": {"path": customers}}
        )
        opened: Source = files.open_source(settings, "America/Bogota", base=self.folder)
        try:
            yield opened
        finally:
            opened.close()

    def sent(self) -> list[Message]:
        """Sends all that is due."""
        messages = self.ledger.post.claim(self.now, 100_000)
        self.ledger.post.settle(
            [Outcome(each.key, self.now, NoticeState.SENT, "250 ok") for each in messages]
        )
        return messages

    def told(self) -> Told:
        """Sends all that is due; gives how often who was told what. A digest counts each of its rows."""
        return Counter(
            (
                "ops" if not message.for_customer else notice.subject,
                notice.kind if notice.kind is NoticeKind.HELD else notice.reason,
            )
            for message in self.sent()
            for notice in message.notices
        )

    def decide(self, kind: DecisionKind, *, days: int | None = None, **about: Any) -> Decision:
        """Somebody decides something."""
        values: dict[str, Any] = {"rule": None, "subject": None, "window": None} | about
        until = None if days is None else self.now + days * DAY
        return self.ledger.decide(
            Decision(kind=kind, until=until, author="ana", reason="a strike", at=self.now, **values)
        ).decision

    def alert(self, customer: str) -> int:
        """The number of a customer's alert."""
        found = self.ledger.find(RULE.id, SubjectId(customer), WindowId("2023-06"))
        assert found is not None
        return found.id

    def why_not(self, customer: str) -> Silence | None:
        """What `tercera why` says."""
        with self.source() as source:
            return explain(RULE, source, self.ledger, customer, "2023-06", self.now).silence

    def write(self, **returned: int) -> None:
        """The orders as they now are."""
        self.returned |= returned
        rows = ["order_id,customer_id,placed_at,status"]
        rows += [f"old-{number},p{number},2022-06-01,delivered" for number in range(self.past)]
        people = ["id,name,email"]
        for customer, count in self.returned.items():
            people.append(f"{customer},{customer},{customer}@example.com")
            rows.append(f"{customer}-kept,{customer},2023-06-01,delivered")
            rows += [f"{customer}-{number},{customer},2023-06-02,returned" for number in range(count)]
        (self.folder / "orders.csv").write_text("\n".join(rows) + "\n")
        (self.folder / "customers.csv").write_text("\n".join(people) + "\n")


@pytest.fixture
def ledger_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """SQLite, unless a test is for both."""
    with ledger_kept_by(getattr(request, "param", "sqlite"), tmp_path) as made:
        yield made


both_engines = pytest.mark.parametrize("ledger_address", ENGINES, indirect=True)


@pytest.fixture
def shop(tmp_path: Path, ledger_address: str) -> Iterator[Shop]:
    """A shop that was swept once, when nothing had come back yet."""
    with open_ledger(ledger_address) as ledger:
        opened = Shop(tmp_path, ledger, address=ledger_address)
        opened.sweep(ana=0, ben=0)
        assert opened.told() == {}
        yield opened


def opened(*customers: str) -> Told:
    """What is told when an alert of each opens."""
    return Counter({(who, Reason.OPENED): 1 for who in customers}) + Counter(
        {("ops", Reason.OPENED): len(customers)}
    )


@both_engines
def test_a_silenced_customer_is_told_when_the_silence_ends(shop: Shop) -> None:
    """Nothing while it lasts, the alert is there all the same, and what is still true is said once."""
    shop.decide(DecisionKind.SILENCE, days=3, subject="ana")
    assert shop.sweep(ana=3, ben=3).silenced == 1
    assert shop.told() == opened("ben")
    assert shop.why_not("ana") is Silence.SILENCED
    [step] = shop.ledger.alert(shop.alert("ana")).steps
    assert (step.reason, step.speaks, step.muted) == (Reason.OPENED, False, Muted.SILENCED)
    shop.sweep()
    assert shop.told() == {}
    shop.sweep()
    assert shop.told() == opened("ana")
    assert shop.why_not("ana") is None
    shop.sweep()
    assert shop.told() == {}


def test_what_is_not_true_any_more_is_not_told(shop: Shop) -> None:
    """It rose and fell within the silence: nobody hears of it."""
    shop.decide(DecisionKind.SILENCE, days=3, rule=RULE.id)
    shop.sweep(ana=3)
    shop.sweep(ana=1)
    for _ in range(4):
        shop.sweep()
        assert shop.told() == {}


def test_a_silence_can_be_ended(shop: Shop) -> None:
    """Before its time; the next sweep tells. It can't be ended twice."""
    silence = shop.decide(DecisionKind.SILENCE, days=300, subject="ana")
    shop.sweep(ana=3)
    assert shop.told() == {}
    shop.ledger.end_decision(silence.id, shop.now)
    assert shop.ledger.decisions(shop.now) == []
    with pytest.raises(NotFoundError, match="silence list"):
        shop.ledger.end_decision(silence.id, shop.now)
    shop.sweep()
    assert shop.told() == opened("ana")


def test_a_snoozed_alert(shop: Shop) -> None:
    """Its escalation is told when the snooze is over; other alerts are told at once."""
    shop.sweep(ana=3)
    assert shop.told() == opened("ana")
    shop.decide(DecisionKind.SNOOZE, days=2, alert=shop.alert("ana"))
    shop.sweep(ana=5, ben=3)
    assert shop.told() == opened("ben")
    shop.sweep()
    assert shop.told() == {("ana", Reason.ESCALATED): 1, ("ops", Reason.ESCALATED): 1}


def test_a_dismissed_alert_is_told_of_no_more(shop: Shop) -> None:
    """Neither that it rises nor that it falls; its history says who decided that, and why."""
    shop.sweep(ana=3)
    shop.told()
    shop.decide(DecisionKind.DISMISS, alert=shop.alert("ana"))
    for count in (5, 1, 6):
        shop.sweep(ana=count)
        assert shop.told() == {}
    history = shop.ledger.alert(shop.alert("ana"))
    assert [(each.kind, each.author, each.reason) for each in history.decisions] == [
        (DecisionKind.DISMISS, "ana", "a strike")
    ]


def test_an_acknowledgement_changes_nothing_of_what_is_told(shop: Shop) -> None:
    """It stands in the history, that is all."""
    shop.sweep(ana=3)
    shop.told()
    shop.decide(DecisionKind.ACKNOWLEDGE, alert=shop.alert("ana"))
    shop.sweep(ana=5)
    assert shop.told() == {("ana", Reason.ESCALATED): 1, ("ops", Reason.ESCALATED): 1}
    assert len(shop.ledger.alert(shop.alert("ana")).decisions) == 1


def many(count: int, returned: int, since: int = 0) -> dict[str, int]:
    """So many customers, each with so many returned orders."""
    return {f"c{number}": returned for number in range(since, since + count)}


@both_engines
def test_a_broken_status_sync_tells_nobody(shop: Shop) -> None:
    """600 customers at once: one message to operations and nothing else; more in the next cycle are held too,
    without a second message."""
    assert shop.sweep(**many(600, 3)).held == 600
    [message] = shop.sent()
    assert (message.recipient, message.digest, len(message.notices)) == ("ops@example.com", True, 10)
    assert {notice.kind for notice in message.notices} == {NoticeKind.HELD}
    assert message.notices[0].detail == f"600 until {(shop.now + 7 * DAY).isoformat()}"
    assert shop.sweep(**many(5, 3, since=600)).held == 5
    assert shop.told() == {}
    [held] = shop.ledger.post.held()
    assert (held.rule, held.alerts, held.true, held.notices) == (RULE.id, 605, 605, 1210)
    assert held.since == shop.now - DAY
    assert shop.why_not("c1") is Silence.HELD


def test_what_is_repaired_is_not_told_when_it_is_released(shop: Shop) -> None:
    """The sync is repaired for all but three: the retractions are silent, and three are told, in a digest
    that names no others."""
    shop.sweep(**many(600, 3))
    shop.sent()
    assert shop.sweep(**many(597, 0)).transitions[Reason.RETRACTED] == 597
    assert shop.told() == {}
    became = shop.ledger.post.release(None, shop.now)
    assert became == {NoticeState.PENDING: 6, NoticeState.DISCARDED: 1194}
    assert shop.told() == opened("c597", "c598", "c599")
    assert shop.ledger.post.held() == []
    assert shop.ledger.counts().notices == {NoticeState.SENT: 16, NoticeState.DISCARDED: 1194}
    shop.sweep(c597=1, c598=5, **many(28, 3))  # with these two thirty, five of a hundred of all 602
    assert shop.told() == opened(*many(28, 3)) + Counter(
        {
            ("c597", Reason.RETRACTED): 1,
            ("c598", Reason.ESCALATED): 1,
            ("ops", Reason.RETRACTED): 1,
            ("ops", Reason.ESCALATED): 1,
        }
    )


@pytest.mark.parametrize("history", [0, 2_000])
def test_years_of_history_do_not_make_a_share_small(tmp_path: Path, history: int) -> None:
    """A first sweep speaks of the open windows: those are what its share is of."""
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        shop = Shop(tmp_path, ledger, past=history)
        swept = shop.sweep(**many(21, 3), **many(300, 0, since=21))
        assert swept.survey.pairs == 321 + history
        assert (swept.held, swept.told) == (21, 0)
        assert shop.sweep(**many(21, 0)).held == 0
    with open_ledger(f"sqlite:///{tmp_path / 'another.db'}") as ledger:
        shop = Shop(tmp_path, ledger, past=history)
        assert shop.sweep(**many(21, 3), **many(400, 0, since=21)).told == 21


@both_engines
def test_only_the_last_of_several_held_steps_is_told(shop: Shop) -> None:
    """It opened, fell, rose again and further, all while it was held: one notice says where it stands."""
    shop.terms = Terms(ROUTES, Guard(max_notices=1))
    shop.sweep(ana=3, ben=3)
    shop.sent()
    shop.sweep(ana=1)
    shop.sweep(ana=3)
    shop.sweep(ana=5)
    assert shop.told() == {}
    shop.ledger.post.release(None, shop.now)
    assert shop.told() == Counter({("ana", Reason.ESCALATED): 1, ("ops", Reason.ESCALATED): 1}) + opened(
        "ben"
    )


def test_what_eased_in_a_silence_is_told_to_whoever_asks_for_it(shop: Shop) -> None:
    """When it ends, once, as what came down from the level that they were told of."""
    shop.rule = replace(RULE, on=(*RULE.on, Reason.EASED), notify=everyone("customer"))
    shop.sweep(ana=5, ben=3)
    assert shop.told() == {("ana", "opened"): 1, ("ben", "opened"): 1}
    shop.decide(DecisionKind.SILENCE, days=4)
    shop.sweep(ana=3, ben=5)
    for _ in range(2):  # the second of these goes by what the first remembered of ana's orders
        shop.sweep(ana=3, ben=5)
    assert shop.told() == {}
    shop.sweep(ana=3, ben=3)
    ((eased,),) = [message.notices for message in shop.sent()]
    assert (eased.subject, eased.reason, eased.before, eased.level) == ("ana", "eased", "warning", "notice")
    shop.sweep()
    assert shop.told() == {}


def test_what_eased_while_it_was_held(shop: Shop) -> None:
    """The level that was held is not true any more, and is not told; the next sweep tells the one that is."""
    shop.terms = Terms(ROUTES, Guard(max_notices=1))
    shop.sweep(ana=5, ben=3)
    shop.sent()
    shop.sweep(ana=3)
    shop.ledger.post.release(None, shop.now)
    assert shop.told() == opened("ben")
    shop.sweep()
    assert shop.told() == opened("ana")
    shop.sweep()
    assert shop.told() == {}


@both_engines
def test_what_is_discarded_is_never_told(shop: Shop) -> None:
    """Also when it is still true; what moves later is told again as usual."""
    shop.terms = Terms(ROUTES, Guard(max_notices=1))
    shop.sweep(ana=3, ben=3)
    shop.sent()
    assert shop.ledger.post.discard(RULE.id, shop.now) == 4
    assert shop.why_not("ana") is Silence.DISCARDED
    shop.sweep()
    assert shop.told() == {}
    assert shop.sweep(ana=5).held == 0
    messages = shop.sent()
    assert [notice.reason for each in messages for notice in each.notices] == [Reason.ESCALATED] * 2
    assert [each.thread for each in messages] == [(), ()]  # what was never sent is nothing to answer to


def test_nobody_decides(shop: Shop) -> None:
    """When its time is over it is discarded, and never sent."""
    shop.terms = Terms(ROUTES, Guard(max_notices=1, expires=2 * DAY))
    shop.sweep(ana=3, ben=3)
    shop.sent()
    for _ in range(2):
        shop.sweep()
        assert [held.notices for held in shop.ledger.post.held()] == [4]
    shop.sweep()
    assert shop.ledger.post.held() == []
    assert shop.ledger.post.release(None, shop.now) == {}
    assert shop.told() == {}


def test_what_was_silenced_while_it_waited_is_not_released(shop: Shop) -> None:
    """It is told when the silence ends, if it is still true; what was dismissed is not."""
    shop.terms = Terms(ROUTES, Guard(max_notices=1))
    shop.sweep(ana=3, ben=3, cleo=3)
    shop.sent()
    shop.decide(DecisionKind.SNOOZE, days=2, alert=shop.alert("ana"))
    shop.decide(DecisionKind.DISMISS, alert=shop.alert("ben"))
    shop.ledger.post.release(None, shop.now)
    assert shop.told() == opened("cleo")
    shop.sweep()
    assert shop.told() == {}
    shop.sweep()
    assert shop.told() == opened("ana")
    shop.sweep()
    assert shop.told() == {}


def test_a_rule_that_tells_nobody_holds_nothing(shop: Shop) -> None:
    """There is nothing that anybody could release."""
    shop.rule = replace(RULE, notify=())
    shop.terms = Terms(ROUTES, Guard(max_notices=1))
    assert shop.sweep(**many(5, 3)).held == 0
    assert shop.told() == {}


class Meanwhile(threading.Event):
    """Asked in the middle of a sweep whether to stop, it lets another process release all that is held."""

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self._shop = shop

    def is_set(self) -> bool:
        """Never."""
        with open_ledger(self._shop.address) as other:
            other.post.release(None, self._shop.now)
        return False


@both_engines
def test_a_release_in_the_middle_of_a_sweep(shop: Shop) -> None:
    """Between a sweep's read and its commit: the rule's sweep fails and writes nothing, and the next cycle
    makes it good."""
    shop.terms = Terms(ROUTES, Guard(max_notices=1))
    shop.sweep(ana=3, ben=3)
    shop.sent()
    shop.write(ana=5)
    with shop.source() as source:
        report = cycle(
            [RULE],
            source,
            shop.ledger,
            shop.terms,
            now=shop.now,
            clock=lambda: shop.now,
            stop=Meanwhile(shop),
        )
    assert isinstance(report.failed[RULE.id], ConflictError)
    assert report.swept == []
    assert shop.told() == opened("ana", "ben")
    shop.sweep()
    assert shop.told() == {("ana", Reason.ESCALATED): 1, ("ops", Reason.ESCALATED): 1}


on_postgresql = pytest.mark.parametrize("ledger_address", ["postgresql"], indirect=True)


@on_postgresql
def test_a_rule_that_another_instance_is_sweeping(shop: Shop) -> None:
    """It is left to that one, and the next cycle looks at it."""
    shop.write(ana=3)
    with open_ledger(shop.address) as other, other.sweeping(RULE.id), shop.source() as source:
        report = cycle([RULE], source, shop.ledger, shop.terms, now=shop.now, clock=lambda: shop.now)
    assert (report.elsewhere, report.swept, report.failed) == ([RULE.id], [], {})
    assert shop.told() == {}
    shop.sweep()
    assert shop.told() == opened("ana")


class TakenOver(threading.Event):
    """Asked in the middle of a sweep whether to stop, as if this process had stood still meanwhile: its lease
    is over, and another instance sweeps."""

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self._shop = shop
        self._waits = True

    def is_set(self) -> bool:
        """Never."""
        if self._waits:
            self._waits = False
            with connection(self._shop.address) as made:
                made.execute("UPDATE tercera.leases SET expires_at = 0")
            with open_ledger(self._shop.address) as other, self._shop.source() as source:
                now = self._shop.now
                report = cycle([RULE], source, other, self._shop.terms, now=now, clock=lambda: now)
                assert not report.failed
        return False


@on_postgresql
def test_another_instance_takes_over_in_the_middle_of_a_sweep(shop: Shop) -> None:
    """What the first one had found is not written any more; everybody hears once."""
    shop.write(ana=3, ben=3)
    with shop.source() as source:
        report = cycle(
            [RULE],
            source,
            shop.ledger,
            shop.terms,
            now=shop.now,
            clock=lambda: shop.now,
            stop=TakenOver(shop),
        )
    assert "another instance took over" in str(report.failed[RULE.id])
    assert report.swept == []
    assert shop.told() == opened("ana", "ben")
    shop.sweep()
    assert shop.told() == {}
