"""When a channel sent its last messages: what limits of so many in so long are counted from.

Only as many receipts are read as the limit allows, and of those only the period's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from tercera.ledger.batches import batched
from tercera.ledger.tables import messages, receipts
from tercera.messages import NoticeState


def sent_by(
    connection: Connection, channel: str, recipient: str | None, since: datetime, limit: int
) -> list[datetime]:
    """The times of the last messages, at most `limit`, that a channel sent after `since`, to anybody or to
    one of its fixed recipients."""
    query = (
        select(receipts.c.at)
        .join(messages, messages.c.id == receipts.c.message)
        # Written so that no engine begins with all the messages that the channel ever sent.
        .where(receipts.c.at > since, messages.c.channel.concat("") == channel)
        .where(receipts.c.state == NoticeState.SENT.value)
        .order_by(receipts.c.at.desc())
        .limit(limit)
    )
    if recipient is not None:
        query = query.where(messages.c.recipient.concat("") == recipient)
    return list(connection.execute(query).scalars())


def sent_to(
    connection: Connection, channel: str, recipients: Collection[str], since: datetime
) -> dict[str, list[datetime]]:
    """The times of what a channel sent to each of these customers after `since`. Each of them has few
    messages, which an index finds; a fixed recipient may have millions: ask `sent_by`."""
    found: dict[str, list[datetime]] = defaultdict(list)
    for some in batched(sorted(recipients)):
        query = (
            select(messages.c.recipient, receipts.c.at)
            .join(receipts, receipts.c.message == messages.c.id)
            .where(messages.c.channel == channel, messages.c.recipient.in_(some))
            .where(receipts.c.at > since, receipts.c.state == NoticeState.SENT.value)
        )
        for recipient, at in connection.execute(query):
            found[recipient].append(at)
    return dict(found)
