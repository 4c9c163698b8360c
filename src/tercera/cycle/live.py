"""A live look: a rule looks at the subjects that changes have marked, just as a sweep would.

There may be several looks a second. All of them between two sweeps are one run: the list of runs shows it as
one, and the guard counts what they tell as it counts what a sweep tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tercera.cycle.edits import edit_since
from tercera.cycle.sweep import Part, Swept, Terms, sweep
from tercera.ledger import LIVE, Ledger, Position
from tercera.model import Reason, RuleId, SubjectId
from tercera.orders import Source
from tercera.rules import Meaning, Rule
from tercera.telling.gathering import Gathering
from tercera.telling.routing import gathering_of

LONGEST = timedelta(minutes=10)
"""How long a run of looks lasts when no sweep ends it."""

NOTED = timedelta(seconds=1)
"""How often it is noted how a run of looks stands, where nothing waits for that."""

GATHERS = timedelta(minutes=1)
"""How long a digest gathers what the looks have to tell. Customers hear at once."""


@dataclass
class LiveRun:
    """What the looks of one run came to."""

    number: int
    began: datetime
    looks: int = 0
    subjects: int = 0
    held: int = 0
    repaired: int = 0
    told: Counter[RuleId] = field(default_factory=Counter)
    transitions: Counter[Reason] = field(default_factory=Counter)

    def add(self, rule: RuleId, swept: Swept, subjects: int) -> None:
        """One more."""
        self.looks += 1
        self.subjects += subjects
        self.held += swept.held
        self.told[rule] += swept.told
        moved = {reason: n for reason, n in swept.transitions.items() if reason is not Reason.UNCHANGED}
        self.transitions.update(moved)

    def summary(self) -> dict[str, Any]:
        """For the ledger's list of runs."""
        return {
            "looks": self.looks,
            "subjects": self.subjects,
            "transitions": dict(self.transitions),
            "held": self.held,
            "repaired": self.repaired,
        }


@dataclass
class _Pairs:
    """How many pairs a rule watches, remembered: counting them reads every order of the watched windows.

    There may be more by now, so what was counted lately says whether a share is surely small; only where it
    may not be they are counted anew.
    """

    share: float
    counted: int = 0
    at: datetime | None = None

    def watched(self, now: datetime, telling: int, count: Callable[[], int]) -> int:
        is_old = self.at is None or now - self.at > LONGEST
        if is_old or telling > self.share * self.counted:
            self.counted, self.at = count(), now
        return self.counted


@dataclass
class Live:
    """The looks of one process. For one thread."""

    source: Source
    ledger: Ledger
    terms: Terms
    clock: Callable[[], datetime]
    proceed: Callable[[], None] = lambda: None
    run: LiveRun | None = None
    _pairs: dict[RuleId, _Pairs] = field(default_factory=dict)
    _team_hears_at: datetime | None = None
    _untold: bool = False
    _waits: bool = False
    _noted_at: datetime | None = None

    def gathering(self, rules: Sequence[Rule], now: datetime) -> Gathering:
        """How the notices of looks by these rules, one after the other, share messages."""
        made = gathering_of(rules, self.terms.routes, self._begun(now).number, now)
        self._waits = made.waits_for_customers or made.waits_for_team
        if self._team_hears_at is None or self._team_hears_at <= now:
            self._team_hears_at = now + GATHERS
        return replace(made, team_hears_at=self._team_hears_at)

    def is_ready(self, rule: Rule) -> bool:
        """Whether a sweep has been here, under the rule as it is now: only that may say what is old news."""
        cursor = self.ledger.cursor(rule.id)
        return cursor is not None and edit_since(cursor, Meaning(rule, self.terms.reading)) is None

    def look(
        self, rule: Rule, subjects: Collection[SubjectId], gathering: Gathering, position: Position | None
    ) -> Swept | None:
        """Looks at these subjects; None when the rule is being swept just now. The position is written with
        the last of what is told. Raises what `sweep` does."""
        run = self._begun(gathering.now)
        pairs = self._pairs.setdefault(rule.id, _Pairs(self.terms.guard.max_share))
        part = Part(run.told[rule.id], position, lambda *asked: pairs.watched(gathering.now, *asked))
        with self.ledger.sweeping(rule.id, wait=False) as lease:
            if lease is None:
                return None
            swept = sweep(
                rule,
                self.source,
                self.ledger,
                self.terms,
                run=run.number,
                now=gathering.now,
                told=run.told.total(),
                lease=lease,
                gathering=gathering,
                subjects=subjects,
                part=part,
                proceed=self.proceed,
            )
        run.add(rule.id, swept, len(subjects))
        self._untold = self._untold or bool(swept.told)
        return swept

    def round_is_over(self) -> None:
        """Every rule has had its look: what waited for that is due. Also to be called when there is nothing
        to look at: how the run stands is noted now and then."""
        if self.run is None or not self._untold:
            return
        now = self.clock()
        if self._waits or self._noted_at is None or not timedelta(0) <= now - self._noted_at < NOTED:
            self.ledger.diary.note_run(self.run.number, now, self.run.summary())
            self._untold, self._noted_at = False, now

    def repaired(self, subjects: int) -> None:
        """A sweep found so many that moved without a word."""
        run = self._begun(self.clock())
        run.repaired += subjects
        self.ledger.diary.note_run(run.number, self.clock(), run.summary())

    def end_run(self) -> None:
        """A sweep has ended, or the process does: what comes next is another run."""
        if self.run is not None:
            self.ledger.diary.finish_run(self.run.number, self.clock(), self.run.summary(), None)
            self.run = None

    def _begun(self, now: datetime) -> LiveRun:
        if self.run is not None and now - self.run.began > LONGEST:
            self.end_run()
        if self.run is None:
            self.run = LiveRun(self.ledger.diary.begin_run(LIVE, now), now)
        return self.run
