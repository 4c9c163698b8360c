"""What a sweep needs to know of the alerts there are: little of each, of very many."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from tercera.ledger import codec
from tercera.ledger.batches import batched
from tercera.ledger.tables import alerts
from tercera.model import Pair, RuleId, Standing, State, WindowId


@dataclass(frozen=True, slots=True)
class Known:
    """An alert without its tally; `digest` is that of the tally (see `digest_of`)."""

    id: int
    standing: Standing
    digest: str


def known(connection: Connection, rule: RuleId, windows: Collection[WindowId] | None) -> dict[Pair, Known]:
    """The alerts of a rule in these windows, or in all (None)."""
    query = select(
        alerts.c.id, alerts.c.subject, alerts.c.window, alerts.c.digest,
        alerts.c.state, alerts.c.level, alerts.c.peak, alerts.c.spoken,
    ).where(alerts.c.rule == rule)  # fmt: skip
    if windows is None:
        return _read(connection, query)
    found: dict[Pair, Known] = {}
    for some in batched(sorted(set(windows))):
        found |= _read(connection, query.where(alerts.c.window.in_(some)))
    return found


def watched_windows(connection: Connection, rule: RuleId) -> set[WindowId]:
    """The windows of alerts that are not closed."""
    query = select(alerts.c.window).distinct().where(alerts.c.rule == rule)
    # State by state: given a list of them, SQLite walks through every alert that the rule ever had.
    return {
        window
        for state in State
        if state is not State.CLOSED
        for window in connection.execute(query.where(alerts.c.state == state.value)).scalars()
    }


def _read(connection: Connection, query: Select[*tuple[Any, ...]]) -> dict[Pair, Known]:
    return {
        (row.subject, row.window): Known(row.id, codec.read_standing(row), row.digest)
        for row in connection.execute(query)
    }
