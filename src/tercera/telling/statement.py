"""The statement of a window that is over for good: when it is due, and what it holds. Pure.

A window is over for good when its grace has passed: nothing about it can change any more. Its statement is
made once, in the transaction that moves the rule's cursor past that moment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tercera.model import RejectCount, RejectReason, RuleId, SubjectId, Survey
from tercera.rules import Rule
from tercera.telling.watch import RESERVED
from tercera.windows import Window, window_of, window_of_day

STATEMENTS = RuleId(f"{RESERVED}month-close")
"""The rule id of statements; their subject is the rule that they are about."""

TOP = 5
"""Subjects that a statement names: those with the most orders."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One subject at the end: how many orders matched, and the level that holds."""

    subject: SubjectId
    matched: int
    level: str


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """A window as the ledger has it: how many alerts there ever were and how many were told of; by level how
    many stand at the end and how many had it as their highest; how often each transition happened."""

    alerts: int = 0
    told: int = 0
    final: Mapping[str, int] | None = None
    peak: Mapping[str, int] | None = None
    transitions: Mapping[str, int] | None = None
    top: Sequence[Ranked] = ()

    @property
    def standing(self) -> int:
        """Alerts at a level at the end."""
        return sum((self.final or {}).values())


def due_windows(rule: Rule, since: datetime | None, now: datetime) -> list[Window]:
    """The windows that were over for good between the last sweep and now, earliest first. None before the
    first sweep: what was over then was never watched."""
    if not rule.statement or since is None:
        return []
    counting = rule.counting
    window = window_of(since - rule.grace - _DAY, counting.within, counting.zone)
    due = []
    while (ends := window.ends_at(counting.zone) + rule.grace) <= now:
        if ends > since:
            due.append(window)
        window = window.following()
    return due


def previous(window: Window) -> Window:
    """The window before."""
    return window_of_day(window.start - _DAY, window.period)


def statement_text(
    rule: Rule, window: Window, figures: WindowFigures, before: WindowFigures, survey: Survey, now: datetime
) -> str:
    """The statement as a notice carries it: JSON, whose keys docs/howto/month-close.md explains."""
    final, peak, final_before = figures.final or {}, figures.peak or {}, before.final or {}
    rejected = sum(count.rows for count in survey.rejects.values())
    told: dict[str, Any] = {
        "rule": rule.id,
        "title": rule.title,
        "per": rule.counting.per,
        "standing": figures.standing,
        "before": {"window": previous(window).id, "standing": before.standing, "alerts": before.alerts},
        "alerts": figures.alerts,
        "told": figures.told,
        "levels": [
            {
                "name": level.name,
                "threshold": level.threshold,
                "final": final.get(level.name, 0),
                "peak": peak.get(level.name, 0),
                "before": final_before.get(level.name, 0),
            }
            for level in rule.levels
        ],
        "transitions": dict(figures.transitions or {}),
        "top": [[each.subject, each.matched, each.level] for each in figures.top],
        "rows": survey.rows,
        "rejected": rejected,
        "could_have_counted": sum(count.matching for count in survey.rejects.values()),
        "rejects": _reasons(survey.rejects),
        "checked_through": now.isoformat(),
    }
    return json.dumps(told, separators=(",", ":"))


def sentence(rule: Rule, window: Window, figures: WindowFigures, before: WindowFigures) -> str:
    """The same in one English line, for lists and logs."""
    return (
        f"{rule.id} in {window.id}: {figures.standing:,} stand at a level, {before.standing:,} the "
        f"{window.period} before; {figures.alerts:,} alerts in all"
    )


def _reasons(rejects: Mapping[RejectReason, RejectCount]) -> dict[str, int]:
    return {
        reason.value: count.rows for reason, count in sorted(rejects.items(), key=lambda one: -one[1].rows)
    }
