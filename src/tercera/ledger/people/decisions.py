"""Decisions of people: silences, and what was decided about single alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, and_, or_, select, update

from tercera.errors import NotFoundError
from tercera.ledger.codec import AnyRow
from tercera.ledger.tables import decisions
from tercera.model import RuleId, SubjectId, WindowId
from tercera.telling.silences import Decision, DecisionKind


def end(connection: Connection, decision: int, now: datetime) -> Decision:
    """Ends a decision before its time. NotFoundError when there is none with this id that holds."""
    found = connection.execute(select(decisions).where(decisions.c.id == decision)).one_or_none()
    if found is None or not read_decision(found).holds(now):
        raise NotFoundError(
            f"there is no silence {decision} in force; `tercera silence list` shows them"
        ).said_as("no_decision", id=decision)
    connection.execute(update(decisions).where(decisions.c.id == decision).values(ended_at=now))
    return replace(read_decision(found), ended_at=now)


def in_force(connection: Connection, now: datetime) -> list[Decision]:
    """Every decision that holds, the oldest first."""
    query = select(decisions).where(decisions.c.ended_at.is_(None)).order_by(decisions.c.id)
    return [each for each in map(read_decision, connection.execute(query)) if each.holds(now)]


def quieting(
    connection: Connection, now: datetime, *, over: bool, before: int | None, limit: int
) -> list[Decision]:
    """What keeps, or kept, something quiet: the newest first, of ids less than `before`."""
    ended = or_(decisions.c.ended_at.is_not(None), decisions.c.until <= now)
    holds = and_(decisions.c.ended_at.is_(None), or_(decisions.c.until.is_(None), decisions.c.until > now))
    query = select(decisions).where(
        decisions.c.kind != DecisionKind.ACKNOWLEDGE.value, ended if over else holds
    )
    if before is not None:
        query = query.where(decisions.c.id < before)
    return [
        read_decision(row) for row in connection.execute(query.order_by(decisions.c.id.desc()).limit(limit))
    ]


def decisions_of(connection: Connection, alert: int) -> list[Decision]:
    """What was decided about one alert, the oldest first."""
    query = select(decisions).where(decisions.c.alert == alert).order_by(decisions.c.id)
    return [read_decision(row) for row in connection.execute(query)]


def decisions_about(connection: Connection, subject: SubjectId, limit: int) -> list[Decision]:
    """What was decided about a customer or their alerts, the newest first, also what is over."""
    query = select(decisions).where(decisions.c.subject == subject).order_by(decisions.c.id.desc())
    return [read_decision(row) for row in connection.execute(query.limit(limit))]


def read_decision(row: AnyRow) -> Decision:
    """A row of the table."""
    return Decision(
        kind=DecisionKind(row.kind),
        rule=RuleId(row.rule) if row.rule is not None else None,
        subject=SubjectId(row.subject) if row.subject is not None else None,
        window=WindowId(row.window) if row.window is not None else None,
        until=row.until,
        author=row.author,
        reason=row.reason,
        at=row.at,
        ended_at=row.ended_at,
        id=row.id,
        alert=row.alert,
    )
