"""What people decide about alerts: silence a customer or a rule for a time, snooze or dismiss one alert,
acknowledge it. Pure: the ledger keeps decisions, the cycle asks here whether one of them keeps a pair quiet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
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


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of somebody's decision. It stands as `decision`: theirs, or with `is_new` false what had been
    said before them, by whom and when it says. `replaced` are the snoozes that theirs took the place of."""

    decision: Decision
    is_new: bool = True
    replaced: tuple[Decision, ...] = ()


def weighed(asked: Decision, holding: Iterable[Decision]) -> Decided:
    """What a decision about an alert is, beside those about the same alert that hold, the oldest first.

    Who looks after it, and that it is no problem, is said once: whoever says it again learns who did. A
    snooze that ends later takes the place of the one before; one that ends no later says nothing new.
    """
    alike = [each for each in holding if each.kind is asked.kind]
    if asked.kind is DecisionKind.SNOOZE:
        longer = [each for each in alike if not _ends_before(each, asked)]
        return Decided(longer[0], is_new=False) if longer else Decided(asked, replaced=tuple(alike))
    return Decided(alike[0], is_new=False) if alike else Decided(asked)


_NO_LATER = timedelta(minutes=1)
"""A form that asks for a week and is sent twice asks for a few seconds more the second time: nothing new."""


def _ends_before(one: Decision, other: Decision) -> bool:
    return one.until is not None and (other.until is None or other.until - one.until > _NO_LATER)


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
