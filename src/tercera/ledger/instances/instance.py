"""This process among those that share a ledger: its name, and what it has claimed.

On PostgreSQL an instance's claims are its own for as long as its lease lasts, which is renewed while it
lives. What it may still send it knows by a clock of its own, counted from before it asked: a process that
stood still for longer than its lease sends nothing that another may have sent meanwhile. A SQLite ledger has
one instance, and what that has claimed is its own.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, Engine, delete, literal, or_, select
from sqlalchemy.dialects.postgresql import insert

from tercera.errors import LedgerError
from tercera.ledger.database.engine import is_shared, written
from tercera.ledger.instances import leases
from tercera.ledger.instances.clock import database_time, uptime
from tercera.ledger.tables import leases as table
from tercera.ledger.tables import messages

PREFIX = "instance:"
LEASE = timedelta(seconds=60)
MARGIN = 0.25
"""What has to be left of the lease for a message to be sent, as a share: sending takes time too."""


class Instance:
    """May be used by several threads."""

    def __init__(self, engine: Engine, lease: timedelta) -> None:
        self._engine = engine
        self.lease = lease
        self.host, self.pid = socket.gethostname(), os.getpid()
        self.name = f"{self.host}:{self.pid}:{secrets.token_hex(4)}"
        self.shared = is_shared(engine)
        self._claimed: set[str] = set()
        self._until = float("-inf")
        self._lock = threading.Lock()

    def present(self, connection: Connection) -> float:
        """Renews the lease in this transaction; what it gives is for `was_present`, after the commit."""
        asked = uptime()
        if self.shared:
            ends = database_time(self.lease)
            row = insert(table).values(name=PREFIX + self.name, token=1, holder=self.name, expires_at=ends)
            connection.execute(
                row.on_conflict_do_update(index_elements=[table.c.name], set_={"expires_at": ends})
            )
        return asked

    def was_present(self, asked: float) -> None:
        """Says that the renewal which was asked for then is committed. Where it came too late, everything
        that was claimed before may be another's."""
        with self._lock:
            if uptime() >= self._until:
                self._claimed.clear()
            self._until = max(self._until, asked + self.lease.total_seconds())

    def renew(self) -> None:
        """The lease, for as long again."""
        self.was_present(written(self._engine, self.present))

    def claimed(self, keys: Iterable[str]) -> None:
        """Notes the messages that it has."""
        with self._lock:
            self._claimed.update(keys)

    def settled(self, keys: Iterable[str]) -> None:
        """They are nobody's any more."""
        with self._lock:
            self._claimed.difference_update(keys)

    def released(self) -> None:
        """It has none any more."""
        with self._lock:
            self._claimed.clear()

    def still_has(self, key: str) -> bool:
        """Whether a message that was claimed may be sent."""
        if not self.shared:
            return True
        with self._lock:
            return key in self._claimed and uptime() < self._until - MARGIN * self.lease.total_seconds()

    def enter(self) -> None:
        """Makes itself known to the others; forgets those that are long gone."""

        def make_known(connection: Connection) -> float:
            leases.forget(connection, PREFIX, timedelta(days=1))
            return self.present(connection)

        self.was_present(written(self._engine, make_known))

    def leave(self) -> None:
        """The others need not wait for its lease to end. Where it can't say so, they do."""
        with suppress(LedgerError):
            row = delete(table).where(table.c.name == PREFIX + self.name)
            written(self._engine, lambda connection: connection.execute(row))


def is_free(instance: Instance) -> ColumnElement[bool]:
    """Of a message: that nobody has claimed it, or an instance that is gone."""
    unclaimed = messages.c.claimed_at.is_(None)
    if not instance.shared:
        return unclaimed
    name = literal(PREFIX) + messages.c.claimed_by
    lives = select(literal(1)).where(table.c.name == name, table.c.expires_at > database_time())
    return or_(unclaimed, ~lives.exists())
