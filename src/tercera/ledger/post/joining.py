"""Messages that more may be said in: those that wait for the end of a run, for a time of the day, or for
somebody to release them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from tercera.ledger.batches import write_many
from tercera.ledger.tables import messages, runs
from tercera.messages import NoticeState

Place = tuple[str, str, str]
"""Where notices share a message: the bundle's name, the channel, the recipient."""

_AT = (
    select(messages)
    .where(
        messages.c.channel == bindparam("to"),
        messages.c.recipient == bindparam("whom"),
        messages.c.bundle == bindparam("bundle"),
    )
    .with_for_update()
)


def open_messages(
    connection: Connection, places: Iterable[Place], state: NoticeState, now: datetime
) -> dict[Place, int]:
    """The message of each place that has one in this state which nobody can have tried to send yet. They stay
    as they are until the transaction ends."""
    found: dict[Place, int] = {}
    for place in set(places):
        bundle, channel, recipient = place
        for row in connection.execute(_AT, {"bundle": bundle, "to": channel, "whom": recipient}):
            # Judged here: an index on the state would lead the engine through everything that is pending.
            untried = row.state == state.value and row.claimed_at is None and row.attempts == 0
            if untried and (row.due_at > now or state is NoticeState.HELD):
                found[place] = row.id
    return found


def add(connection: Connection, counts: Mapping[int, int]) -> None:
    """Messages (by id) carry so many notices more."""
    more = (
        update(messages)
        .where(messages.c.id == bindparam("message"))
        .values(notices=messages.c.notices + bindparam("more"))
    )
    write_many(connection, more, ({"message": each, "more": count} for each, count in counts.items()))


def run_ended(connection: Connection, run: int, now: datetime) -> None:
    """What waits for the end of a run is due."""
    waiting = messages.c.run == run, messages.c.state == NoticeState.PENDING.value, messages.c.due_at > now
    connection.execute(update(messages).where(*waiting).values(due_at=now))
    connection.execute(update(messages).where(messages.c.run == run).values(run=None))


def last_run_ended(connection: Connection, run: int, now: datetime) -> None:
    """The same for the run before this one, if it was killed. Only where a single process can be running: on
    SQLite."""
    if connection.dialect.name != "sqlite":
        return  # another instance may be in the middle of it; its messages become due by themselves
    query = select(runs.c.id, runs.c.finished_at).where(runs.c.id < run).order_by(runs.c.id.desc()).limit(1)
    before = connection.execute(query).one_or_none()
    if before is not None and before.finished_at is None:
        run_ended(connection, before.id, now)
