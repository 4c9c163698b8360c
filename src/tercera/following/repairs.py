"""What a sweep had to repair: what it found moved and the source's changes never mentioned. Pure.

A sweep reads orders at one moment, the changes tell of them at another. So its findings are judged later:
when the changes have been read past the end of the sweep, whoever was still waiting as it began, or was
mentioned since, was no news to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from tercera.model import RuleId, SubjectId
from tercera.tally.changes import Batch

SETTLED = 2.0
"""Seconds after the end of a sweep from which on changes that are told reach past it: twice of what a source
that is current may be behind."""


@dataclass
class Trial:
    """Of one sweep. `mentioned` are those whom changes have told of, by rule."""

    pers: Mapping[RuleId, str]
    mentioned: dict[RuleId, set[SubjectId]]
    unsure: bool = False
    """Orders moved from nobody knows whom: anybody's count may have fallen."""

    found: dict[RuleId, set[SubjectId]] = field(default_factory=dict)
    ended: float | None = None

    def note(self, batch: Batch) -> None:
        """What changes tell meanwhile."""
        for rule, per in self.pers.items():
            self.mentioned[rule] |= batch.subjects.get(per, frozenset())
        self.unsure = self.unsure or bool(batch.moved or batch.untold)

    def end(self, found: Mapping[RuleId, Iterable[SubjectId]], now: float) -> None:
        """The sweep is over, and these moved."""
        self.found = {rule: set(subjects) for rule, subjects in found.items()}
        self.ended = now

    def verdict(self, batch: Batch, now: float) -> dict[RuleId, set[SubjectId]] | None:
        """Who was repaired; None while it can't be told. Whose count may have fallen without a word counts as
        mentioned."""
        if self.ended is None or not batch.is_current or now < self.ended + SETTLED:
            return None
        if self.unsure:
            return {}
        repaired = {rule: found - self.mentioned[rule] for rule, found in self.found.items()}
        return {rule: subjects for rule, subjects in repaired.items() if subjects}


def begun(pers: Mapping[RuleId, str], waiting: Mapping[RuleId, Collection[SubjectId]]) -> Trial:
    """Of a sweep that begins now, while these wait to be looked at."""
    return Trial(pers, {rule: set(waiting.get(rule, ())) for rule in pers})
