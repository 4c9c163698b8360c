"""What people decide about alerts: silence a customer or a rule for a time, snooze or dismiss one alert,
acknowledge it. Pure: the ledger keeps decisions, the cycle asks here whether one of them keeps a pair quiet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tercera.model import Pair, Quiet, RuleId, SubjectId, WindowId


class DecisionKind(StrEnum):
    """What was decided."""

    SILENCE = "silence"  # nothing is told about what it names, until it ends
    SNOOZE = "snooze"  # the same for one alert
    DISMISS = "dismiss"  # one alert is no problem: nothing more is told about it
    ACKNOWLEDGE = "acknowledge"  # somebody looks after it; changes nothing of what is told


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision, with who took it and why. What is None is not restricted: a silence of a rule names no
    subject. It ends at `until`, or when somebody ended it (`ended_at`), whichever comes first."""

    kind: DecisionKind
    rule: RuleId | None
    subject: SubjectId | None
    window: WindowId | None
    until: datetime | None
    author: str
    reason: str
    at: datetime
    ended_at: datetime | None = None
    id: int = 0
    alert: int | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.ended_at is None and (self.until is None or now < self.until)

    def is_about(self, rule: RuleId, pair: Pair) -> bool:
        """Whether it names this pair of this rule."""
        return all(
            wanted is None or wanted == actual
            for wanted, actual in ((self.rule, rule), (self.subject, pair[0]), (self.window, pair[1]))
        )


class Silences:
    """The decisions in force that keep pairs of a rule quiet, ready to be asked about many pairs."""

    def __init__(self, rule: RuleId, decisions: Iterable[Decision], now: datetime) -> None:
        quieting = [
            each
            for each in decisions
            if each.holds(now)
            and each.kind is not DecisionKind.ACKNOWLEDGE
            and (each.rule is None or each.rule == rule)
        ]
        self._rule = rule
        self._general = [each for each in quieting if each.subject is None]
        self._by_subject: dict[SubjectId, list[Decision]] = {}
        for each in quieting:
            if each.subject is not None:
                self._by_subject.setdefault(each.subject, []).append(each)

    def quiet(self, pair: Pair) -> Quiet | None:
        """Whether something keeps the pair quiet, and for how long."""
        found = [
            each
            for each in (*self._general, *self._by_subject.get(pair[0], ()))
            if each.is_about(self._rule, pair)
        ]
        if not found:
            return None
        dismissed = any(each.kind is DecisionKind.DISMISS for each in found)
        return Quiet.FOR_GOOD if dismissed else Quiet.FOR_NOW
