"""Answers that were given to writes with an idempotency key: the same question gets the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from tercera.ledger.tables import answers

KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; `request` is a digest of what had been asked."""

    request: str
    status: int
    body: str


def answer_to(connection: Connection, actor: str, key: str) -> Answer | None:
    """What this actor was answered under this key."""
    row = connection.execute(
        select(answers).where(answers.c.actor == actor, answers.c.key == key)
    ).one_or_none()
    return Answer(row.request, row.status, row.body) if row else None


def keep_answer(connection: Connection, actor: str, key: str, answer: Answer, now: datetime) -> None:
    """Remembers it for a day."""
    connection.execute(delete(answers).where(answers.c.at < now - KEPT))
    connection.execute(
        insert(answers).values(
            actor=actor, key=key, request=answer.request, status=answer.status, body=answer.body, at=now
        )
    )
