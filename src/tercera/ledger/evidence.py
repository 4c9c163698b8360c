"""Which orders stand behind the alerts that are not closed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from tercera.ledger.batches import batched
from tercera.ledger.tables import alerts
from tercera.model import RuleId, State, SubjectId


@dataclass(frozen=True, slots=True)
class Behind:
    """The evidence of an alert: ids of orders, and whether there are more than these."""

    alert: int
    subject: SubjectId
    digest: str
    orders: frozenset[str]
    is_cut: bool


def standing_digests(connection: Connection, rule: RuleId) -> dict[int, str]:
    """Of every alert (by id) of the rule that is not closed, the mark of its tally."""
    query = select(alerts.c.id, alerts.c.digest).where(
        alerts.c.rule == rule, alerts.c.state.in_([each.value for each in State if each is not State.CLOSED])
    )
    return {row.id: row.digest for row in connection.execute(query)}


def behind(connection: Connection, ids: Collection[int]) -> Iterator[Behind]:
    """Of these alerts."""
    columns = alerts.c.id, alerts.c.subject, alerts.c.digest, alerts.c.matched, alerts.c.evidence
    for some in batched(sorted(ids)):
        for row in connection.execute(select(*columns).where(alerts.c.id.in_(some))):
            orders = frozenset(str(each[0]) for each in json.loads(row.evidence))
            yield Behind(row.id, SubjectId(row.subject), row.digest, orders, row.matched > len(orders))
