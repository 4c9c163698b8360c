"""The numbers of alerts, messages, notices and transitions: counted in the ledger, drawn inside the writing
transaction."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, select, update

from tercera.ledger.tables import ledger


class First(NamedTuple):
    """The first of the numbers that were drawn, of each kind."""

    alert: int
    message: int
    notice: int
    transition: int


def draw(
    connection: Connection, *, alerts: int = 0, messages: int = 0, notices: int = 0, transitions: int = 0
) -> First:
    """Draws so many of each kind."""
    row = connection.execute(
        update(ledger)
        .values(
            last_alert=ledger.c.last_alert + alerts,
            last_message=ledger.c.last_message + messages,
            last_notice=ledger.c.last_notice + notices,
            last_transition=ledger.c.last_transition + transitions,
        )
        .returning(ledger.c.last_alert, ledger.c.last_message, ledger.c.last_notice, ledger.c.last_transition)
    ).one()
    return First(
        row.last_alert - alerts + 1,
        row.last_message - messages + 1,
        row.last_notice - notices + 1,
        row.last_transition - transitions + 1,
    )


def first_of_all(connection: Connection) -> None:
    """Lets one transaction at a time decide about alerts and draw ids, on an engine with several writers.

    Called before anything else is read or written: so what is read is what the one before has written, and
    no two wait for each other.
    """
    connection.execute(select(ledger.c.id).with_for_update())  # SQLite has one writer, and leaves it out
