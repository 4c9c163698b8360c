"""Messages that are held back: how many, letting them go, or putting them aside for good.

What was held is let go only as far as it is still true: an alert that was taken back, or moved on, while its
notice waited is not told of any more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, case, func, insert, select, update

from tercera.ledger.batches import batched
from tercera.ledger.codec import AnyRow
from tercera.ledger.numbers import draw, first_of_all
from tercera.ledger.people import decisions
from tercera.ledger.post.outbox import message_key
from tercera.ledger.tables import alerts, messages, notices, transitions
from tercera.messages import NoticeState
from tercera.model import RuleId
from tercera.telling.silences import Silences


@dataclass(frozen=True, slots=True)
class Held:
    """What waits of a rule: `alerts` of which `true` are as they were when their notices were held, the
    `notices` about them, and since when the first of them does."""

    rule: RuleId
    alerts: int
    true: int
    notices: int
    since: datetime


def held(connection: Connection) -> list[Held]:
    """What waits, by rule."""
    still = alerts.c.level.is_not_distinct_from(transitions.c.level)
    query = (
        select(
            alerts.c.rule,
            func.count(alerts.c.id.distinct()).label("alerts"),
            func.count(case((still, alerts.c.id)).distinct()).label("true"),
            func.count().label("notices"),
            func.min(transitions.c.at).label("since"),
        )
        .select_from(messages)
        .join(notices, notices.c.message == messages.c.id)
        .join(transitions)
        .join(alerts, alerts.c.id == notices.c.alert)
        .where(messages.c.state == NoticeState.HELD.value)
        .group_by(alerts.c.rule)
        .order_by(alerts.c.rule)
    )
    return [
        Held(RuleId(row.rule), row.alerts, row.true, row.notices, row.since)
        for row in connection.execute(query)
    ]


def release(
    connection: Connection, rule: RuleId | None, now: datetime, *, decided_before: datetime | None = None
) -> Counter[NoticeState]:
    """Makes what is still true pending, due now, and discards the rest, with what was held since before a
    time. Gives notices by their new state.

    An alert that is at another level by now, or that somebody silenced, owes what nobody was told: the next
    sweep, or the first after the silence, tells what then holds.
    """
    first_of_all(connection)
    expired = 0
    if decided_before is not None:
        expired = discard(connection, rule, now, decided_before=decided_before)
    rows = connection.execute(_waiting(rule)).all()
    last = {_recipient(row): row.seq for row in rows}  # only the last of several is told
    true = [row for row in rows if row.level == row.stands and row.seq == last[_recipient(row)]]
    quiet = _quiet(connection, true, now)
    true = [row for row in true if row.alert not in quiet]
    _owe(connection, rows, {row.alert for row in true})
    _owe_the_end(connection, rows, {_recipient(row) for row in true})
    stale = {row.id for row in rows} - {row.id for row in true}
    going = {row.message for row in true}
    _set(connection, sorted({row.message for row in rows} - going), NoticeState.DISCARDED, now)
    _part(connection, [row for row in rows if row.id in stale and row.message in going], now)
    _set(connection, sorted(going), NoticeState.PENDING, now)
    told = sorted({row.alert for row in true if row.level is not None})
    for some in batched(told):
        connection.execute(update(alerts).where(alerts.c.id.in_(some)).values(spoken=True))
    return +Counter({NoticeState.PENDING: len(true), NoticeState.DISCARDED: len(stale) + expired})


def _quiet(connection: Connection, rows: Sequence[AnyRow], now: datetime) -> set[int]:
    """The alerts among the rows that a decision keeps quiet."""
    in_force = decisions.in_force(connection, now)
    silences = {rule: Silences(rule, in_force, now) for rule in {RuleId(row.rule) for row in rows}}
    return {row.alert for row in rows if silences[row.rule].quiet((row.subject, row.window))}


def _owe(connection: Connection, rows: Sequence[AnyRow], told: Collection[int]) -> None:
    """The standings of alerts that are not told of now remember what was told before anything was held."""
    first: dict[int, AnyRow] = {}
    for row in rows:
        first.setdefault(row.alert, row)
    for alert, row in first.items():
        if alert not in told and (row.stands is not None or row.level is None):
            owed: dict[str, Any] = {"peak": row.told if row.level is None or row.spoken else None}
            if row.level is None:
                owed["spoken"] = True
            connection.execute(update(alerts).where(alerts.c.id == alert).values(owed))


def _owe_the_end(
    connection: Connection, rows: Sequence[AnyRow], told: Collection[tuple[int, str, str, str]]
) -> None:
    """Whoever is not told now, and was to read that the alert is over, still believes in it: when it is over
    they read so, and they alone."""
    believed = sorted({row.alert for row in rows if row.level is None and _recipient(row) not in told})
    for some in batched(believed):
        connection.execute(update(alerts).where(alerts.c.id.in_(some)).values(spoken=True))


def discard(
    connection: Connection, rule: RuleId | None, now: datetime, *, decided_before: datetime | None = None
) -> int:
    """Puts what is held (or was, since before a time) aside for good. Gives how many notices."""
    first_of_all(connection)
    query = _waiting(rule)
    if decided_before is not None:
        query = query.where(transitions.c.at < decided_before)
    rows = connection.execute(query).all()
    _set(connection, sorted({row.message for row in rows}), NoticeState.DISCARDED, now)
    return len(rows)


def _waiting(rule: RuleId | None) -> Select[*tuple[Any, ...]]:
    """What is held, in the order in which it happened; `told` is the highest level that was told before."""
    earlier = transitions.alias()
    query = (
        select(
            notices.c.id,
            notices.c.message,
            notices.c.alert,
            notices.c.seq,
            notices.c.kind,
            notices.c.channel,
            notices.c.recipient,
            transitions.c.level,
            earlier.c.peak.label("told"),
            alerts.c.rule,
            alerts.c.subject,
            alerts.c.window,
            alerts.c.spoken,
            alerts.c.level.label("stands"),
        )
        .select_from(notices)
        .join(messages, messages.c.id == notices.c.message)
        .join(transitions)
        .join(alerts, alerts.c.id == notices.c.alert)
        .outerjoin(earlier, (earlier.c.alert == notices.c.alert) & (earlier.c.seq == notices.c.seq - 1))
        .where(messages.c.state == NoticeState.HELD.value)
        .order_by(notices.c.alert, notices.c.seq)
    )
    return query if rule is None else query.where(alerts.c.rule == rule)


def _recipient(row: AnyRow) -> tuple[int, str, str, str]:
    return row.alert, row.kind, row.channel, row.recipient


def _part(connection: Connection, stale: Sequence[AnyRow], now: datetime) -> None:
    """Takes notices out of digests that go: each such digest leaves a discarded one with what was in it."""
    parted: dict[int, list[int]] = defaultdict(list)
    for row in stale:
        parted[row.message].append(row.id)
    first = draw(connection, messages=len(parted)).message
    for number, (message, ids) in enumerate(parted.items(), first):
        whole = connection.execute(select(messages).where(messages.c.id == message)).one()._asdict()
        discarded = {
            "id": number,
            "key": message_key(whole["key"], "discarded"),
            "notices": len(ids),
            "state": NoticeState.DISCARDED.value,
            "due_at": now,
        }
        connection.execute(insert(messages).values(whole | discarded))
        for some in batched(ids):
            connection.execute(update(notices).where(notices.c.id.in_(some)).values(message=number))
        left = {"notices": whole["notices"] - len(ids)}
        connection.execute(update(messages).where(messages.c.id == message).values(left))


def _set(connection: Connection, ids: Sequence[int], state: NoticeState, now: datetime) -> None:
    for some in batched(ids):
        connection.execute(
            update(messages).where(messages.c.id.in_(some)).values(state=state.value, due_at=now)
        )
