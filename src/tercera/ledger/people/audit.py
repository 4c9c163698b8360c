"""What people did, in the order in which they did it. Only ever added to: the database refuses the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, insert, select

from tercera.ledger.codec import AnyRow
from tercera.ledger.tables import audit
from tercera.people import Deed, Via

T = TypeVar("T")
Telling = Deed | Callable[[T], Deed]
"""What somebody did: the line itself, or told from what came of it."""


def recorded(connection: Connection, outcome: T, telling: Telling[T] | None) -> T:
    """Adds the line about a change in the change's own transaction: both are written, or neither. Without
    `telling` nobody did it: a cycle, say. Gives the outcome."""
    if telling is not None:
        record(connection, telling if isinstance(telling, Deed) else telling(outcome))
    return outcome


def record(connection: Connection, deed: Deed) -> None:
    """Adds a line."""
    connection.execute(
        insert(audit).values(
            at=deed.at,
            actor=deed.actor,
            via=deed.via.value,
            action=deed.action,
            object=deed.object,
            detail=deed.detail,
            address=deed.address,
        )
    )


def deeds(
    connection: Connection, *, actor: str | None = None, before: int | None = None, limit: int = 100
) -> list[Deed]:
    """The newest first; with `before`, those of smaller ids."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if actor is not None:
        query = query.where(audit.c.actor == actor)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [_deed(row) for row in connection.execute(query)]


def _deed(row: AnyRow) -> Deed:
    return Deed(
        at=row.at,
        actor=row.actor,
        via=Via(row.via),
        action=row.action,
        object=row.object,
        detail=row.detail,
        address=row.address,
        id=row.id,
    )
