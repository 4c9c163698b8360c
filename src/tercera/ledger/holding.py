"""Messages that are held back: how many, letting them go, or putting them aside for good.

What was held is let go only as far as it is still true: an alert that was taken back, or moved on, while its
notice waited is not told of any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from tercera.ledger.batches import batched
from tercera.ledger.tables import alerts, messages, notices, transitions
from tercera.messages import NoticeState
from tercera.model import RuleId


def held(connection: Connection) -> dict[RuleId, int]:
    """Notices that wait, by rule."""
    query = (
        select(alerts.c.rule, func.count().label("rows"))
        .select_from(messages.join(notices, notices.c.message == messages.c.id))
        .join(alerts, alerts.c.id == notices.c.alert)
        .where(messages.c.state == NoticeState.HELD.value)
        .group_by(alerts.c.rule)
    )
    return {RuleId(row.rule): row.rows for row in connection.execute(query)}


def release(connection: Connection, rule: RuleId | None, now: datetime) -> Counter[NoticeState]:
    """Makes what is still true pending, due now, and discards the rest. Gives notices by their new state."""
    rows = connection.execute(_waiting(rule)).all()
    true = {row.message for row in rows if row.level == row.stands}
    going = [row for row in rows if row.message in true]
    _set(connection, sorted(true), NoticeState.PENDING, now)
    _set(connection, sorted({row.message for row in rows} - true), NoticeState.DISCARDED, now)
    told = sorted({row.alert for row in going if row.level is not None})
    for some in batched(told):
        connection.execute(update(alerts).where(alerts.c.id.in_(some)).values(spoken=True))
    return Counter({NoticeState.PENDING: len(going), NoticeState.DISCARDED: len(rows) - len(going)})


def discard(
    connection: Connection, rule: RuleId | None, now: datetime, *, decided_before: datetime | None = None
) -> int:
    """Puts what is held (or was, since before a time) aside for good. Gives how many notices."""
    query = _waiting(rule)
    if decided_before is not None:
        query = query.where(transitions.c.at < decided_before)
    rows = connection.execute(query).all()
    _set(connection, sorted({row.message for row in rows}), NoticeState.DISCARDED, now)
    return len(rows)


def _waiting(rule: RuleId | None) -> Select[*tuple[Any, ...]]:
    query = (
        select(
            notices.c.message,
            notices.c.alert,
            transitions.c.level,
            alerts.c.level.label("stands"),
        )
        .select_from(notices)
        .join(messages, messages.c.id == notices.c.message)
        .join(transitions)
        .join(alerts, alerts.c.id == notices.c.alert)
        .where(messages.c.state == NoticeState.HELD.value)
    )
    return query if rule is None else query.where(alerts.c.rule == rule)


def _set(connection: Connection, ids: Sequence[int], state: NoticeState, now: datetime) -> None:
    for some in batched(ids):
        connection.execute(
            update(messages).where(messages.c.id.in_(some)).values(state=state.value, due_at=now)
        )
