"""A message as it was written, whatever became of it: to show what somebody read."""

from __future__ import annotations

from sqlalchemy import Connection, select

from tercera.errors import NotFoundError
from tercera.ledger.post.claims import notices_of, threads_of
from tercera.ledger.tables import messages
from tercera.messages import Message


def message(connection: Connection, key: str) -> Message:
    """NotFoundError: no message has this key, or what it carries can't be read."""
    row = connection.execute(select(messages).where(messages.c.key == key)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no message {key[:80]!r}; `tercera deliveries` lists what was told")
    told, unreadable = notices_of(connection, [row.id])
    if row.id in unreadable or not told[row.id]:
        raise NotFoundError(
            f"message {key[:80]!r} can't be read from the ledger: {unreadable.get(row.id, 'it is empty')}"
        )
    return Message(
        key=row.key,
        channel=row.channel,
        recipient=row.recipient,
        language=row.language,
        for_customer=row.for_customer,
        digest=row.digest,
        notices=tuple(told[row.id]),
        thread=tuple(threads_of(connection, [row.id])[row.id]),
        attempts=row.attempts,
    )
