"""Any sequence of counts, silences, snoozes, dismissals and time: the promises hold, of the pure functions.
`test_promises_on_a_ledger.py` asks the same of a ledger, with the guard."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tercera.lifecycle import reconcile
from tercera.model import (
    Counting,
    Evidence,
    Level,
    Match,
    Pair,
    Period,
    Reason,
    RuleId,
    Standing,
    State,
    SubjectId,
    Tally,
    WindowId,
)
from tercera.rules import Rule, judge
from tercera.rules.listener import everyone
from tercera.telling.silences import Decision, DecisionKind, Silences
from tercera.windows import parse_window, window_of_day
from tests.fault.promises import LEVELS, Hearing, Quiet, Quieted, rank

ZONE = "America/Bogota"
RULE = Rule(
    RuleId("repeat-returns"),
    "Three or more",
    Counting((Match("status", ("returned",)),), "customer", Period.MONTH, ZONE),
    tuple(Level(name, threshold) for name, threshold in LEVELS.items()),
    everyone("customer"),
    timedelta(days=10),
)
SUBJECTS = ("ana",)
WINDOWS = ("2023-06", "2023-07")
START = window_of_day(date(2023, 6, 1), Period.MONTH).starts_at(ZONE) + timedelta(days=10)

subjects = st.sampled_from(SUBJECTS)
windows = st.sampled_from(WINDOWS)
counts = st.sampled_from((0, 2, 3, 4, 5, 8))
days = st.sampled_from((1, 1, 2, 3, 10, 40))


def tally(subject: str, window: str, count: int) -> Tally:
    """So many returned orders."""
    orders = tuple(Evidence(f"o{n}", date(2023, 6, 1 + n % 30), "returned") for n in range(count))
    return Tally(SubjectId(subject), WindowId(window), count, count + 2, evidence=orders)


class Promises(RuleBasedStateMachine):
    """A customer, two months."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.rule = RULE
        self.counts: dict[tuple[str, str], int] = {}
        self.known: dict[tuple[str, str], Standing] = {}
        self.heard = {(subject, window): Hearing() for subject in SUBJECTS for window in WINDOWS}
        self.quiet = Quiet()
        self.decisions: list[Decision] = []
        self.unfinished: set[tuple[str, str]] = set(self.heard)

    @initialize(on=st.sets(st.sampled_from((Reason.EASED, Reason.CLOSED))))
    def begin(self, on: set[Reason]) -> None:
        """Openings, escalations and retractions are always told; the others in some lives."""
        self.rule = replace(RULE, on=(*RULE.on, *sorted(on)))
        for hearing in self.heard.values():
            hearing.eases = Reason.EASED in on

    @rule(subject=subjects, window=windows, count=counts)
    def orders_move(self, subject: str, window: str, count: int) -> None:
        """Orders arrive, change or disappear, and nobody looks."""
        self.counts[subject, window] = count

    @rule(subject=subjects, window=windows, count=counts)
    def orders_move_and_are_seen(self, subject: str, window: str, count: int) -> None:
        """The same, and somebody looks at once."""
        self.orders_move(subject, window, count)
        self.sweep()

    @rule(days=days)
    def time_passes(self, days: int) -> None:
        """The clock goes on, at most to the end of the year, when all is over."""
        self.now = min(self.now + timedelta(days=days), START + timedelta(days=200))

    @rule(backwards=st.integers(1, 3))
    def the_clock_is_set_back(self, backwards: int) -> None:
        """By hours, as a bad time server does it."""
        self.now = max(self.now - timedelta(hours=backwards), START)

    @rule(subject=st.one_of(st.none(), subjects), days=days)
    def silence(self, subject: str | None, days: int) -> None:
        """A customer, or the whole rule."""
        self._decide(DecisionKind.SILENCE, subject, None, self.now + timedelta(days=days))

    @rule(subject=subjects, window=windows, days=days)
    def snooze(self, subject: str, window: str, days: int) -> None:
        """One alert."""
        self._decide(DecisionKind.SNOOZE, subject, window, self.now + timedelta(days=days))

    @rule(subject=subjects, window=windows)
    def dismiss(self, subject: str, window: str) -> None:
        """One alert, for good."""
        self._decide(DecisionKind.DISMISS, subject, window, None)

    @precondition(lambda self: self.quiet.running(self.now))
    @rule(choice=st.integers(0, 100))
    def end_a_silence(self, choice: int) -> None:
        """Before its time."""
        running = list(self.quiet.running(self.now))
        number = running[choice % len(running)]
        self.quiet.decisions[number].ended = True
        self.decisions[number] = replace(self.decisions[number], ended_at=self.now)

    @rule()
    def sweep(self) -> None:
        """Somebody looks at everything."""
        silences = Silences(self.rule.id, self.decisions, self.now)
        for pair in self.heard:
            self._look(pair, silences)

    def _look(self, pair: tuple[str, str], silences: Silences) -> None:
        count, known, hearing = self.counts.get(pair, 0), self.known.get(pair), self.heard[pair]
        asked: Pair = (SubjectId(pair[0]), WindowId(pair[1]))
        quiet = silences.quiet(asked)
        assert (quiet is not None) == self.quiet.about(*pair, self.now)
        window = parse_window(pair[1], Period.MONTH)
        step = reconcile(
            self.rule, window, known, judge(self.rule, tally(*pair, count)), self.now, quiet=quiet
        )
        was_closed = known is not None and known.state is State.CLOSED
        if step.speaks:
            assert quiet is None, "it is silenced"
            hearing.hear(step.reason, step.after.level if step.after else None, count)
        if was_closed:
            assert step.reason is Reason.UNCHANGED
            assert step.after == known
        elif quiet is None:
            hearing.check(count)
        if step.after is not None:
            self.known[pair] = step.after
            if step.after.state is State.CLOSED and not was_closed:
                assert self.now >= window.ends_at(ZONE) + self.rule.grace, "too early"

    def _decide(
        self, kind: DecisionKind, subject: str | None, window: str | None, until: datetime | None
    ) -> None:
        self.quiet.decisions.append(Quieted(subject, window, until))
        self.decisions.append(
            Decision(
                kind,
                self.rule.id,
                SubjectId(subject) if subject else None,
                WindowId(window) if window else None,
                until,
                "ana",
                "a strike",
                self.now,
                id=len(self.decisions),
            )
        )

    def teardown(self) -> None:
        """In the end, when every silence is over, everything true is told and everything is closed."""
        self.now = START + timedelta(days=300)
        for _ in range(2):
            self.sweep()
        for standing in self.known.values():
            assert standing.state is State.CLOSED, standing


Promises.TestCase.settings = settings(max_examples=250, stateful_step_count=40, deadline=None)
TestPromises = Promises.TestCase


def life(*on: Reason) -> Promises:
    """One of which somebody wrote down what happens."""
    promises = Promises()
    promises.begin(set(on))
    return promises


def test_a_level_that_came_and_went_in_silence_is_nobodys_news() -> None:
    """Three are told of; five are there while everybody is silenced, and three again when that ends. Nobody
    reads that it came down from five."""
    promises = life(Reason.EASED)
    june = promises.heard["ana", "2023-06"]
    promises.orders_move_and_are_seen("ana", "2023-06", 3)
    promises.silence(None, 1)
    promises.orders_move_and_are_seen("ana", "2023-06", 5)
    promises.end_a_silence(0)
    promises.orders_move_and_are_seen("ana", "2023-06", 3)
    assert june.level == rank(3)
    promises.teardown()


def test_what_came_down_in_silence_is_told_when_it_ends() -> None:
    """Eight are told of; in silence they become none and then three, and when it is over five: whoever asks
    for that reads of five, once, and of eight when they are there again."""
    promises = life(Reason.EASED)
    june = promises.heard["ana", "2023-06"]
    promises.orders_move_and_are_seen("ana", "2023-06", 8)
    promises.silence(None, 1)
    promises.orders_move_and_are_seen("ana", "2023-06", 0)
    promises.orders_move_and_are_seen("ana", "2023-06", 3)
    promises.end_a_silence(0)
    promises.orders_move_and_are_seen("ana", "2023-06", 5)
    assert june.level == rank(5)
    promises.sweep()
    promises.orders_move_and_are_seen("ana", "2023-06", 8)
    assert june.level == rank(8)
    promises.teardown()
