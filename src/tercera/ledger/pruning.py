"""Forgetting alerts that are long over, with everything about them: steps, notices, receipts, decisions.

Nothing that is open, waits to be sent or is held back is forgotten; which windows are over for good is for
`tercera.acts.retention` to say. A message goes with the last of its notices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import add
from typing import Self

from sqlalchemy import Column, Connection, bindparam, delete, func, literal, select, update

from tercera.ledger.numbers import first_of_all
from tercera.ledger.tables import alerts, decisions, messages, notices, receipts, transitions
from tercera.messages import NoticeState
from tercera.model import RuleId, State, WindowId

BATCH = 500
"""Alerts in one transaction: others who write wait no longer than for these."""

_WAITING = [NoticeState.PENDING.value, NoticeState.HELD.value]
_ABOUT = {"transitions": transitions.c.alert, "notices": notices.c.alert, "decisions": decisions.c.alert}


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much of each was forgotten. A dry run does not count messages and receipts: a message may carry
    notices about alerts that stay."""

    alerts: int = 0
    transitions: int = 0
    notices: int = 0
    decisions: int = 0
    messages: int = 0
    receipts: int = 0

    def __add__(self, other: Self) -> Pruned:
        pairs = (
            (getattr(self, name), getattr(other, name))
            for name in ("alerts", "transitions", "notices", "decisions", "messages", "receipts")
        )
        return Pruned(*(add(*pair) for pair in pairs))


def windows_with_alerts(connection: Connection) -> dict[RuleId, list[WindowId]]:
    """Where each rule has alerts that are not open."""
    query = (
        select(alerts.c.rule, alerts.c.window)
        .where(alerts.c.state != State.OPEN.value)
        .distinct()
        .order_by(alerts.c.rule, alerts.c.window)
    )
    found: dict[RuleId, list[WindowId]] = {}
    for row in connection.execute(query):
        found.setdefault(RuleId(row.rule), []).append(row.window)
    return found


def prunable(
    connection: Connection,
    rule: RuleId,
    windows: Sequence[WindowId],
    states: Collection[State],
    before: datetime,
    after: int,
) -> list[int]:
    """The next alerts of these windows, by id, that have not moved since `before` and of which nothing is
    still to be sent."""
    waits = (
        select(literal(1))
        .select_from(notices.join(messages, messages.c.id == notices.c.message))
        .where(notices.c.alert == alerts.c.id, messages.c.state.in_(_WAITING))
        .correlate(alerts)
    )
    query = (
        select(alerts.c.id)
        .where(alerts.c.rule == rule, alerts.c.state.in_([state.value for state in states]))
        .where(alerts.c.window.in_(windows), alerts.c.changed_at < before, alerts.c.id > after)
        .where(~waits.exists())
        .order_by(alerts.c.id)
        .limit(BATCH)
    )
    return list(connection.execute(query).scalars())


def count(connection: Connection, ids: Sequence[int]) -> Pruned:
    """What there is about these alerts."""
    return Pruned(
        alerts=len(ids),
        **{
            name: connection.execute(select(func.count()).where(alert.in_(ids))).scalar_one()
            for name, alert in _ABOUT.items()
        },
    )


def forget(connection: Connection, ids: Sequence[int]) -> Pruned:
    """These alerts and everything about them. Inside the transaction that found them."""
    carried = Counter(connection.execute(select(notices.c.message).where(notices.c.alert.in_(ids))).scalars())
    gone = {name: _delete(connection, alert, ids) for name, alert in reversed(_ABOUT.items())}
    left = set(
        connection.execute(
            select(notices.c.message).where(notices.c.message.in_(list(carried))).distinct()
        ).scalars()
    )
    empty = [message for message in carried if message not in left]
    receipts_gone = _delete(connection, receipts.c.message, empty)
    messages_gone = _delete(connection, messages.c.id, empty)
    if left:
        fewer = (
            update(messages)
            .where(messages.c.id == bindparam("message"))
            .values(notices=messages.c.notices - bindparam("gone"))
        )
        connection.execute(fewer, [{"message": each, "gone": carried[each]} for each in sorted(left)])
    return Pruned(
        alerts=_delete(connection, alerts.c.id, ids), messages=messages_gone, receipts=receipts_gone, **gone
    )


def prune_some(
    connection: Connection,
    rule: RuleId,
    windows: Sequence[WindowId],
    states: Collection[State],
    before: datetime,
    after: int,
    *,
    dry_run: bool,
) -> tuple[Pruned, int | None]:
    """One transaction's worth, of alerts whose id is greater than `after`; also gives the last id, None when
    there are no more."""
    if not dry_run:
        first_of_all(connection)
    ids = prunable(connection, rule, windows, states, before, after)
    if not ids:
        return Pruned(), None
    return (count if dry_run else forget)(connection, ids), ids[-1]


def _delete(connection: Connection, column: Column[int], ids: Sequence[int]) -> int:
    return connection.execute(delete(column.table).where(column.in_(ids))).rowcount if ids else 0
