"""What was told to whom, and what the other side said to it: for people who look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from tercera.ledger.batches import batched
from tercera.ledger.codec import AnyRow
from tercera.ledger.tables import alerts, messages, notices, receipts, transitions
from tercera.messages import NoticeKind, NoticeState, Problem
from tercera.model import Reason, RuleId, SubjectId, WindowId


@dataclass(frozen=True, slots=True)
class Receipt:
    """How one attempt ended, in the other side's words."""

    attempt: int
    at: datetime
    state: NoticeState
    code: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice and how far it has come. `message` is the key of what carries it, alone or in a digest."""

    id: int
    kind: NoticeKind
    alert: int
    step: int
    rule: RuleId
    subject: SubjectId
    window: WindowId
    reason: Reason
    level: str | None
    at: datetime
    channel: str
    recipient: str
    language: str
    for_customer: bool
    digest: bool
    message: str
    state: NoticeState
    attempts: int
    due_at: datetime | None
    problem: Problem | None
    detail: str | None
    receipts: tuple[Receipt, ...]

    @property
    def words(self) -> str | None:
        """What the other side said last."""
        return self.receipts[-1].words if self.receipts else None


def deliveries(connection: Connection, state: NoticeState | None, limit: int) -> list[Delivery]:
    """The newest notices; those of one state by when they were last due, which its index tells."""
    query = query_of_deliveries().limit(limit)
    if state is None:
        return deliveries_by(connection, query.order_by(notices.c.id.desc()))
    query = query.where(messages.c.state == state.value)
    return deliveries_by(
        connection, query.order_by(messages.c.due_at.desc(), messages.c.id.desc(), notices.c.id.desc())
    )


def deliveries_of(connection: Connection, alert: int) -> list[Delivery]:
    """Every notice about an alert, oldest first."""
    return deliveries_by(
        connection, query_of_deliveries().where(notices.c.alert == alert).order_by(notices.c.id)
    )


def deliveries_about(connection: Connection, subject: SubjectId, limit: int) -> list[Delivery]:
    """The newest notices about the alerts of a customer."""
    query = query_of_deliveries().where(alerts.c.subject == subject)
    return deliveries_by(connection, query.order_by(notices.c.id.desc()).limit(limit))


def waiting(connection: Connection) -> int:
    """How many notices are still to be sent."""
    query = select(func.sum(messages.c.notices)).where(messages.c.state == NoticeState.PENDING.value)
    return int(connection.execute(query).scalar() or 0)


def query_of_deliveries() -> Select[*tuple[Any, ...]]:
    """Of every notice: what `deliveries_by` reads."""
    return (
        select(
            notices,
            alerts.c.rule, alerts.c.subject, alerts.c.window,
            transitions.c.reason, transitions.c.level, transitions.c.at,
            messages.c.key, messages.c.language, messages.c.for_customer, messages.c.digest,
            messages.c.state, messages.c.attempts, messages.c.due_at,
        )
        .select_from(notices)
        .join(messages)
        .join(transitions)
        .join(alerts, alerts.c.id == transitions.c.alert)
    )  # fmt: skip


def deliveries_by(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[Delivery]:
    """The notices that such a query finds, with their receipts."""
    rows = connection.execute(query).all()
    words = _receipts(connection, sorted({row.message for row in rows}))
    return [_delivery(row, tuple(words[row.message])) for row in rows]


def _receipts(connection: Connection, ids: Sequence[int]) -> dict[int, list[Receipt]]:
    found: dict[int, list[Receipt]] = defaultdict(list)
    for some in batched(ids):
        query = select(receipts).where(receipts.c.message.in_(some))
        for row in connection.execute(query.order_by(receipts.c.message, receipts.c.attempt)):
            found[row.message].append(
                Receipt(row.attempt, row.at, NoticeState(row.state), row.code, row.words)
            )
    return found


def _delivery(row: AnyRow, words: tuple[Receipt, ...]) -> Delivery:
    state = NoticeState(row.state)
    return Delivery(
        id=row.id,
        kind=NoticeKind(row.kind),
        alert=row.alert,
        step=row.seq,
        rule=RuleId(row.rule),
        subject=SubjectId(row.subject),
        window=WindowId(row.window),
        reason=Reason(row.reason),
        level=row.level,
        at=row.at,
        channel=row.channel,
        recipient=row.recipient,
        language=row.language,
        for_customer=row.for_customer,
        digest=row.digest,
        message=row.key,
        state=state,
        attempts=row.attempts,
        due_at=row.due_at if state is NoticeState.PENDING else None,
        problem=Problem(row.problem) if row.problem else None,
        detail=row.detail,
        receipts=words,
    )
