"""Notices that reached nobody: refused for good, or without an address from the start."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from tercera.ledger.batches import batched
from tercera.ledger.post.deliveries import Delivery, deliveries_by, query_of_deliveries
from tercera.ledger.tables import alerts, messages, notices, transitions
from tercera.messages import NoticeState
from tercera.model import Muted, RuleId

_STATES = [NoticeState.DEAD.value, NoticeState.UNDELIVERABLE.value]


@dataclass(frozen=True, slots=True)
class Unreached:
    """`held` says that the guard held the step back which the notice is about, and that nothing was told of
    its alert since: it waits for a release, or was discarded."""

    delivery: Delivery
    held: bool


def unreached(
    connection: Connection, ids: Collection[int] | None, channel: str | None, rule: RuleId | None
) -> list[Unreached]:
    """All of them, or those with these ids, of this channel, of this rule; the oldest first."""
    query = query_of_deliveries().where(messages.c.state.in_(_STATES)).order_by(notices.c.id)
    if channel is not None:
        query = query.where(messages.c.channel == channel)
    if rule is not None:
        query = query.where(alerts.c.rule == rule)
    parts = [query] if ids is None else [query.where(notices.c.id.in_(some)) for some in batched(sorted(ids))]
    waits = transitions.c.muted.is_not_distinct_from(Muted.HELD.value) & ~alerts.c.spoken
    found = []
    for part in parts:
        held = set(connection.execute(part.with_only_columns(notices.c.id).where(waits)).scalars())
        found += [Unreached(each, each.id in held) for each in deliveries_by(connection, part)]
    return found
