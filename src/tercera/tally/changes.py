"""What a source tells of orders written, changed or removed: whose numbers have to be looked at again.

A change only marks subjects as dirty. What they come to is tallied, judged and committed as in any cycle, so
a change that is told twice, late, or together with others does no harm; one that is not told is found by the
next sweep.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from tercera.model import SubjectId
from tercera.orders import Check


@dataclass(frozen=True, slots=True)
class Batch:
    """What changed since the batch before.

    `subjects` are, by the order field that rules count for (`Counting.per`), those of the changed orders: as
    they are now, and, where the source knows it, as they were before. `moved` are the ids of orders that
    may have belonged to somebody else before, or are gone, where it does not: whoever knows them from their
    evidence has to be looked at too. `untold` counts orders that are gone and of which not even the id is
    known: only a sweep finds whose they were.

    `position` says from where to go on, in the source's own words (JSON, at most a few kB); None when it is
    what it was. `is_current` when what is told reaches up to now, or to a second ago at most.
    """

    subjects: Mapping[str, frozenset[SubjectId]] = field(default_factory=dict)
    moved: frozenset[str] = frozenset()
    untold: int = 0
    position: str | None = None
    is_current: bool = False

    @property
    def is_empty(self) -> bool:
        """Nobody has to be looked at."""
        return not (self.moved or self.untold or any(self.subjects.values()))


class Changes(Protocol):
    """The changes of a source, from a position on. For one thread at a time."""

    def take(self, patience: float) -> Batch:
        """What changed; waits up to about `patience` seconds for the first change, and not for more.

        Where no position was given, the first batch comes at once and says from where on changes are told.
        Raises `HistoryLostError` when what happened since the position can't be told any more, and
        `SourceError` when the source can't be asked; after either it is of no more use.
        """
        ...

    def kept(self, position: str) -> None:
        """Whoever follows goes on from this position, whatever happens: what was told before it is not needed
        again. Raises `SourceError`."""
        ...

    def close(self) -> None:
        """Lets go of what it holds; ends a `take` of another thread soon."""
        ...


@runtime_checkable
class Followable(Protocol):
    """A source that tells of changes as they happen."""

    def changes(self, pers: Collection[str], after: str | None) -> Changes:
        """The changes after a position; from now on, without one. `pers` are the fields that rules count for.

        Raises `SourceError` with the remedy when this source, set up as it is, can't tell of changes, and
        `HistoryLostError` when the position is too old or is none of this source's.
        """
        ...

    def check_changes(self, pers: Collection[str], *, fix: bool = False) -> Iterator[Check]:
        """Looks whether changes can be told, and what would be missed; `fix` sets up what is missing."""
        ...
