"""Answers that were given to writes with an idempotency key: the same question gets the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from tercera.ledger.numbers import first_of_all
from tercera.ledger.tables import answers

KEPT = timedelta(days=1)

PATIENCE = timedelta(minutes=2)
"""After this a write that was begun and never answered counts as not done: its process died."""

_NONE = 0
"""In place of the status, while there is no answer yet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered; `request` is a digest of what had been asked."""

    request: str
    status: int
    body: str

    @property
    def is_under_way(self) -> bool:
        """Whether there is no answer yet."""
        return self.status == _NONE


def reserve_answer(
    connection: Connection, actor: str, key: str, request: str, now: datetime
) -> Answer | None:
    """What this actor was answered under this key, or is going to be; None when the key is new, and from now
    on the caller's to answer."""
    first_of_all(connection)
    connection.execute(delete(answers).where(answers.c.at < now - KEPT))
    connection.execute(delete(answers).where(answers.c.status == _NONE, answers.c.at < now - PATIENCE))
    mine = answers.c.actor == actor, answers.c.key == key
    row = connection.execute(select(answers).where(*mine)).one_or_none()
    if row is not None:
        return Answer(row.request, row.status, row.body)
    connection.execute(
        insert(answers).values(actor=actor, key=key, request=request, status=_NONE, body="", at=now)
    )
    return None


def finish_answer(connection: Connection, actor: str, key: str, status: int, body: str) -> None:
    """Remembers it for a day."""
    mine = answers.c.actor == actor, answers.c.key == key
    connection.execute(update(answers).where(*mine).values(status=status, body=body))


def forget_answer(connection: Connection, actor: str, key: str) -> None:
    """Nothing was done: the key is free again."""
    connection.execute(
        delete(answers).where(answers.c.actor == actor, answers.c.key == key, answers.c.status == _NONE)
    )
