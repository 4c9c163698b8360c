"""Leases: who may do something for now, of the instances that share a ledger on PostgreSQL.

A lease ends by the database's clock, so that the clocks of instances do not matter. Each time that it changes
hands its token grows; who writes under a lease names the token in the same transaction (fencing), so that an
instance which stood still while another took over writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from tercera.errors import ConflictError
from tercera.ledger.instances.clock import database_time
from tercera.ledger.tables import leases


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do what `name` says, until somebody else has it with a greater `token`."""

    name: str
    token: int
    length: timedelta


def acquire(connection: Connection, name: str, holder: str, length: timedelta) -> Lease | None:
    """None when another holder has it. One's own is had anew, under another token."""
    ends = database_time(length)
    first = insert(leases).values(name=name, token=1, holder=holder, expires_at=ends)
    taken = first.on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={"token": leases.c.token + 1, "holder": holder, "expires_at": ends},
        where=(leases.c.expires_at <= database_time()) | (leases.c.holder == holder),
    ).returning(leases.c.token)
    token = connection.execute(taken).scalar_one_or_none()
    return None if token is None else Lease(name, token, length)


def renew(connection: Connection, lease: Lease) -> None:
    """For as long again; nobody takes it before this transaction ends. ConflictError when somebody has."""
    renewed = connection.execute(
        update(leases)
        .where(leases.c.name == lease.name, leases.c.token == lease.token)
        .values(expires_at=database_time(lease.length))
    )
    if renewed.rowcount != 1:
        raise ConflictError(
            f"another instance took over ({lease.name}), for this one did not answer for more than "
            f"{lease.length.total_seconds():g} s; nothing was written, the other one goes on"
        )


def release(connection: Connection, lease: Lease) -> None:
    """Others may have it at once. The row stays, so that its tokens go on growing."""
    connection.execute(
        update(leases)
        .where(leases.c.name == lease.name, leases.c.token == lease.token)
        .values(expires_at=database_time())
    )


def holders(connection: Connection, prefix: str) -> list[tuple[str, str, datetime]]:
    """Those that are held now: name (which begins so), holder, until when."""
    query = (
        select(leases)
        .where(leases.c.name.startswith(prefix, autoescape=True), leases.c.expires_at > database_time())
        .order_by(leases.c.name)
    )
    return [(row.name, row.holder, row.expires_at) for row in connection.execute(query)]


def forget(connection: Connection, prefix: str, ended: timedelta) -> None:
    """Removes leases whose name begins so and that ended so long ago."""
    connection.execute(
        delete(leases).where(
            leases.c.name.startswith(prefix, autoescape=True), leases.c.expires_at <= database_time(-ended)
        )
    )
