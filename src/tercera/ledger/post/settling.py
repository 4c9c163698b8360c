"""What became of a message that was tried: its new state, and a receipt with the other side's words.

An outcome may come late: this instance stood still for so long that another one took its messages over. Then
that one's word stands, and this one's receipt is kept beside it.
"""

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
from tercera.ledger.codec import AnyRow
from tercera.ledger.instances.instance import Instance
from tercera.ledger.numbers import first_of_all
from tercera.ledger.post.outbox import NoticeKey, StepKey, enqueue, notice_key
from tercera.ledger.tables import messages, notices, receipts
from tercera.messages import Draft, NoticeState, Outcome

# Made once: they run for every few messages, and putting a statement together takes longer than its work.
_STATE = (
    update(messages)
    .where(
        messages.c.key == bindparam("message_key"),
        messages.c.state == NoticeState.PENDING.value,
        messages.c.claimed_by == bindparam("claimant"),
    )
    .values(
        state=bindparam("outcome"),
        attempts=messages.c.attempts + 1,
        due_at=func.coalesce(bindparam("again_at", type_=messages.c.due_at.type), messages.c.due_at),
        claimed_at=None,
        claimed_by=None,
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


class LateOutcome(Exception):
    """Not every message was this instance's own and waiting: `settle_late` looks at each."""


def settle(connection: Connection, identity: str, instance: Instance, outcomes: Sequence[Outcome]) -> None:
    """Inside one transaction: states, receipts, and the notices that the outcomes call for. LateOutcome, and
    nothing is written, unless every one is of a message that this instance has claimed."""
    rows = [_row(outcome, instance.name) for outcome in outcomes]
    if connection.execute(_STATE, rows).rowcount != len(outcomes):
        raise LateOutcome
    reached(Failpoint.INSIDE_RECEIPT)
    connection.execute(_RECEIPT, rows)
    for outcome in outcomes:
        add_notices(connection, identity, outcome.drafts, outcome.at)


def settle_late(
    connection: Connection, identity: str, instance: Instance, outcomes: Sequence[Outcome]
) -> list[Outcome]:
    """The same, one by one. Gives those that came too late: their receipts are kept, and change nothing."""
    late = []
    for outcome in sorted(outcomes, key=lambda each: each.message_key):
        query = select(messages).where(messages.c.key == outcome.message_key).with_for_update()
        message = connection.execute(query).one_or_none()
        if message is None:
            raise LedgerError(
                f"no message {outcome.message_key} is in this ledger; nothing of this was written"
            )
        if _is_written(connection, message.id, outcome):
            continue  # the connection broke after the commit, before its answer
        if not _stands(message, instance, outcome):
            late.append(outcome)
            row = {"attempts": message.attempts + 1}
        else:
            row = {
                "attempts": message.attempts + 1,
                "state": outcome.state.value,
                "due_at": outcome.due_at or message.due_at,
                "claimed_at": None,
                "claimed_by": None,
            }
        connection.execute(update(messages).where(messages.c.id == message.id).values(row))
        connection.execute(_RECEIPT, [_row(outcome, instance.name)])
        add_notices(connection, identity, () if outcome in late else outcome.drafts, outcome.at)
    return late


def _stands(message: AnyRow, instance: Instance, outcome: Outcome) -> bool:
    """Whether an outcome says what became of the message. What was accepted is sent, whoever has it now."""
    if message.state != NoticeState.PENDING.value:
        return False
    return message.claimed_by in (None, instance.name) or outcome.state is NoticeState.SENT


def _is_written(connection: Connection, message: int, outcome: Outcome) -> bool:
    query = select(receipts.c.attempt).where(
        receipts.c.message == message,
        receipts.c.at == outcome.at,
        receipts.c.state == outcome.state.value,
        receipts.c.words == codec.words_text(outcome.words),
    )
    return connection.execute(query.limit(1)).first() is not None


def retry(connection: Connection, ids: Iterable[int] | None, now: datetime) -> int:
    """Makes dead messages pending again, due now. Gives how many notices they carry.

    `ids` are those of notices; a digest is tried again as the whole that it was. None means all.
    """
    first_of_all(connection)  # what is being forgotten is not revived
    revive = (
        update(messages)
        .where(messages.c.state == NoticeState.DEAD.value)
        .values(state=NoticeState.PENDING.value, due_at=now, claimed_at=None, claimed_by=None)
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


def postpone(connection: Connection, instance: Instance, due: Mapping[str, datetime]) -> None:
    """Messages (by key) that this instance has claimed and that may not go out yet: due then, without an
    attempt. What another one has taken over meanwhile is left to that one."""
    later = (
        update(messages)
        .where(
            messages.c.key == bindparam("message_key"),
            messages.c.state == NoticeState.PENDING.value,
            messages.c.claimed_by == instance.name,
        )
        .values(due_at=bindparam("again_at", type_=messages.c.due_at.type), claimed_at=None, claimed_by=None)
    )
    rows = [{"message_key": key, "again_at": due_at} for key, due_at in sorted(due.items())]
    write_many(connection, later, rows)


def give_up(connection: Connection, instance: Instance, message: int, words: str, now: datetime) -> None:
    """A message (by id) that was claimed and that nothing can be done with is dead; its receipt says why."""
    key = connection.execute(select(messages.c.key).where(messages.c.id == message)).scalar_one()
    row = _row(Outcome(key, now, NoticeState.DEAD, words), instance.name)
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


def _row(outcome: Outcome, claimant: str) -> dict[str, Any]:
    if (outcome.state is NoticeState.PENDING) != (outcome.due_at is not None):
        raise ValueError(f"{outcome.state} with due_at {outcome.due_at}: only what is tried again is due")
    return {
        "message_key": outcome.message_key,
        "claimant": claimant,
        "outcome": outcome.state.value,
        "again_at": outcome.due_at,
        "at": outcome.at,
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
    first_of_all(connection)
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
