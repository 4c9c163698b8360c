"""Readers of the transitions, and how far each has come: each method is one transaction of `passages`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from tercera.ledger.database.engine import reading, written
from tercera.ledger.looks import passages


class Readers:
    """The transitions of a ledger, for whoever follows them. Every method raises `LedgerError`."""

    def __init__(self, engine: Engine, identity: str) -> None:
        self._engine = engine
        self._identity = identity

    def passages(self, after: str | None = None, limit: int = 100) -> list[passages.Passage]:
        """Transitions in the order in which they were written, after a position or from the first: who
        remembers the last that they handled misses none. Raises `PlaceLostError`."""
        with reading(self._engine) as connection:
            return passages.passages(connection, after, limit)

    def present(self) -> str:
        """The position behind every transition so far."""
        with reading(self._engine) as connection:
            return passages.present(connection)

    def start(self) -> str:
        """The position before every transition."""
        return passages.position_text(self._identity, 0)

    def kept_position(self, reader: str) -> str | None:
        """How far a reader of the transitions has come; None for one who never was here."""
        with reading(self._engine) as connection:
            return passages.kept_position(connection, reader)

    def keep_position(self, reader: str, position: str, now: datetime) -> None:
        """A reader has handled everything up to here."""
        written(self._engine, lambda connection: passages.keep_position(connection, reader, position, now))
