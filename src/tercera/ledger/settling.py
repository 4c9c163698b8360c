"""What became of a message that was tried: its new state, and a receipt with the other side's words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from tercera.errors import LedgerError
from tercera.failpoints import Failpoint, reached
from tercera.ledger import codec
from tercera.ledger.batches import batched, write_many
from tercera.ledger.outbox import NoticeKey, StepKey, enqueue, notice_key
from tercera.ledger.tables import messages, notices, receipts
from tercera.messages import Draft, NoticeState, Outcome

# Made once: they run for every few messages, and putting a statement together takes longer than its work.
_STATE = (
    update(messages)
    .where(messages.c.key == bindparam("message_key"), messages.c.state == NoticeState.PENDING.value)
    .values(
        state=bindparam("outcome"),
        attempts=messages.c.attempts + 1,
        due_at=func.coalesce(bindparam("again_at", type_=messages.c.due_at.type), messages.c.due_at),
        claimed_at=None,
    )
)
_RECEIPT = insert(receipts).from_select(
    ["message", "attempt", "at", "state", "code", "words"],
    select(
        messages.c.id,
        messages.c.attempts,
        bindparam("at", type_=receipts.c.at.type),
        bindparam("outcome", type_=receipts.c.state.type),
        bindparam("code", type_=receipts.c.code.type),
        bindparam("words", type_=receipts.c.words.type),
    ).where(messages.c.key == bindparam("message_key")),
)


def settle(connection: Connection, identity: str, outcomes: Sequence[Outcome]) -> None:
    """Inside one transaction: states, receipts, and the notices that the outcomes call for."""
    if not outcomes:
        return
    rows = [_row(outcome) for outcome in outcomes]
    if connection.execute(_STATE, rows).rowcount != len(outcomes):
        raise _unsettled(connection, outcomes)
    reached(Failpoint.INSIDE_RECEIPT)
    connection.execute(_RECEIPT, rows)
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


def postpone(connection: Connection, due: Mapping[str, datetime]) -> None:
    """Messages (by key) that were claimed and may not go out yet: due then, without an attempt."""
    later = (
        update(messages)
        .where(messages.c.key == bindparam("message_key"), messages.c.state == NoticeState.PENDING.value)
        .values(due_at=bindparam("again_at", type_=messages.c.due_at.type), claimed_at=None)
    )
    rows = [{"message_key": key, "again_at": due_at} for key, due_at in due.items()]
    write_many(connection, later, rows)


def give_up(connection: Connection, message: int, words: str, now: datetime) -> None:
    """A message (by id) that nothing can be done with is dead, and its receipt says why."""
    key = connection.execute(select(messages.c.key).where(messages.c.id == message)).scalar_one()
    row = _row(Outcome(key, now, NoticeState.DEAD, words))
    connection.execute(_STATE, [row])
    connection.execute(_RECEIPT, [row])


def refused(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[datetime, ...]]:
    """When these messages (by id) were refused for now, since they were written or last revived."""
    found: dict[int, list[datetime]] = defaultdict(list)
    for some in batched(ids):
        query = select(receipts.c.message, receipts.c.at, receipts.c.state).where(
            receipts.c.message.in_(some)
        )
        for row in connection.execute(query.order_by(receipts.c.message, receipts.c.attempt)):
            if row.state == NoticeState.PENDING.value:
                found[row.message].append(row.at)
            else:
                found[row.message].clear()  # it was dead, and somebody revived it
    return {message: tuple(times) for message, times in found.items()}


def _row(outcome: Outcome) -> dict[str, Any]:
    if (outcome.state is NoticeState.PENDING) != (outcome.due_at is not None):
        raise ValueError(f"{outcome.state} with due_at {outcome.due_at}: only what is tried again is due")
    return {
        "message_key": outcome.message_key,
        "outcome": outcome.state.value,
        "again_at": outcome.due_at,
        "at": outcome.at,
        "code": outcome.code,
        "words": codec.words_text(outcome.words),
    }


def _unsettled(connection: Connection, outcomes: Sequence[Outcome]) -> LedgerError:
    """Why not every outcome found a message that waits for one."""
    keys = {outcome.message_key for outcome in outcomes}
    known = {
        key
        for some in batched(keys)
        for key in connection.execute(select(messages.c.key).where(messages.c.key.in_(some))).scalars()
    }
    if missing := keys - known:
        return LedgerError(f"no message {min(missing)} is in this ledger; nothing of this was written")
    return LedgerError("a message was settled twice, or by another process; nothing of this was written")


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
