"""Transitions in the order in which they were written, for whoever follows them.

Each has a number, drawn inside the transaction that writes it, which holds the right to draw until it ends
(`numbers.first_of_all`; SQLite has one writer). So when one can be seen, every one with a smaller number can:
who remembers the last that they have seen misses none, however many instances write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from tercera.errors import TerceraError
from tercera.ledger.codec import AnyRow
from tercera.ledger.looks.history import Step, step_of
from tercera.ledger.tables import alerts, ledger, positions, transitions
from tercera.model import RuleId, SubjectId, WindowId

READER = "reader:"
"""With this begin the names of the positions that are kept for readers."""


class PlaceLostError(TerceraError):
    """A position that this ledger never gave, or that lies ahead of it."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Passage:
    """A transition of an alert. Whoever has handled it goes on after `position`."""

    position: str
    alert: int
    rule: RuleId
    subject: SubjectId
    window: WindowId
    step: Step


def passages(connection: Connection, after: str | None, limit: int) -> list[Passage]:
    """At most `limit`, after a position or from the first. PlaceLostError: the position is none."""
    identity, last = connection.execute(select(ledger.c.identity, ledger.c.last_transition)).one()
    number = _number(after, identity, last) if after is not None else 0
    query = (
        select(transitions, alerts.c.rule, alerts.c.subject, alerts.c.window)
        .join(alerts, alerts.c.id == transitions.c.alert)
        .where(transitions.c.number > number)
        .order_by(transitions.c.number)
        .limit(limit)
    )
    return list(_passages(identity, connection.execute(query)))


def present(connection: Connection) -> str:
    """The position behind everything that was written so far."""
    identity, last = connection.execute(select(ledger.c.identity, ledger.c.last_transition)).one()
    return position_text(identity, last)


def kept_position(connection: Connection, reader: str) -> str | None:
    """How far a reader has come; None for one who never was here."""
    query = select(positions.c.position).where(positions.c.name == READER + reader)
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def keep_position(connection: Connection, reader: str, position: str, now: datetime) -> None:
    """The reader has handled everything up to here."""
    since = connection.execute(
        select(positions.c.since).where(positions.c.name == READER + reader)
    ).scalar_one_or_none()
    connection.execute(delete(positions).where(positions.c.name == READER + reader))
    connection.execute(
        insert(positions).values(name=READER + reader, position=position, since=since or now, moved_at=now)
    )


def position_text(identity: str, number: int) -> str:
    """As readers keep it: the ledger, and the number."""
    return f"{identity[:8]}.{number}"


def _number(position: str, identity: str, last: int) -> int:
    mark, _, digits = position.partition(".")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        raise PlaceLostError(f"{position[:60]!r} is no position that Tercera gave; begin without one")
    if mark != identity[:8]:
        raise PlaceLostError(
            f"{position[:60]!r} is a position in another ledger; begin without one, or go on with that ledger"
        )
    if int(digits) > last:
        raise PlaceLostError(
            f"{position[:60]!r} lies ahead of the ledger, which was put back to an older state; go on after "
            f"{position_text(identity, last)!r}: what is written from now on comes then"
        )
    return int(digits)


def _passages(identity: str, rows: Iterable[AnyRow]) -> Iterator[Passage]:
    for row in rows:
        yield Passage(
            position=position_text(identity, row.number),
            alert=row.alert,
            rule=RuleId(row.rule),
            subject=SubjectId(row.subject),
            window=WindowId(row.window),
            step=step_of(row),
        )
