"""Whom changes have marked and nobody has looked at yet, by rule. Pure: the caller brings the clock.

Everybody who is marked has a number, in the order of marking; whoever is marked twice keeps the first one and
is looked at once. A position of the source may be kept when nobody with a smaller number waits any more: then
nothing before it is needed again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter

from tercera.model import RuleId, SubjectId
from tercera.tally.changes import Batch

_MOST_MARKS = 1_000
"""Positions that are remembered until they may be kept. With more, every second one is forgotten: going on
from an earlier one only tells of changes twice."""

Marked = dict[SubjectId, int]
"""Subjects by their numbers."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one live cycle looks at. `moved` are ids of orders that may have been somebody else's."""

    by_rule: Mapping[RuleId, Marked] = field(default_factory=dict)
    moved: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.by_rule or self.moved)


@dataclass
class _Line:
    """Who waits to be looked at by one rule."""

    waiting: Marked = field(default_factory=dict)
    since: float | None = None
    """When the first of them was marked."""

    not_before: float = 0.0

    def mark(self, subjects: Iterable[SubjectId], number: int, now: float) -> None:
        for subject in subjects:
            self.waiting.setdefault(subject, number)
        if self.waiting and self.since is None:
            self.since = now

    def due_at(self, debounce: float) -> float | None:
        return None if self.since is None else max(self.since + debounce, self.not_before)

    def take(self, limit: int, since: float) -> Marked:
        """The first of them. Whoever is left has waited since then."""
        taken = dict(islice(self.waiting.items(), limit))
        for subject in taken:
            del self.waiting[subject]
        self.since = since if self.waiting else None
        return taken

    def give_back(self, marked: Mapping[SubjectId, int], since: float) -> None:
        both = {**self.waiting, **marked}
        self.waiting = dict(sorted(both.items(), key=itemgetter(1)))
        if self.waiting and self.since is None:
            self.since = since

    def forget(self, through: int) -> None:
        self.waiting = {subject: n for subject, n in self.waiting.items() if n > through}
        self.since = self.since if self.waiting else None


class Backlog:
    """For one thread at a time.

    `rules` are the fields that rules count for, by rule. What changes within `debounce` seconds of the first
    change is looked at together, so a steady stream waits no longer than a single change does; at most
    `limit` subjects of a rule at once.
    """

    def __init__(self, rules: Mapping[RuleId, str], *, debounce: float, limit: int) -> None:
        self._pers = dict(rules)
        self._lines = {rule: _Line() for rule in rules}
        self._debounce = debounce
        self._limit = limit
        self._moved: dict[str, int] = {}
        self._marks: deque[tuple[int, str]] = deque()
        self._reached: str | None = None
        self.number = 0
        """That was given last."""

    def note(self, batch: Batch, now: float) -> None:
        """Marks whoever a batch names."""
        if not batch.is_empty:
            self.number += 1
        for rule, line in self._lines.items():
            line.mark(batch.subjects.get(self._pers[rule], ()), self.number, now)
            if batch.moved and line.since is None:
                line.since = now
        for order in batch.moved:
            self._moved.setdefault(order, self.number)
        if batch.position is not None:
            self._mark(batch.position)

    def _mark(self, position: str) -> None:
        if self._marks and self._marks[-1][0] == self.number:
            self._marks.pop()
        self._marks.append((self.number, position))
        if len(self._marks) > _MOST_MARKS:
            self._marks = deque([*list(self._marks)[:-1:2], self._marks[-1]])

    def due_at(self) -> float | None:
        """When somebody has to be looked at; None when nobody waits."""
        dues = (line.due_at(self._debounce) for line in self._lines.values())
        return min((due for due in dues if due is not None), default=None)

    def take(self, now: float) -> Work:
        """Those who are due, the longest marked first. They have to be given back, or are done with."""
        by_rule: dict[RuleId, Marked] = {}
        for rule, line in self._lines.items():
            due = line.due_at(self._debounce)
            if due is not None and due <= now and (taken := line.take(self._limit, now - self._debounce)):
                by_rule[rule] = taken
            elif not line.waiting:
                line.since = None
        moved, self._moved = self._moved, {}
        return Work(by_rule, moved)

    def give_back(
        self, rule: RuleId, marked: Mapping[SubjectId, int], now: float, pause: float = 0.0
    ) -> None:
        """Those whom a rule could not look at; it is not asked again before the pause is over."""
        line = self._lines[rule]
        line.give_back(marked, now - self._debounce)
        line.not_before = now + pause

    def swept(self, rule: RuleId, through: int) -> None:
        """A sweep of the rule that began when this number was the last has looked at all of them."""
        self._lines[rule].forget(through)

    def position(self, busy: Iterable[Collection[int]] = ()) -> str | None:
        """From where to go on: nobody before it waits, is among those (by number) that are `busy`, or has
        moved from nobody knows whom. None before there is such a place."""
        first = min(self._numbers(busy), default=self.number + 1)
        before = (position for number, position in reversed(self._marks) if number < first)
        return next(before, self._reached)

    def settle(self, busy: Iterable[Collection[int]]) -> str | None:
        """The same, when `busy` are all whom somebody looks at: what is before it is forgotten."""
        busy = list(busy)
        self._reached = self.position(busy)
        first = min(self._numbers(busy), default=self.number + 1)
        while self._marks and self._marks[0][0] < first:
            self._marks.popleft()
        return self._reached

    def _numbers(self, busy: Iterable[Collection[int]]) -> Iterable[int]:
        for line in self._lines.values():
            yield from islice(line.waiting.values(), 1)
        yield from islice(self._moved.values(), 1)
        for numbers in busy:
            yield from numbers

    @property
    def size(self) -> int:
        """How many wait."""
        return sum(len(line.waiting) for line in self._lines.values()) + len(self._moved)

    @property
    def moved(self) -> int:
        """How many orders moved from nobody knows whom."""
        return len(self._moved)

    def waiting(self, rule: RuleId) -> Sequence[SubjectId]:
        """Those of one rule."""
        return list(self._lines[rule].waiting)
