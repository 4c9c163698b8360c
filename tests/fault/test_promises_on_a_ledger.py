"""Any sequence of counts, decisions, guard, releases and time over a real SQLite ledger: the promises hold,
and what the guard holds back is never sent before somebody releases it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tercera.cycle import cycle
from tercera.cycle.sweep import Terms
from tercera.ledger import open_ledger
from tercera.messages import NoticeKind, NoticeState, Outcome
from tercera.model import Period, Reason, SubjectId, WindowId
from tercera.telling.guard import Guard
from tercera.telling.routing import Route, Routes
from tercera.telling.silences import Decision, DecisionKind
from tercera.windows import window_of_day
from tests.fault.counted import Counted
from tests.fault.promises import Hearing, Quiet, Quieted, rank
from tests.fault.test_promises import RULE, ZONE

SUBJECTS = ("ana", "ben", "cleo")
WINDOW = "2023-06"
START = window_of_day(date(2023, 6, 1), Period.MONTH).starts_at(ZONE) + timedelta(days=10)
SETTLED = window_of_day(date(2023, 6, 1), Period.MONTH).ends_at(ZONE) + RULE.grace
"""From here on nobody looks at what changes any more."""

ROUTES = Routes({"customer": Route("customer", None)})
GUARD = Guard(max_notices=1, max_share=1, expires=timedelta(days=6))

subjects = st.sampled_from(SUBJECTS)
counts = st.sampled_from((0, 2, 3, 4, 5, 8))
days = st.sampled_from((1, 1, 2, 3, 10, 40))


class LedgerPromises(RuleBasedStateMachine):
    """Three customers, one month; two of them told at once are one too many for the guard."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.rule = RULE
        self.ledger = open_ledger(f"sqlite:///{Path(self.folder.name) / 'ledger.db'}")
        self.now = START
        self.counts: dict[tuple[str, str], int] = {}
        self.seen: dict[str, int] = dict.fromkeys(SUBJECTS, 0)
        self.heard = {subject: Hearing() for subject in SUBJECTS}
        self.waiting: set[str] = set()
        """Whose news the guard holds back; `freed` by somebody, and not looked at since."""

        self.freed: set[str] = set()
        self.quiet = Quiet()

    @initialize(eases=st.booleans())
    def begin(self, eases: bool) -> None:
        """Whether they read that a level was left, too."""
        self.rule = replace(RULE, on=(*RULE.on, Reason.EASED)) if eases else RULE
        for hearing in self.heard.values():
            hearing.eases = eases
        self.sweep()

    def teardown(self) -> None:
        """In the end, when every silence is over and everything is released, all that is true was told."""
        try:
            self.now = START + timedelta(days=120)
            self.release()
            for _ in range(3):
                self.sweep()
                self.release()
        finally:
            self.ledger.close()
            self.folder.cleanup()

    @precondition(lambda self: self.now < SETTLED)
    @rule(subject=subjects, count=counts, look=st.booleans())
    def orders_move(self, subject: str, count: int, look: bool) -> None:
        """Orders arrive, change or disappear; most often somebody looks at once."""
        self.counts[subject, WINDOW] = count
        if look:
            self.sweep()

    @precondition(lambda self: self.now < SETTLED)
    @rule(moved=st.lists(counts, min_size=3, max_size=3))
    def a_status_sync_breaks(self, moved: list[int]) -> None:
        """Everybody's orders move at once."""
        for subject, count in zip(SUBJECTS, moved, strict=True):
            self.counts[subject, WINDOW] = count
        self.sweep()

    @rule(days=days)
    def time_passes(self, days: int) -> None:
        """At most until all is over."""
        self.now = min(self.now + timedelta(days=days), START + timedelta(days=100))

    @rule(hours=st.integers(1, 72))
    def the_clock_jumps_back(self, hours: int) -> None:
        """By up to three days, but not out of the time in which everything is closed."""
        floor = SETTLED if self.now >= SETTLED else START
        self.now = max(self.now - timedelta(hours=hours), floor)

    @rule(subject=st.one_of(st.none(), subjects), days=days)
    def silence(self, subject: str | None, days: int) -> None:
        """A customer, or everybody."""
        until = self.now + timedelta(days=days)
        self.quiet.decisions.append(Quieted(subject, None, until))
        about = SubjectId(subject) if subject else None
        self.ledger.decide(Decision(DecisionKind.SILENCE, RULE.id, about, None, until, "ana", "", self.now))

    @rule(subject=subjects)
    def dismiss(self, subject: str) -> None:
        """For good, if there is an alert."""
        found = self.ledger.find(RULE.id, SubjectId(subject), WindowId(WINDOW))
        if found is None:
            return
        self.quiet.decisions.append(Quieted(subject, WINDOW, None))
        dismissal = Decision(
            DecisionKind.DISMISS, None, None, None, None, "ana", "", self.now, alert=found.id
        )
        self.ledger.decide(dismissal)

    @precondition(lambda self: self.waiting)
    @rule()
    def release(self) -> None:
        """What is still true goes out."""
        self.ledger.post.release(None, self.now)
        self.freed |= self.waiting
        self.waiting.clear()
        self._deliver()

    @precondition(lambda self: self.waiting)
    @rule()
    def discard(self) -> None:
        """Nothing of it ever goes out."""
        self.ledger.post.discard(None, self.now)
        for subject in self.waiting:
            self.heard[subject].excused = True
        self.waiting.clear()
        self._deliver()

    @rule()
    def sweep(self) -> None:
        """Somebody looks at everything, and what is due goes out."""
        before = {each.rule for each in self.ledger.post.held()}
        rules, source = [self.rule], Counted(self.counts)
        report = cycle(rules, source, self.ledger, Terms(ROUTES, GUARD), now=self.now, clock=lambda: self.now)
        assert not report.failed
        self.seen = {subject: self.counts.get((subject, WINDOW), 0) for subject in SUBJECTS}
        if before and not self.ledger.post.held():  # it expired
            for subject in self.waiting:
                self.heard[subject].excused = True
            self.waiting.clear()
        self.waiting |= self._held()
        for subject in self.waiting:
            if rank(self.seen[subject]) == 0:
                # A retraction that is held, and overtaken by a new opening, is never said: then that one may
                # repeat what was heard before.
                self.heard[subject].may_repeat = True
        self._deliver()
        for subject in SUBJECTS:
            if subject not in self.waiting and not self.quiet.about(subject, WINDOW, self.now):
                self.freed.discard(subject)
                self.heard[subject].check(self.seen[subject])

    def _held(self) -> set[str]:
        held = self.ledger.post.deliveries(NoticeState.HELD, 1000)
        return {each.subject for each in held if each.for_customer}

    def _deliver(self) -> None:
        """Everything that is due is heard; nothing of whom the guard has is among it."""
        messages = self.ledger.post.claim(self.now, 1000)
        self.ledger.post.settle(
            [Outcome(each.key, self.now, NoticeState.SENT, "250 ok") for each in messages]
        )
        for message in messages:
            for notice in message.notices:
                assert notice.kind is NoticeKind.ALERT
                assert notice.subject not in self.waiting, "nobody has released it"
                truth = self.seen[notice.subject]
                self.heard[notice.subject].hear(notice.reason, notice.level, truth)


LedgerPromises.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
TestLedgerPromises = LedgerPromises.TestCase


def test_what_was_held_back_is_not_taken_for_told() -> None:
    """Three are told of five orders. Then they have none, eight and three, all of it held. Released, nothing
    of it is true any more; of eight orders they hear when that comes to be true."""
    customers = LedgerPromises()
    customers.begin(eases=False)
    for counts_now in ([5, 5, 5], [0, 0, 0], [8, 8, 8], [3, 3, 3], [8, 8, 8]):
        customers.a_status_sync_breaks(counts_now)
        if counts_now[0] in (5, 3):
            customers.release()
            customers.sweep()
            assert {each.level for each in customers.heard.values()} == {2}
    assert customers.waiting == set(SUBJECTS)
    customers.release()
    assert {each.level for each in customers.heard.values()} == {3}
    customers.teardown()
