"""Who heard of an alert and believes it still: whoever was told of it, and not of its end since; and of which
level they were told last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, select

from tercera.ledger.batches import batched
from tercera.ledger.post.claims import NEVER_SENT
from tercera.ledger.tables import messages, notices, transitions
from tercera.messages import Hearer, NoticeKind
from tercera.model import Reason

_OVER = {Reason.RETRACTED.value, Reason.CLOSED.value}


def heard(connection: Connection, ids: Iterable[int]) -> dict[int, dict[Hearer, str]]:
    """By alert and hearer, the level. What still waits to be sent counts as heard; what is held back, or
    never had an address, does not."""
    found: dict[int, dict[Hearer, str]] = defaultdict(dict)
    query = (
        select(
            notices.c.alert, notices.c.channel, notices.c.recipient,
            messages.c.for_customer, transitions.c.reason, transitions.c.level,
        )
        .select_from(notices)
        .join(messages)
        .join(transitions)
        .where(notices.c.kind == NoticeKind.ALERT.value, messages.c.state.not_in(NEVER_SENT))
        .order_by(notices.c.alert, notices.c.seq, notices.c.id)
    )  # fmt: skip
    for some in batched(ids):
        for row in connection.execute(query.where(notices.c.alert.in_(some))):
            hearer = row.channel, None if row.for_customer else row.recipient
            if row.reason in _OVER:
                found[row.alert].pop(hearer, None)
            else:
                found[row.alert][hearer] = row.level
    return dict(found)
