"""Values as the ledger writes them: text that every engine keeps as it is.

Money is the text of the Decimal. A calendar day is `2023-06-09`, an instant `2023-06-09T10:00:00-05:00`: what
was a day never becomes a time. JSON is plain ASCII, so that no character of an order can be refused.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypedDict

from sqlalchemy import Row

from tercera.model import (
    Customer,
    Doubts,
    Evidence,
    Level,
    Placed,
    RejectReason,
    Standing,
    State,
    SubjectId,
    Tally,
    WindowId,
)

AnyRow = Row[*tuple[Any, ...]]
"""A row of whatever was selected; its columns are read by name."""

_encode = json.JSONEncoder(separators=(",", ":")).encode

_STATES = {state.value: state for state in State}
"""A sweep reads very many, and asking an enumeration takes five times as long."""

WORDS_LENGTH = 500
"""How much of the other side's words is kept, in characters."""

FIGURES_LENGTH = 100_000
"""How much the figures of our own notices may take. They are bounded where they are made."""


class TallyRow(TypedDict):
    """The columns of a tally, without the pair that it belongs to."""

    matched: int
    orders: int
    amount: str | None
    first_at: str | None
    last_at: str | None
    evidence: str


class StandingRow(TypedDict):
    """The columns of a standing."""

    state: str
    level: str | None
    peak: str | None
    spoken: bool


def tally_row(tally: Tally) -> TallyRow:
    """A tally as columns."""
    evidence = [
        (each.order_id, each.placed_at.isoformat(), each.status, _money(each.amount))
        for each in tally.evidence
    ]
    return TallyRow(
        matched=tally.matched,
        orders=tally.orders,
        amount=_money(tally.amount),
        first_at=tally.first_at.isoformat() if tally.first_at else None,
        last_at=tally.last_at.isoformat() if tally.last_at else None,
        evidence=_encode(evidence),
    )


def read_tally(row: AnyRow) -> Tally:
    """The tally in a row that also has `subject` and `window`."""
    return Tally(
        subject=SubjectId(row.subject),
        window=WindowId(row.window),
        matched=row.matched,
        orders=row.orders,
        amount=read_money(row.amount),
        first_at=_read_placed(row.first_at) if row.first_at else None,
        last_at=_read_placed(row.last_at) if row.last_at else None,
        evidence=tuple(
            Evidence(order_id, _read_placed(placed), status, read_money(amount))
            for order_id, placed, status, amount in json.loads(row.evidence)
        ),
    )


def digest_of(tally: Tally) -> str:
    """A short mark of a tally's matching orders: it differs when anything about them moved. How many others
    there are does not count: a sweep does not look at them."""
    return row_digest(tally_row(tally))


def row_digest(row: TallyRow) -> str:
    """The same mark, of a tally that is already written as columns."""
    text = "|".join(str(value) for name, value in row.items() if name != "orders")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def standing_row(standing: Standing) -> StandingRow:
    """A standing as columns."""
    return StandingRow(
        state=standing.state.value, level=standing.level, peak=standing.peak, spoken=standing.spoken
    )


def read_standing(row: AnyRow) -> Standing:
    """The standing in a row."""
    return standing_of(row.state, row.level, row.peak, spoken=row.spoken)


def standing_of(state: str, level: str | None, peak: str | None, *, spoken: bool) -> Standing:
    """The standing of these columns."""
    return Standing(_STATES[state], level, peak, spoken)


def customer_text(customer: Customer | None) -> str | None:
    """A directory entry, as it was when the notice was decided."""
    if customer is None:
        return None
    known = [customer.id, customer.name, customer.email, customer.language]
    more = [customer.timezone, customer.fields] if customer.timezone or customer.fields else []
    return _encode(known + more)


def read_customer(text: str | None) -> Customer | None:
    """The directory entry in a text."""
    if text is None:
        return None
    number, name, email, language, *more = json.loads(text)
    timezone, fields = more or (None, ())
    return Customer(number, name, email, language, timezone, tuple((key, value) for key, value in fields))


def doubts_text(doubts: Doubts) -> str | None:
    """Orders that could count, by reason."""
    return _encode({reason.value: count for reason, count in doubts}) if doubts else None


def read_doubts(text: str | None) -> Doubts:
    """The orders that could count in a text."""
    return tuple((RejectReason(reason), count) for reason, count in json.loads(text or "{}").items())


@lru_cache(maxsize=64)
def levels_text(levels: tuple[Level, ...]) -> str:
    """The levels of a rule, as they were when the notice was decided."""
    return _encode([(level.name, level.threshold) for level in levels])


@lru_cache(maxsize=64)
def read_levels(text: str | None) -> tuple[Level, ...]:
    """The levels in a text; none of a notice that was written before they were kept."""
    return tuple(Level(name, threshold) for name, threshold in json.loads(text or "[]"))


def words_text(words: str, limit: int = WORDS_LENGTH) -> str:
    """Words from outside, bounded and always writable: an answer in a broken encoding must not keep the
    receipt of a sent message from being written."""
    return words.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")[:limit]


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def read_money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _read_placed(text: str) -> Placed:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
