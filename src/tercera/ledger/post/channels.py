"""Channels whose other side is away: each method is one transaction of `circuits`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, Engine

from tercera.ledger.database.engine import reading, writing, written
from tercera.ledger.people import audit
from tercera.ledger.people.audit import Telling
from tercera.ledger.post import circuits, succession
from tercera.ledger.post.circuits import Circuit
from tercera.telling.succession import Recipients


class Channels:
    """The pauses of channels. Every method raises `LedgerError`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def circuits(self) -> dict[str, Circuit]:
        """The channels whose other side is away, by name."""
        with reading(self._engine) as connection:
            return circuits.open_circuits(connection)

    def open_circuit(self, channel: str, now: datetime, retry_at: datetime, words: str) -> bool:
        """Leaves a channel alone for now; False when it was already."""
        with writing(self._engine) as connection:
            return circuits.open_circuit(connection, channel, now, retry_at, words)

    def begin_probe(self, circuit: Circuit, until: datetime) -> bool:
        """Whether the caller may look if the channel is back: nobody else does `until` then."""
        with writing(self._engine) as connection:
            return circuits.begin_probe(connection, circuit, until)

    def keep_open(self, channel: str, retry_at: Callable[[int], datetime], words: str) -> None:
        """The channel is still away; `retry_at` tells the next look from the number of failures."""
        with writing(self._engine) as connection:
            circuits.keep_open(connection, channel, retry_at, words)

    def close_circuit(self, channel: str) -> bool:
        """The channel is back; False when it never was away."""
        with writing(self._engine) as connection:
            return circuits.close_circuit(connection, channel)

    def end_pauses(self, channels: Collection[str] | None, now: datetime) -> int:
        """Lets these channels, or all, be looked at again at once; gives how many were left alone."""
        with writing(self._engine) as connection:
            return circuits.end_pauses(connection, channels, now)

    def used(self) -> list[str]:
        """Every channel that anything was ever written by."""
        with reading(self._engine) as connection:
            return succession.used(connection)

    def recipients(self, channel: str) -> Recipients:
        """Whom a channel wrote to; None: to customers."""
        with reading(self._engine) as connection:
            return succession.recipients(connection, channel)

    def rename(self, names: Mapping[str, str]) -> None:
        """Channels (old name → new one) are called otherwise now, with all that is theirs."""
        written(self._engine, lambda connection: succession.rename(connection, names))

    def stranded(self, configured: Collection[str]) -> dict[str, int]:
        """How many notices wait for channels that are not configured, by channel."""
        with reading(self._engine) as connection:
            return succession.stranded(connection, configured)

    def discard(self, channel: str, now: datetime, *, telling: Telling[int] | None = None) -> int:
        """Puts what waits for a channel aside for good; gives how many notices."""

        def work(connection: Connection) -> int:
            return audit.recorded(connection, succession.discard(connection, channel, now), telling)

        return written(self._engine, work)
