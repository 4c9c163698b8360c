"""What became of a message that was tried: its new state, and a receipt with the other side's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from tercera.errors import LedgerError
from tercera.ledger import codec
from tercera.ledger.batches import batched
from tercera.ledger.codec import AnyRow
from tercera.ledger.outbox import NoticeKey, StepKey, enqueue, notice_key
from tercera.ledger.tables import messages, notices, receipts
from tercera.messages import Draft, NoticeState, Outcome


def settle(connection: Connection, identity: str, outcomes: Sequence[Outcome]) -> None:
    """Inside one transaction: states, receipts, and the notices that the outcomes call for."""
    if not outcomes:
        return
    tried = _tried(connection, outcomes)
    changed = connection.execute(
        update(messages)
        .where(
            messages.c.id == bindparam("message"),
            messages.c.attempts == bindparam("before"),
            messages.c.state == NoticeState.PENDING.value,
        )
        .values(claimed_at=None),
        [_state_row(outcome, tried[outcome.message_key]) for outcome in outcomes],
    )
    if changed.rowcount != len(outcomes):
        raise LedgerError("a message was settled twice, or by another process; nothing of this was written")
    connection.execute(
        insert(receipts), [_receipt_row(outcome, tried[outcome.message_key]) for outcome in outcomes]
    )
    for outcome in outcomes:
        add_notices(connection, identity, outcome.drafts, outcome.at)


def retry(connection: Connection, ids: Iterable[int] | None, now: datetime) -> int:
    """Makes dead messages pending again, due now. Gives how many notices they carry.

    `ids` are those of notices; a digest is tried again as the whole that it was. None means all.
    """
    revive = (
        update(messages)
        .where(messages.c.state == NoticeState.DEAD.value)
        .values(state=NoticeState.PENDING.value, due_at=now, claimed_at=None)
        .returning(messages.c.notices)
    )
    if ids is None:
        return sum(connection.execute(revive).scalars())
    return sum(
        count
        for some in batched(ids)
        for count in connection.execute(
            revive.where(messages.c.id.in_(select(notices.c.message).where(notices.c.id.in_(some))))
        ).scalars()
    )


def _tried(connection: Connection, outcomes: Sequence[Outcome]) -> dict[str, AnyRow]:
    found: dict[str, AnyRow] = {}
    for keys in batched(outcome.message_key for outcome in outcomes):
        query = select(messages.c.id, messages.c.key, messages.c.attempts, messages.c.due_at)
        found |= {row.key: row for row in connection.execute(query.where(messages.c.key.in_(keys)))}
    if missing := {outcome.message_key for outcome in outcomes} - found.keys():
        raise LedgerError(f"no message {min(missing)} is in this ledger; nothing of this was written")
    return found


def _state_row(outcome: Outcome, tried: AnyRow) -> dict[str, Any]:
    if (outcome.state is NoticeState.PENDING) != (outcome.due_at is not None):
        raise ValueError(f"{outcome.state} with due_at {outcome.due_at}: only what is tried again is due")
    return {
        "message": tried.id,
        "before": tried.attempts,
        "attempts": tried.attempts + 1,
        "state": outcome.state.value,
        "due_at": outcome.due_at or tried.due_at,
    }


def _receipt_row(outcome: Outcome, tried: AnyRow) -> dict[str, Any]:
    return {
        "message": tried.id,
        "attempt": tried.attempts + 1,
        "at": outcome.at,
        "state": outcome.state.value,
        "code": outcome.code,
        "words": codec.words_text(outcome.words),
    }


def add_notices(
    connection: Connection, identity: str, further: Sequence[tuple[int, Draft]], now: datetime
) -> int:
    """Further notices about the transitions that these notices (by id) are about; gives how many were new.

    What was noticed already is not noticed again: an address that is refused after a retry was told of the
    first time.
    """
    if not further:
        return 0
    steps = _steps(connection, {notice for notice, _ in further})
    drafts: list[tuple[StepKey, Draft]] = [(steps[notice], draft) for notice, draft in further]
    wanted = {notice_key(step, draft) for step, draft in drafts}
    there = _there(connection, {alert for (alert, _), _ in drafts}) & wanted
    enqueue(connection, identity, drafts, now, frozenset(there))
    return len(wanted - there)


def _steps(connection: Connection, ids: Iterable[int]) -> dict[int, StepKey]:
    return {
        row.id: (row.alert, row.seq)
        for some in batched(ids)
        for row in connection.execute(
            select(notices.c.id, notices.c.alert, notices.c.seq).where(notices.c.id.in_(some))
        )
    }


def _there(connection: Connection, ids: Iterable[int]) -> set[NoticeKey]:
    columns = (notices.c.alert, notices.c.seq, notices.c.kind, notices.c.channel, notices.c.recipient)
    return {
        (row.alert, row.seq, row.kind, row.channel, row.recipient)
        for some in batched(ids)
        for row in connection.execute(select(*columns).where(notices.c.alert.in_(some)))
    }
