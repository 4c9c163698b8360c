"""Notices by state and channel, a page at a time: for people who look for what did not arrive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from tercera.ledger.post.deliveries import Delivery, deliveries_by, query_of_deliveries
from tercera.ledger.tables import messages, microseconds, moment, notices
from tercera.messages import NoticeState


@dataclass(frozen=True, slots=True)
class NoticePage:
    """Some notices, the newest first (of one state: the last due first), and the place after which the next
    page begins, None on the last one."""

    notices: tuple[Delivery, ...]
    after: str | None


def notice_page(
    connection: Connection, state: NoticeState | None, channel: str | None, place: str | None, limit: int
) -> NoticePage:
    """At most `limit`, after a place. One that is none is as good as the beginning."""
    query = query_of_deliveries().limit(limit + 1)
    if channel is not None:
        query = query.where(messages.c.channel == channel)
    query = _of_state(query, state, place) if state is not None else _of_all(query, place)
    found = deliveries_by(connection, query)
    more = len(found) > limit
    return NoticePage(tuple(found[:limit]), _place(connection, found[limit - 1]) if more else None)


def _of_all(query: Select[*tuple[Any, ...]], place: str | None) -> Select[*tuple[Any, ...]]:
    if (at := _read(place)) is not None:
        query = query.where(notices.c.id < at[2])
    return query.order_by(notices.c.id.desc())


def _of_state(
    query: Select[*tuple[Any, ...]], state: NoticeState, place: str | None
) -> Select[*tuple[Any, ...]]:
    """By when they were last due, which the index of messages tells."""
    query = query.where(messages.c.state == state.value)
    if (at := _read(place)) is not None:
        due, message, notice = at
        same = and_(messages.c.id == message, notices.c.id < notice)
        query = query.where(
            messages.c.due_at <= due,
            or_(messages.c.due_at < due, messages.c.id < message, same),
        )
    return query.order_by(messages.c.due_at.desc(), messages.c.id.desc(), notices.c.id.desc())


def _place(connection: Connection, last: Delivery) -> str:
    row = connection.execute(
        select(messages.c.due_at, messages.c.id).where(messages.c.key == last.message)
    ).one()
    return f"{microseconds(row.due_at)}-{row.id}-{last.id}"


def _read(place: str | None) -> tuple[datetime, int, int] | None:
    parts = (place or "").split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 18 for part in parts):
        return None
    due, message, notice = map(int, parts)
    try:
        return moment(due), message, notice
    except OverflowError:
        return None
