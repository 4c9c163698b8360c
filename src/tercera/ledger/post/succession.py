"""Channels that something was written by: which there were, whom they wrote to, what waits for them, and
those that are called otherwise now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from tercera.ledger.numbers import first_of_all
from tercera.ledger.tables import circuits, messages, notices
from tercera.messages import NoticeState
from tercera.telling.succession import Recipients

_MOST = 50
"""Recipients of a channel that are looked at: fixed ones are few."""

_WAITING = (NoticeState.PENDING.value, NoticeState.HELD.value)


def used(connection: Connection) -> list[str]:
    """The names of all channels, each found from the one before it by a step of the index."""
    found: list[str] = []
    column = messages.c.channel
    while name := connection.execute(select(func.min(column)).where(column > (found or [""])[-1])).scalar():
        found.append(name)
    return found


def recipients(connection: Connection, channel: str) -> Recipients:
    """Whom a channel wrote to; None: to customers."""
    of_channel = messages.c.channel == channel
    if connection.execute(select(messages.c.for_customer).where(of_channel).limit(1)).scalar():
        return None
    found: list[str] = []
    while len(found) < _MOST:
        further = of_channel, messages.c.recipient > (found or [""])[-1]
        recipient = connection.execute(select(func.min(messages.c.recipient)).where(*further)).scalar()
        if recipient is None:
            break
        found.append(recipient)
    return frozenset(found)


def rename(connection: Connection, names: Mapping[str, str]) -> None:
    """What was written, heard and waits goes with the new name; a pause of the old one is over."""
    first_of_all(connection)
    for old, new in names.items():
        connection.execute(delete(circuits).where(circuits.c.channel == old))
        for table in (messages, notices):
            connection.execute(update(table).where(table.c.channel == old).values(channel=new))


def discard(connection: Connection, channel: str, now: datetime) -> int:
    """Puts what waits for a channel aside for good; gives how many notices."""
    first_of_all(connection)
    waiting = messages.c.channel == channel, messages.c.state.in_(_WAITING)
    count = connection.execute(select(func.sum(messages.c.notices)).where(*waiting)).scalar() or 0
    connection.execute(update(messages).where(*waiting).values(state=NoticeState.DISCARDED.value, due_at=now))
    connection.execute(delete(circuits).where(circuits.c.channel == channel))
    return int(count)


def stranded(connection: Connection, configured: Collection[str]) -> dict[str, int]:
    """How many notices wait for channels that are not configured."""
    query = (
        select(messages.c.channel, func.sum(messages.c.notices))
        .where(messages.c.state.in_(_WAITING), messages.c.channel.not_in(sorted(configured)))
        .group_by(messages.c.channel)
        .order_by(messages.c.channel)
    )
    return {channel: int(count) for channel, count in connection.execute(query)}
