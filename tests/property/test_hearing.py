"""Who hears of the end heard of the beginning, and whoever heard hears of it: over any history."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tercera.cycle import cycle
from tercera.cycle.sweep import Terms
from tercera.ledger import Ledger, open_ledger
from tercera.messages import Message, NoticeKind, NoticeState, Outcome
from tercera.model import (
    Counting,
    Customer,
    Evidence,
    Level,
    Match,
    Period,
    Reason,
    RejectReason,
    RuleId,
    SubjectId,
    Survey,
    Tally,
    WindowId,
)
from tercera.orders import Check, Reading, Scope
from tercera.rules import Listener, Rule
from tercera.telling.guard import Guard
from tercera.telling.routing import Route, Routes
from tercera.telling.silences import Decision, DecisionKind
from tercera.windows import Window, window_of_day

JUNE = datetime(2023, 6, 2, 12, tzinfo=UTC)
PEOPLE = ("ana", "ben")
OPERATIONS = Route("operations", ("ops@example.com", "lead@example.com"), digest=True)
ROUTES = Routes(
    {"customer": Route("customer", None), "operations": OPERATIONS, "room": Route("room", ("room",))},
    OPERATIONS,
)
LEVELS = (None, "notice", "warning")
FOLLOW_UPS = (Reason.EASED, Reason.RETRACTED, Reason.CLOSED)


@dataclass
class Shop:
    """A source whose orders are letters: of each customer, the carriers of what came back in June."""

    letters: dict[str, str] = field(default_factory=dict)
    moved: bool = False
    vip: str = "ana"

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """See `orders.Source`."""
        return Reading(self._tallies(counting, scope))

    def _tallies(self, counting: Counting, scope: Scope) -> Generator[Tally, None, Survey]:
        carriers = {value for match in counting.when if match.field == "carrier" for value in match.values}
        window = window_of_day(date(2023, 6, 1), counting.within).id
        for customer in PEOPLE:
            wanted = [each for each in self.letters.get(customer, "") if not carriers or each in carriers]
            pair = SubjectId(customer), WindowId(window)
            if (scope.pairs is None or pair in scope.pairs) and len(wanted) >= scope.at_least:
                told = [Evidence(f"{customer}{n}", date(2023, 6, 1), "returned") for n in range(len(wanted))]
                yield Tally(*pair, len(wanted), len(wanted), evidence=tuple(told))
        return Survey()

    def customers(self, ids: Collection[str]) -> dict[str, Customer]:
        """See `orders.Source`."""
        host = "new.example" if self.moved else "example.com"
        return {
            each: Customer(each, email=f"{each}@{host}", fields=(("vip", str(each == self.vip)),))
            for each in ids
        }

    def doubtful(
        self, counting: Counting, window: Window, subjects: Collection[SubjectId]
    ) -> Mapping[SubjectId, Mapping[RejectReason, int]]:
        """See `orders.Source`."""
        return {}

    def check(self, countings: Sequence[Counting], *, fix: bool = False) -> Iterator[Check]:
        """See `orders.Source`."""
        yield from ()

    def close(self) -> None:
        """See `orders.Source`."""


@dataclass
class Believers:
    """Who believes in which alert, and in which level of it, by what they read."""

    ledger: Ledger
    believe: dict[tuple[str, str, int], int] = field(default_factory=dict)

    def read(self, now: datetime) -> None:
        """Everybody reads what is due. What waits for something earlier comes with the next claim."""
        while messages := self.ledger.post.claim(now, 1000):
            self._read(messages)
            self.ledger.post.settle([Outcome(each.key, now, NoticeState.SENT, "ok") for each in messages])

    def _read(self, messages: Sequence[Message]) -> None:
        for message in messages:
            for notice in message.notices:
                if notice.kind is not NoticeKind.ALERT:
                    continue
                whom = notice.subject if message.for_customer else message.recipient
                belief = message.channel, whom, notice.alert
                believed, level = self.believe.get(belief, 0), LEVELS.index(notice.level)
                if notice.reason in FOLLOW_UPS:
                    assert believed, f"{belief} reads {notice.reason} and never heard of it"
                if notice.reason is Reason.EASED:
                    assert level < believed, f"{belief} reads of an easing and knows of nothing higher"
                if notice.reason is Reason.ESCALATED:
                    assert level > believed, f"{belief} reads of a rise and knows of it"
                if notice.reason in (Reason.RETRACTED, Reason.CLOSED):
                    del self.believe[belief]
                else:
                    self.believe[belief] = level


LISTENERS = st.lists(
    st.builds(
        Listener,
        st.sampled_from(["customer", "operations", "room"]),
        st.none() | st.lists(st.sampled_from(["notice", "warning"]), min_size=1, max_size=1).map(tuple),
        st.none() | st.just((Reason.OPENED, Reason.RETRACTED)),
        st.sampled_from([(), (Match("carrier", ("D",)),)]),
        st.sampled_from([(), (Match("vip", ("True",)),)]),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
ORDERS = st.fixed_dictionaries({name: st.text("UD", max_size=6) for name in PEOPLE})
STEPS = st.lists(
    st.tuples(ORDERS, st.sets(st.sampled_from(["read", "hold", "release", "silence", "move", "vip"]))),
    max_size=7,
)


def rules(first: tuple[Listener, ...], second: tuple[Listener, ...]) -> list[Rule]:
    """One for the month and one for the quarter."""
    month = Rule(
        RuleId("month"),
        "Returns",
        Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "UTC"),
        (Level("notice", 2), Level("warning", 4)),
        first,
        timedelta(days=30),
        (Reason.OPENED, Reason.ESCALATED, Reason.EASED, Reason.RETRACTED),
    )
    quarter = replace(month.counting, within=Period.QUARTER)
    return [month, replace(month, id=RuleId("quarter"), counting=quarter, notify=second)]


@settings(max_examples=12, deadline=None)
@given(LISTENERS, LISTENERS, STEPS)
def test_whoever_heard_hears_of_the_end_and_nobody_else(
    first: tuple[Listener, ...],
    second: tuple[Listener, ...],
    steps: list[tuple[dict[str, str], set[str]]],
) -> None:
    """Whatever the levels, carriers, segments and addresses, and whatever somebody silenced or the guard held
    back: nobody reads of the end of what they did not hear of, and when all is well again nobody believes in
    anything any more."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "l.db").write_bytes(_new_ledger())
        with open_ledger(f"sqlite:///{Path(folder) / 'l.db'}") as ledger:
            assert _lived_through(ledger, rules(first, second), steps) == {}


def _lived_through(
    ledger: Ledger, watched: list[Rule], steps: list[tuple[dict[str, str], set[str]]]
) -> dict[tuple[str, str, int], int]:
    """What is believed after the steps, when nothing has been wrong for a while."""
    shop, now = Shop(), JUNE
    people = Believers(ledger)
    nothing: tuple[dict[str, str], set[str]] = ({}, {"release", "read"})
    for letters, doing in [nothing, *steps, nothing, nothing]:
        now += timedelta(hours=30)
        shop.letters = letters
        if "move" in doing:  # what goes to two addresses keeps no order between them
            people.read(now)
            shop.moved = not shop.moved
        shop.vip = PEOPLE["vip" in doing]
        if "silence" in doing:
            ledger.decide(_silence(now))
        guard = Guard(max_notices=1 if "hold" in doing else 1000, max_share=1)
        terms = Terms(ROUTES, guard)
        report = cycle(watched, shop, ledger, terms, now=now, clock=partial(_same, now))
        assert not report.failed
        if "release" in doing:
            ledger.post.release(None, now)
        if "read" in doing:
            people.read(now)
    return people.believe


def _same(now: datetime) -> datetime:
    return now


@cache
def _new_ledger() -> bytes:
    """The file of an empty ledger: made once, because migrations take longer than what is tested."""
    with tempfile.TemporaryDirectory() as folder:
        with open_ledger(f"sqlite:///{Path(folder) / 'l.db'}"):
            pass
        return (Path(folder) / "l.db").read_bytes()


def _silence(now: datetime) -> Decision:
    until = now + timedelta(hours=20)
    return Decision(DecisionKind.SILENCE, None, SubjectId("ana"), None, until, "ana", "a strike", now)
