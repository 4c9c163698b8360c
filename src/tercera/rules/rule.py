"""A rule, as the configuration gave it and every stage reads it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from tercera.model import Counting, Finding, Level, Reason, RuleId, Tally
from tercera.rules.conditions import count
from tercera.rules.listener import Listener

SPEAKING = (Reason.OPENED, Reason.ESCALATED, Reason.RETRACTED)
"""The transitions that are told of when a rule does not say which."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What to count (`counting`), where the lines are (`levels`, lowest first), whom to tell (`notify`) of
    what (`on`, where a listener does not say), for how long after its end a window is still watched
    (`grace`), and which channels get a `statement` of each window when that has passed."""

    id: RuleId
    title: str
    counting: Counting
    levels: tuple[Level, ...]
    notify: tuple[Listener, ...]
    grace: timedelta
    on: tuple[Reason, ...] = SPEAKING
    statement: tuple[str, ...] = ()

    @property
    def floor(self) -> int:
        """The fewest matching orders that any level needs."""
        return self.levels[0].threshold

    @property
    def fingerprint(self) -> str:
        """Changes when the rule begins to mean something else; its title and channels do not count."""
        meaning = repr(
            (self.counting.when, self.counting.per, self.counting.within, self.counting.zone, self.levels)
        )
        return hashlib.sha256(meaning.encode()).hexdigest()[:16]

    def tells(self, reason: Reason, level: str | None) -> bool:
        """Whether anybody could hear of a step with this reason, to this level."""
        return any(listener.hears(reason, level, self.on) for listener in self.notify)

    def rank(self, level: str | None) -> int:
        """How high a level stands: 0 for none (or one that the rule no longer has), 1 for the lowest."""
        for place, each in enumerate(self.levels, 1):
            if each.name == level:
                return place
        return 0


def judge(rule: Rule, tally: Tally) -> Finding:
    """What the rule's condition says of a tally."""
    return count.judge(tally, rule.levels)
