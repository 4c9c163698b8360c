"""How far each rule has been swept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from tercera.ledger.tables import cursors
from tercera.model import RuleId


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to `checked_through` was looked at, by the rule that had this fingerprint and
    `meaning` (as `rules.meaning` writes it; None in a ledger of before that was kept)."""

    fingerprint: str
    checked_through: datetime
    meaning: str | None = None


def cursor_of(connection: Connection, rule: RuleId) -> Cursor | None:
    """None for a rule that was never swept to its end."""
    row = connection.execute(select(cursors).where(cursors.c.rule == rule)).one_or_none()
    return Cursor(row.fingerprint, row.checked_through, row.meaning) if row else None


def all_cursors(connection: Connection) -> dict[RuleId, Cursor]:
    """Of every rule that was swept to its end, whether it is configured or not."""
    return {
        RuleId(row.rule): Cursor(row.fingerprint, row.checked_through, row.meaning)
        for row in connection.execute(select(cursors).order_by(cursors.c.rule))
    }


def forget(connection: Connection, rule: RuleId) -> None:
    """The rule was never swept."""
    connection.execute(delete(cursors).where(cursors.c.rule == rule))


def move(connection: Connection, rule: RuleId, cursor: Cursor) -> None:
    """Inside the transaction that writes what was found."""
    forget(connection, rule)
    connection.execute(
        insert(cursors).values(
            rule=rule,
            fingerprint=cursor.fingerprint,
            checked_through=cursor.checked_through,
            meaning=cursor.meaning,
        )
    )
