"""Writing decisions of people down, each once: who comes second is told what stands already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection, insert, select, update

from tercera.errors import NotFoundError
from tercera.ledger.batches import batched
from tercera.ledger.numbers import first_of_all
from tercera.ledger.people.decisions import read_decision
from tercera.ledger.tables import alerts, decisions
from tercera.model import Pair, RuleId
from tercera.telling.silences import Decided, Decision, weighed

_About = tuple[RuleId, Pair]


def decide(connection: Connection, decision: Decision) -> Decided:
    """Writes a decision down unless it stands already. NotFoundError: an alert that is not there."""
    (decided,) = decide_each(connection, [decision])
    if decided is None:
        raise NotFoundError(
            f"there is no alert {decision.alert}; `tercera alerts` lists those there are"
        ).said_as("no_alert", id=decision.alert)
    return decided


def decide_each(connection: Connection, asked: Sequence[Decision]) -> list[Decided | None]:
    """Decisions of one moment, at most one about each alert, in their order; one about an alert takes its
    rule and pair. None for one whose alert is not there.

    Two people who decide at once do so one after the other: the second reads what the first has written.
    """
    first_of_all(connection)
    ids = [each.alert for each in asked if each.alert is not None]
    about, holding = _about(connection, ids), _holding(connection, asked)
    found = [
        weighed(named, holding.get(each.alert, ())) if (named := _named(each, about)) is not None else None
        for each in asked
    ]
    _end_replaced(connection, found)
    numbers = _written(connection, [each.decision for each in found if each is not None and each.is_new])
    return [
        replace(each, decision=replace(each.decision, id=next(numbers)))
        if each is not None and each.is_new
        else each
        for each in found
    ]


def _about(connection: Connection, ids: Sequence[int]) -> dict[int, _About]:
    """The rule and the pair of each alert that there is."""
    found: dict[int, _About] = {}
    for some in batched(ids):
        query = select(alerts.c.id, alerts.c.rule, alerts.c.subject, alerts.c.window)
        for row in connection.execute(query.where(alerts.c.id.in_(some))):
            found[row.id] = row.rule, (row.subject, row.window)
    return found


def _holding(connection: Connection, asked: Sequence[Decision]) -> dict[int | None, list[Decision]]:
    """What holds about the alerts that are decided about, the oldest first."""
    moments = {each.alert: each.at for each in asked if each.alert is not None}
    found: dict[int | None, list[Decision]] = {}
    for some in batched(moments):
        query = select(decisions).where(decisions.c.alert.in_(some), decisions.c.ended_at.is_(None))
        for row in connection.execute(query.order_by(decisions.c.id)):
            if (decision := read_decision(row)).holds(moments[row.alert]):
                found.setdefault(row.alert, []).append(decision)
    return found


def _named(decision: Decision, about: dict[int, _About]) -> Decision | None:
    if decision.alert is None:
        return decision
    if decision.alert not in about:
        return None
    rule, (subject, window) = about[decision.alert]
    return replace(decision, rule=rule, subject=subject, window=window)


def _end_replaced(connection: Connection, found: Sequence[Decided | None]) -> None:
    ends = {old.id: each.decision.at for each in found if each is not None for old in each.replaced}
    for now in set(ends.values()):
        for some in batched([each for each, at in ends.items() if at == now]):
            connection.execute(update(decisions).where(decisions.c.id.in_(some)).values(ended_at=now))


def _written(connection: Connection, new: Sequence[Decision]) -> Iterator[int]:
    """The numbers that they have, in their order."""
    if not new:
        return iter(())
    statement = insert(decisions).returning(decisions.c.id, sort_by_parameter_order=True)
    rows = [
        {
            "kind": each.kind.value,
            "alert": each.alert,
            "rule": each.rule,
            "subject": each.subject,
            "window": each.window,
            "until": each.until,
            "author": each.author,
            "reason": each.reason,
            "at": each.at,
        }
        for each in new
    ]
    return iter(connection.execute(statement, rows).scalars().all())
