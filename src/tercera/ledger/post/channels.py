"""Channels whose other side is away: each method is one transaction of `circuits`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import Engine

from tercera.ledger.database.engine import reading, writing
from tercera.ledger.post import circuits
from tercera.ledger.post.circuits import Circuit


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
