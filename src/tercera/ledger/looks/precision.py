"""How often a rule was right, as people said: which of the alerts that they answered they did not dismiss."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from tercera.ledger.tables import decisions
from tercera.model import RuleId
from tercera.telling.silences import DecisionKind

_ANSWERS = (DecisionKind.ACKNOWLEDGE.value, DecisionKind.DISMISS.value)


@dataclass(frozen=True, slots=True)
class Precision:
    """Alerts that somebody acknowledged, and those that were dismissed as no problem. One with both counts as
    dismissed; a dismissal that was ended does not count."""

    acknowledged: int
    dismissed: int

    @property
    def answered(self) -> int:
        """Alerts that anybody said anything about."""
        return self.acknowledged + self.dismissed


def precision_by_rule(connection: Connection) -> dict[RuleId, Precision]:
    """Of every rule whose alerts anybody answered."""
    dismissed = func.max(case((decisions.c.kind == DecisionKind.DISMISS.value, 1), else_=0))
    answers = (
        select(decisions.c.rule, decisions.c.alert, dismissed.label("dismissed"))
        .where(decisions.c.alert.is_not(None), decisions.c.kind.in_(_ANSWERS), decisions.c.ended_at.is_(None))
        .group_by(decisions.c.rule, decisions.c.alert)
        .subquery()
    )
    query = select(
        answers.c.rule, func.count().label("alerts"), func.sum(answers.c.dismissed).label("dismissed")
    ).group_by(answers.c.rule)
    return {
        RuleId(row.rule): Precision(row.alerts - int(row.dismissed), int(row.dismissed))
        for row in connection.execute(query)
        if row.rule is not None
    }
