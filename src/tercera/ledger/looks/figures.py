"""A window in numbers: for its statement."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from tercera.ledger.tables import alerts, transitions
from tercera.model import SubjectId, WindowId
from tercera.rules import Rule
from tercera.telling.statement import TOP, Ranked, WindowFigures


def window_figures(connection: Connection, rule: Rule, window: WindowId) -> WindowFigures:
    """What there is of a rule in a window."""
    mine = (alerts.c.rule == rule.id, alerts.c.window == window)
    standing = alerts.c.level.is_not(None)
    final = select(alerts.c.level, func.count()).where(*mine, standing).group_by(alerts.c.level)
    steps = select(transitions).join(alerts, alerts.c.id == transitions.c.alert).where(*mine).subquery()
    reasons = select(steps.c.reason, func.count()).group_by(steps.c.reason)
    told = select(func.count(steps.c.alert.distinct())).where(steps.c.speaks)
    top = (
        select(alerts.c.subject, alerts.c.matched, alerts.c.level)
        .where(*mine, standing)
        .order_by(alerts.c.matched.desc(), alerts.c.subject)
        .limit(TOP)
    )
    return WindowFigures(
        alerts=connection.execute(select(func.count()).select_from(alerts).where(*mine)).scalar_one(),
        told=connection.execute(told).scalar_one(),
        final=_counts(connection, final),
        peak=_peaks(connection, rule, steps),
        transitions=_counts(connection, reasons),
        top=[Ranked(SubjectId(row.subject), row.matched, row.level) for row in connection.execute(top)],
    )


def _peaks(connection: Connection, rule: Rule, steps: Any) -> dict[str, int]:
    """How many alerts had each level as their highest."""
    ranks = {level.name: rank for rank, level in enumerate(rule.levels, 1)}
    rank = func.max(case(ranks, value=steps.c.level, else_=0)).label("rank")
    highest = select(rank).group_by(steps.c.alert).subquery()
    names = {rank: name for name, rank in ranks.items()}
    found = _counts(connection, select(highest.c.rank, func.count()).group_by(highest.c.rank))
    return {names[rank]: count for rank, count in found.items() if rank in names}


def _counts(connection: Connection, query: Select[*tuple[Any, ...]]) -> dict[Any, int]:
    return {row[0]: int(row[1]) for row in connection.execute(query)}
