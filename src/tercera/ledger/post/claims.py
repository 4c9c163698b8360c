"""Which messages are to be sent now, each given to one sender.

Messages about one alert to one recipient keep their order: none is claimed while an earlier one is pending,
so that nobody reads of the retraction before the alert.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, literal, select, update

from tercera.ledger import codec
from tercera.ledger.batches import batched
from tercera.ledger.codec import AnyRow
from tercera.ledger.instances.instance import Instance, is_free
from tercera.ledger.post import settling
from tercera.ledger.tables import alerts, messages, notices, transitions
from tercera.messages import Message, Notice, NoticeKind, NoticeState, Problem
from tercera.model import Period, Reason, RuleId, SubjectId, WindowId

# Made once: they run for every few messages, and an alias is made of all columns of its table.
_OWN, _PAST, _BEFORE = notices.alias("own"), notices.alias("past"), messages.alias("before")


def claim(
    connection: Connection,
    instance: Instance,
    now: datetime,
    limit: int,
    without: Collection[str] = (),
    *,
    channel: str | None = None,
    beside: str | None = None,
) -> list[Message]:
    """Up to `limit` messages that are due, oldest first, none of them of the channels in `without`; with
    `channel` of that one alone, with `beside` to another recipient than this.

    One that can't be read is given up, with a receipt that says why: it must not keep the others here.
    """
    due = and_(messages.c.due_at <= now, messages.c.channel.not_in(sorted(without)))
    query = (
        select(messages)
        .where(_waiting(instance), due, ~_blocked())
        .order_by(messages.c.due_at, messages.c.id)
        .limit(limit)
        .with_for_update(of=messages, skip_locked=True)  # SQLite has one writer, and leaves it out
    )
    if channel is not None:
        query = query.where(messages.c.channel == channel)
    if beside is not None:
        query = query.where(messages.c.recipient != beside)
    rows = connection.execute(query).all()
    # Only now that the rows are locked it is certain whose they are: the query saw leases as they were when
    # it began, and an instance that came to life meanwhile may have claimed, and let go of the lock, since.
    claimed = update(messages).where(is_free(instance)).values(claimed_at=now, claimed_by=instance.name)
    ours: set[int] = set()
    for some in batched(row.id for row in rows):
        ours |= set(connection.scalars(claimed.where(messages.c.id.in_(some)).returning(messages.c.id)))
    return _read(connection, instance, [row for row in rows if row.id in ours], now)


def next_due(
    connection: Connection, instance: Instance, now: datetime, without: Collection[str] = ()
) -> datetime | None:
    """When the next message can be claimed, of other channels than those in `without`: `now` when one can be
    already, None when none is waiting."""
    query = (
        select(messages.c.due_at)
        .where(_waiting(instance), messages.c.channel.not_in(sorted(without)), ~_blocked())
        .order_by(messages.c.due_at, messages.c.id)
        .limit(1)
    )
    due_at: datetime | None = connection.execute(query).scalar_one_or_none()
    return None if due_at is None else max(due_at, now)


def release_claims(connection: Connection, instance: Instance) -> None:
    """What this instance has claimed and not settled can be claimed again. The one instance of a SQLite
    ledger also frees what the one before it had."""
    claimed = and_(messages.c.state == NoticeState.PENDING.value, messages.c.claimed_at.is_not(None))
    if instance.shared:
        claimed = and_(claimed, messages.c.claimed_by == instance.name)
    connection.execute(update(messages).where(claimed).values(claimed_at=None, claimed_by=None))


def _waiting(instance: Instance) -> ColumnElement[bool]:
    return and_(messages.c.state == NoticeState.PENDING.value, is_free(instance))


def _blocked() -> ColumnElement[bool]:
    """An earlier message about one of the same alerts to the same recipient is still pending. What the guard
    holds back only names alerts as examples: it does not wait for a digest of the morning."""
    own, past, before = _OWN, _PAST, _BEFORE
    # A subquery for the state, not a join: it keeps engines from starting at everything that is pending.
    state = select(before.c.state).where(before.c.id == past.c.message).correlate(past).scalar_subquery()
    return exists(
        select(literal(1))
        .select_from(own.join(past, _about_the_same(own.c, past.c)))
        .where(own.c.message == messages.c.id, state == NoticeState.PENDING.value)
        .where(own.c.kind != NoticeKind.HELD.value)
        .correlate(messages)
    )


def _about_the_same(own: Any, past: Any) -> ColumnElement[bool]:
    return and_(
        past.alert == own.alert,
        past.channel == own.channel,
        past.recipient == own.recipient,
        past.message < own.message,
    )


def _read(connection: Connection, instance: Instance, rows: Sequence[AnyRow], now: datetime) -> list[Message]:
    ids = [row.id for row in rows]
    told, unreadable = notices_of(connection, ids)
    unreadable |= {row.id: "it carries no notice" for row in rows if not told[row.id]}
    for message, why in unreadable.items():
        settling.give_up(connection, instance, message, f"can't be read from the ledger: {why}", now)
    threads = threads_of(connection, [row.id for row in rows if not row.digest])
    refused = settling.refused(connection, [row.id for row in rows if row.attempts])
    return [
        Message(
            key=row.key,
            channel=row.channel,
            recipient=row.recipient,
            language=row.language,
            for_customer=row.for_customer,
            digest=row.digest,
            notices=tuple(told[row.id]),
            thread=tuple(threads[row.id]),
            attempts=row.attempts,
            refused=refused.get(row.id, ()),
        )
        for row in rows
        if row.id not in unreadable
    ]


def notices_of(connection: Connection, ids: Sequence[int]) -> tuple[dict[int, list[Notice]], dict[int, str]]:
    """The notices of each message; for messages that hold one which can't be read, why."""
    told: dict[int, list[Notice]] = defaultdict(list)
    unreadable: dict[int, str] = {}
    for some in batched(ids):
        query = (
            select(
                transitions,
                alerts.c.rule, alerts.c.subject, alerts.c.window,
                notices.c.id, notices.c.message, notices.c.kind,
                notices.c.customer, notices.c.problem, notices.c.detail,
            )
            .select_from(notices)
            .join(transitions)
            .join(alerts, alerts.c.id == transitions.c.alert)
            .where(notices.c.message.in_(some))
            .order_by(notices.c.id)
        )  # fmt: skip
        for row in connection.execute(query):
            try:
                told[row.message].append(_notice(row))
            except (ValueError, TypeError, ArithmeticError) as error:
                unreadable[row.message] = f"notice {row.id}: {type(error).__name__}: {error}"
    return told, unreadable


def _notice(row: AnyRow) -> Notice:
    return Notice(
        id=row.id,
        kind=NoticeKind(row.kind),
        alert=row.alert,
        step=row.seq,
        rule=RuleId(row.rule),
        title=row.title,
        per=row.per,
        subject=SubjectId(row.subject),
        window=WindowId(row.window),
        period=Period(row.period),
        reason=Reason(row.reason),
        level=row.level,
        threshold=row.threshold,
        before=row.before,
        tally=codec.read_tally(row),
        at=row.at,
        customer=codec.read_customer(row.customer),
        currency=row.currency,
        levels=codec.read_levels(row.levels),
        problem=Problem(row.problem) if row.problem else None,
        detail=row.detail,
        doubtful=codec.read_doubts(row.doubtful),
    )


NEVER_SENT = [state.value for state in (NoticeState.UNDELIVERABLE, NoticeState.HELD, NoticeState.DISCARDED)]


def threads_of(connection: Connection, ids: Sequence[int]) -> dict[int, list[str]]:
    """The keys of what the same recipient was told before about the same alert, oldest first."""
    own, past = _OWN, _PAST
    threads: dict[int, list[str]] = defaultdict(list)
    for some in batched(ids):
        query = (
            select(own.c.message.label("later"), messages.c.id, messages.c.key)
            .select_from(own.join(past, _about_the_same(own.c, past.c)))
            .join(messages, messages.c.id == past.c.message)
            .where(own.c.message.in_(some), messages.c.state.not_in(NEVER_SENT))
            .distinct()
            .order_by(messages.c.id)
        )
        for row in connection.execute(query):
            threads[row.later].append(row.key)
    return threads
