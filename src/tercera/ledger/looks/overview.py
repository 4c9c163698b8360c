"""What stands, at a glance: how many alerts are open, what moved today, what each window brought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from tercera.ledger.batches import batched
from tercera.ledger.tables import alerts, messages, transitions
from tercera.messages import NoticeState
from tercera.model import Muted, Reason, RuleId, State, SubjectId, WindowId
from tercera.telling.watch import RESERVED


@dataclass(frozen=True, slots=True)
class WindowSum:
    """The alerts of one or several rules in a window, by the level that they are at (None: taken back); the
    customers whom they are about, and the matching orders behind them."""

    window: WindowId
    alerts: Mapping[tuple[RuleId, str | None], int]
    customers: int
    matched: int

    @property
    def total(self) -> int:
        """How many alerts."""
        return sum(self.alerts.values())


@dataclass(frozen=True, slots=True)
class Move:
    """A transition in a list."""

    alert: int
    rule: RuleId
    subject: SubjectId
    window: WindowId
    at: datetime
    reason: Reason
    before: str | None
    level: str | None
    matched: int
    told: bool
    muted: Muted | None


_of_people = alerts.c.rule.not_like(f"{RESERVED}%")
"""Not Tercera's own."""


def open_by_level(connection: Connection) -> dict[tuple[RuleId, str | None], int]:
    """How many alerts are open, by rule and level."""
    query = (
        select(alerts.c.rule, alerts.c.level, func.count().label("alerts"))
        .where(alerts.c.state == State.OPEN.value, _of_people)
        .group_by(alerts.c.rule, alerts.c.level)
    )
    return {(RuleId(row.rule), row.level): row.alerts for row in connection.execute(query)}


def notices_by_state(connection: Connection) -> dict[NoticeState, int]:
    """How many notices there are."""
    query = select(messages.c.state, func.sum(messages.c.notices).label("notices")).group_by(messages.c.state)
    return {NoticeState(row.state): int(row.notices) for row in connection.execute(query)}


def moved_since(connection: Connection, since: datetime) -> dict[Reason, int]:
    """How many transitions there were, by their reason. Whatever moved since then has moved last since then,
    which an index tells."""
    query = _moves(func.count().label("moves")).where(alerts.c.changed_at >= since, transitions.c.at >= since)
    query = query.add_columns(transitions.c.reason).group_by(transitions.c.reason)
    return {Reason(row.reason): row.moves for row in connection.execute(query)}


def last_moves(connection: Connection, limit: int) -> list[Move]:
    """The last transition of the alerts that moved last, the latest first."""
    query = (
        _moves(transitions, alerts.c.rule, alerts.c.subject, alerts.c.window)
        .where(transitions.c.seq == alerts.c.transitions)
        .order_by(alerts.c.changed_at.desc(), alerts.c.id.desc())
        .limit(limit)
    )
    return [
        Move(
            alert=row.alert,
            rule=RuleId(row.rule),
            subject=SubjectId(row.subject),
            window=WindowId(row.window),
            at=row.at,
            reason=Reason(row.reason),
            before=row.before,
            level=row.level,
            matched=row.matched,
            told=row.speaks,
            muted=Muted(row.muted) if row.muted else None,
        )
        for row in connection.execute(query)
    ]


def window_sums(
    connection: Connection, rules: Collection[RuleId], windows: Sequence[WindowId]
) -> list[WindowSum]:
    """What these windows brought for these rules together; windows without alerts are in it, too."""
    levels: dict[str, dict[tuple[RuleId, str | None], int]] = defaultdict(dict)
    totals: dict[str, tuple[int, int]] = {}
    for some in batched(windows):
        which = and_(alerts.c.rule.in_(sorted(rules)), alerts.c.window.in_(some))
        by_level = select(alerts.c.rule, alerts.c.window, alerts.c.level, func.count().label("alerts"))
        by_level = by_level.where(which).group_by(alerts.c.rule, alerts.c.window, alerts.c.level)
        for row in connection.execute(by_level):
            levels[row.window][RuleId(row.rule), row.level] = row.alerts
        sums = select(
            alerts.c.window,
            func.count(alerts.c.subject.distinct()).label("customers"),
            func.sum(alerts.c.matched).label("matched"),
        )
        for row in connection.execute(sums.where(which).group_by(alerts.c.window)):
            totals[row.window] = row.customers, int(row.matched)
    return [WindowSum(each, levels.get(each, {}), *totals.get(each, (0, 0))) for each in windows]


def _moves(*columns: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(*columns)
        .select_from(alerts)
        .join(transitions, transitions.c.alert == alerts.c.id)
        .where(_of_people)
    )


def standings(connection: Connection) -> dict[tuple[RuleId, str | None, State], int]:
    """How many alerts there are, by rule, level and state."""
    query = select(alerts.c.rule, alerts.c.level, alerts.c.state, func.count().label("alerts"))
    rows = connection.execute(query.group_by(alerts.c.rule, alerts.c.state, alerts.c.level))
    return {(RuleId(row.rule), row.level, State(row.state)): row.alerts for row in rows}


def notices_by_channel(connection: Connection) -> dict[tuple[str, NoticeState], int]:
    """How many notices there are, by channel and state."""
    query = select(messages.c.channel, messages.c.state, func.sum(messages.c.notices).label("notices"))
    rows = connection.execute(query.group_by(messages.c.channel, messages.c.state))
    return {(row.channel, NoticeState(row.state)): int(row.notices) for row in rows}


def oldest_due(connection: Connection) -> datetime | None:
    """When the message was due that waits longest."""
    query = select(func.min(messages.c.due_at)).where(messages.c.state == NoticeState.PENDING.value)
    found: datetime | None = connection.execute(query).scalar()
    return found
