"""Channels whose other side is away: since when, and when to look again. A channel without a row is well.

They are kept here so that every run and every instance leaves such a channel alone, not only the one that
found it so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tercera.ledger import codec
from tercera.ledger.tables import circuits

_INSERT: dict[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True)
class Circuit:
    """An open circuit: nothing of the channel is claimed before `retry_at`, then one message probes it.
    `failures` in a row; `words` say what stood in the way the last time."""

    channel: str
    failures: int
    opened_at: datetime
    retry_at: datetime
    words: str


def open_circuits(connection: Connection) -> dict[str, Circuit]:
    """Those that are open, by channel."""
    rows = connection.execute(select(circuits).order_by(circuits.c.channel))
    return {row.channel: Circuit(**row._mapping) for row in rows}


def open_circuit(connection: Connection, channel: str, now: datetime, retry_at: datetime, words: str) -> bool:
    """Opens a channel's circuit after a first failure; False when it was open already."""
    insert = _INSERT[connection.dialect.name](circuits)
    values = {
        "channel": channel,
        "failures": 1,
        "opened_at": now,
        "retry_at": retry_at,
        "words": codec.words_text(words),
    }
    return bool(connection.execute(insert.values(values).on_conflict_do_nothing()).rowcount)


def begin_probe(connection: Connection, circuit: Circuit, until: datetime) -> bool:
    """Gives the probe to one caller: the others leave the channel alone `until` then, and so does everybody
    should that caller die."""
    return bool(
        connection.execute(
            update(circuits)
            .where(circuits.c.channel == circuit.channel, circuits.c.retry_at == circuit.retry_at)
            .values(retry_at=until)
        ).rowcount
    )


def keep_open(connection: Connection, channel: str, retry_at: Callable[[int], datetime], words: str) -> None:
    """A probe failed: `retry_at` says how long to wait after so many failures."""
    failures = connection.execute(select(circuits.c.failures).where(circuits.c.channel == channel)).scalar()
    failures = (failures or 0) + 1
    connection.execute(
        update(circuits)
        .where(circuits.c.channel == channel)
        .values(failures=failures, retry_at=retry_at(failures), words=codec.words_text(words))
    )


def close_circuit(connection: Connection, channel: str) -> bool:
    """The other side is back; False when the circuit was closed already."""
    return bool(connection.execute(delete(circuits).where(circuits.c.channel == channel)).rowcount)


def end_pauses(connection: Connection, channels: Collection[str] | None, now: datetime) -> int:
    """Lets these channels (None: all) be probed at once; gives how many were paused."""
    query = update(circuits).where(circuits.c.retry_at > now).values(retry_at=now)
    if channels is not None:
        query = query.where(circuits.c.channel.in_(sorted(channels)))
    return connection.execute(query).rowcount
