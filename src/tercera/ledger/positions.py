"""How far the changes of a source have been followed, and since when without a gap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from tercera.ledger.codec import words_text
from tercera.ledger.instances import leases
from tercera.ledger.instances.leases import Lease
from tercera.ledger.tables import positions

ORDERS = "orders"
"""What is followed: there is one source of orders."""


@dataclass(frozen=True, slots=True)
class Position:
    """From where to go on, in the source's own words; everything before was handled at `at`. `lease` is the
    right to follow, which whoever writes this must still have."""

    text: str
    at: datetime
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """What is known of following: the position, since when nothing was missed, when it last moved; and when
    history was lost last, if ever, with the source's words."""

    position: str
    since: datetime
    moved_at: datetime
    lost_at: datetime | None = None
    lost: str | None = None


def followed(connection: Connection) -> Followed | None:
    """None when nobody has followed yet."""
    row = connection.execute(select(positions).where(positions.c.name == ORDERS)).one_or_none()
    return Followed(row.position, row.since, row.moved_at, row.lost_at, row.lost) if row else None


def move(connection: Connection, position: Position) -> None:
    """Inside the transaction that writes what led there. ConflictError when another instance follows now."""
    _fence(connection, position)
    connection.execute(
        update(positions)
        .where(positions.c.name == ORDERS)
        .values(position=position.text, moved_at=position.at)
    )


def begin(connection: Connection, position: Position, lost: str | None) -> None:
    """From here on changes are known; what was before is for a sweep. `lost` says why an older position is of
    no use any more. ConflictError when another instance follows now."""
    _fence(connection, position)
    before = followed(connection)
    connection.execute(delete(positions).where(positions.c.name == ORDERS))
    connection.execute(
        insert(positions).values(
            name=ORDERS,
            position=position.text,
            since=position.at,
            moved_at=position.at,
            lost_at=position.at if lost else before and before.lost_at,
            lost=words_text(lost) if lost else before and before.lost,
        )
    )


def _fence(connection: Connection, position: Position) -> None:
    if position.lease is not None and connection.dialect.name == "postgresql":
        leases.renew(connection, position.lease)
