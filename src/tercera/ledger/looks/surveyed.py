"""What runs read and could not judge, over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from tercera.ledger.tables import rejects, runs, surveys
from tercera.model import RejectReason, RuleId


@dataclass(frozen=True, slots=True)
class RunOfRule:
    """What a run read for a rule. `finished_at` is None while it goes on, and for ever when it was killed."""

    id: int
    kind: str
    started_at: datetime
    finished_at: datetime | None
    rows: int
    orders: int
    rejects: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """How many rows a run rejected for a reason, for a rule."""

    at: datetime
    rule: RuleId
    reason: RejectReason
    rows: int


def runs_of(connection: Connection, rule: RuleId, limit: int) -> list[RunOfRule]:
    """The last runs that swept a rule, the newest first."""
    refused = (
        select(func.coalesce(func.sum(rejects.c.rows), 0))
        .where(rejects.c.run == surveys.c.run, rejects.c.rule == surveys.c.rule)
        .scalar_subquery()
    )
    query = (
        select(runs, surveys.c.rows, surveys.c.orders, refused.label("rejects"))
        .join(surveys, surveys.c.run == runs.c.id)
        .where(surveys.c.rule == rule)
        .order_by(runs.c.id.desc())
        .limit(limit)
    )
    return [
        RunOfRule(
            row.id,
            row.kind,
            row.started_at,
            row.finished_at,
            row.rows,
            row.orders,
            int(row.rejects),
            row.error,
        )
        for row in connection.execute(query)
    ]


def rejected_over_time(connection: Connection) -> list[Rejected]:
    """Of every run that is remembered, the oldest first: at most some thousand runs."""
    query = (
        select(runs.c.started_at, rejects.c.rule, rejects.c.reason, rejects.c.rows)
        .join(runs, runs.c.id == rejects.c.run)
        .order_by(rejects.c.run)
    )
    return [
        Rejected(row.started_at, RuleId(row.rule), RejectReason(row.reason), row.rows)
        for row in connection.execute(query)
    ]


def surveyed_at(connection: Connection) -> list[datetime]:
    """When the runs began that read any orders, the oldest first."""
    query = select(runs.c.started_at).where(runs.c.id.in_(select(surveys.c.run))).order_by(runs.c.id)
    return list(connection.execute(query).scalars())
