"""Where the thread that reads changes and the one that looks meet: the backlog, under one lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tercera.following.backlog import Backlog, Marked, Work
from tercera.following.repairs import Trial, begun
from tercera.ledger import Lease
from tercera.model import RuleId, SubjectId
from tercera.tally.changes import Batch

LIMIT = 2_000
"""Subjects of a rule that one look takes."""

MOST_WAITING = 200_000
"""Marked subjects from which on no more changes are read: the source keeps them."""


MOST_TRIALS = 3
"""Sweeps whose findings wait to be judged."""


@dataclass
class Stretch:
    """What is read under one lease, without a break. Whoever took work from one gives it back to that one."""

    lease: Lease
    backlog: Backlog
    busy: dict[RuleId, Marked] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    """Ids of orders that are being looked for."""

    trials: list[Trial] = field(default_factory=list)
    kept: str | None = None
    """The position that is in the ledger, when it moved."""

    is_over: bool = False
    """Another instance may follow now: what was decided under this lease was refused."""


@dataclass(frozen=True, slots=True)
class SweepMark:
    """A sweep that began: in which stretch, after which number, and what it will be asked."""

    stretch: Stretch
    number: int
    trial: Trial


class Desk:
    """May be used by several threads. `rules` are the fields that rules count for, by rule."""

    def __init__(
        self, rules: Mapping[RuleId, str], *, debounce: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rules = dict(rules)
        self._debounce = debounce
        self._clock = clock
        self._changed = threading.Condition()
        self._stretch: Stretch | None = None
        self._repaired: dict[RuleId, set[SubjectId]] = {}
        self._closed = False

    def begin(self, lease: Lease) -> Stretch:
        """A new stretch; what another one left is forgotten, for it will be told again."""
        with self._changed:
            backlog = Backlog(self._rules, debounce=self._debounce, limit=LIMIT)
            self._stretch = Stretch(lease, backlog)
            return self._stretch

    def end(self) -> None:
        """Nothing is read for now."""
        with self._changed:
            self._stretch = None
            self._changed.notify_all()

    def close(self) -> None:
        """Ends all waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def stretch(self) -> Stretch | None:
        """That is being read now."""
        return self._stretch

    def note(self, stretch: Stretch, batch: Batch) -> None:
        """Puts down what a batch says; waits while too many wait already."""
        with self._changed:
            now = self._clock()
            stretch.backlog.note(batch, now)
            self._judge(stretch, batch, now)
            if not batch.is_empty:
                self._changed.notify_all()
            self._changed.wait_for(lambda: self._closed or stretch.backlog.size < MOST_WAITING)

    def take(self, patience: float) -> tuple[Stretch, Work] | None:
        """Work that is due, waiting up to so many seconds for it."""
        with self._changed:
            ends = self._clock() + patience
            while not self._closed:
                now = self._clock()
                due = self._stretch.backlog.due_at() if self._stretch else None
                if self._stretch is not None and due is not None and due <= now:
                    work = self._stretch.backlog.take(now)
                    self._stretch.busy = {rule: dict(marked) for rule, marked in work.by_rule.items()}
                    self._stretch.moved = dict(work.moved)
                    self._changed.notify_all()
                    return self._stretch, work
                if now >= ends:
                    return None
                self._changed.wait(min(ends, due if due is not None else ends) - now)
        return None

    def assign(self, stretch: Stretch, by_rule: Mapping[RuleId, Marked]) -> None:
        """The orders that were looked for are found: this is all of the work."""
        with self._changed:
            stretch.busy = {rule: dict(marked) for rule, marked in by_rule.items()}
            stretch.moved = {}

    def done(self, stretch: Stretch, rule: RuleId) -> None:
        """The rule has looked at all that it was given."""
        with self._changed:
            stretch.busy.pop(rule, None)

    def give_back(self, stretch: Stretch, rule: RuleId, pause: float) -> None:
        """The rule could not look; it tries again after a pause."""
        with self._changed:
            if marked := stretch.busy.pop(rule, None):
                stretch.backlog.give_back(rule, marked, self._clock(), pause)

    def position(self, stretch: Stretch, rule: RuleId | None = None) -> str | None:
        """From where to go on when this rule has looked, too; None when that is not known."""
        with self._changed:
            busy = [list(marked.values()) for each, marked in stretch.busy.items() if each != rule]
            busy.append(list(stretch.moved.values()))
            if rule is None:
                return stretch.backlog.settle(busy)
            return stretch.backlog.position(busy)  # it may still fail: nothing is forgotten

    def sweep_begins(self) -> SweepMark | None:
        """Notes where a sweep begins; None when nobody reads changes, so that nothing can be told of it."""
        with self._changed:
            stretch = self._stretch
            if stretch is None:
                return None
            waiting = {
                rule: {*stretch.backlog.waiting(rule), *stretch.busy.get(rule, ())} for rule in self._rules
            }
            # One that never ended was of a sweep that failed; one that can't be judged yet is not waited for
            # for ever.
            stretch.trials = [each for each in stretch.trials if each.ended is not None][-MOST_TRIALS:]
            trial = begun(self._rules, waiting)
            trial.unsure = bool(stretch.backlog.moved or stretch.moved)
            stretch.trials.append(trial)
            return SweepMark(stretch, stretch.backlog.number, trial)

    def sweep_ended(self, mark: SweepMark, found: Mapping[RuleId, Iterable[SubjectId]]) -> None:
        """The sweep has looked at these rules, and found these subjects moved. Who was marked before it began
        need not be looked at any more."""
        with self._changed:
            mark.trial.end(found, self._clock())
            for rule in found:
                mark.stretch.backlog.swept(rule, mark.number)
            self._changed.notify_all()

    def repaired(self) -> dict[RuleId, set[SubjectId]]:
        """Whom sweeps found moved although no change told of them, each once."""
        with self._changed:
            repaired, self._repaired = self._repaired, {}
            return repaired

    def _judge(self, stretch: Stretch, batch: Batch, now: float) -> None:
        open_ones = []
        for trial in stretch.trials:
            trial.note(batch)
            verdict = trial.verdict(batch, now)
            if verdict is None:
                open_ones.append(trial)
            for rule, subjects in (verdict or {}).items():
                self._repaired.setdefault(rule, set()).update(subjects)
        stretch.trials = open_ones
