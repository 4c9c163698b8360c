"""What a sweep needs to know of the alerts there are: little of each, of very many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select

from tercera.ledger import codec
from tercera.ledger.batches import batched
from tercera.ledger.tables import alerts
from tercera.model import Pair, RuleId, Standing, State, SubjectId, WindowId


@dataclass(frozen=True, slots=True)
class Known:
    """An alert without its tally; `digest` is that of the tally (see `digest_of`)."""

    id: int
    standing: Standing
    digest: str


def known(connection: Connection, rule: RuleId, windows: Collection[WindowId] | None) -> dict[Pair, Known]:
    """The alerts of a rule in these windows, or in all (None)."""
    query = _query(rule)
    if windows is None:
        return _read(connection, query)
    found: dict[Pair, Known] = {}
    for some in batched(sorted(set(windows))):
        found |= _read(connection, query.where(alerts.c.window.in_(some)))
    return found


def known_pairs(connection: Connection, rule: RuleId, pairs: Collection[Pair]) -> dict[Pair, Known]:
    """The alerts of a rule for these pairs: costs what they are, not what there is."""
    subjects: dict[WindowId, list[SubjectId]] = defaultdict(list)
    for subject, window in sorted(pairs):
        subjects[window].append(subject)
    found: dict[Pair, Known] = {}
    for window, own in subjects.items():
        for some in batched(own):
            query = _query(rule).where(alerts.c.window == window, alerts.c.subject.in_(some))
            found |= _read(connection, query)
    return found


def standing_pairs(connection: Connection, rule: RuleId, subjects: Collection[SubjectId]) -> set[Pair]:
    """The pairs of these subjects whose alerts are not closed."""
    return {
        (row.subject, row.window)
        for some in batched(sorted(subjects))
        for row in connection.execute(
            select(alerts.c.subject, alerts.c.window).where(
                alerts.c.subject.in_(some),
                alerts.c.rule.concat("") == rule,  # written so that no engine begins with all of the rule's
                alerts.c.state != State.CLOSED.value,
            )
        )
    }


def watched_windows(connection: Connection, rule: RuleId) -> set[WindowId]:
    """The windows of alerts that are not closed."""
    return {
        window
        for state in State
        if state is not State.CLOSED
        for window in connection.execute(_windows(rule, state)).scalars()
        if window is not None
    }


def _windows(rule: RuleId, state: State) -> Select[*tuple[Any, ...]]:
    """The windows of alerts in a state, each found from the one before it: one step of the index for each,
    where DISTINCT walks through every alert. https://wiki.postgresql.org/wiki/Loose_indexscan"""
    of_these = alerts.c.rule == rule, alerts.c.state == state.value
    first = select(func.min(alerts.c.window).label("window")).where(*of_these)
    steps = first.cte("steps", recursive=True)
    following = select(func.min(alerts.c.window)).where(*of_these, alerts.c.window > steps.c.window)
    steps = steps.union_all(
        select(following.correlate(steps).scalar_subquery()).where(steps.c.window.is_not(None))
    )
    return select(steps.c.window)


def _query(rule: RuleId) -> Select[*tuple[Any, ...]]:
    return select(
        alerts.c.id, alerts.c.subject, alerts.c.window, alerts.c.digest,
        alerts.c.state, alerts.c.level, alerts.c.peak, alerts.c.spoken,
    ).where(alerts.c.rule == rule)  # fmt: skip


def _read(connection: Connection, query: Select[*tuple[Any, ...]]) -> dict[Pair, Known]:
    return {
        (row.subject, row.window): Known(row.id, codec.read_standing(row), row.digest)
        for row in connection.execute(query)
    }
