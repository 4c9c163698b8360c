"""A row of an answer, as every engine gives it."""

from __future__ import annotations

from typing import Any, NamedTuple


class Row(NamedTuple):
    """What comes back: numbers where `place` is -1 (of rejects maybe with the sample of each), else one order
    of the numbers before, or one reject."""

    reason: int | None
    subject: str | None
    opens: Any
    place: int
    rows: int
    matches: int
    matched: int
    orders: int
    pairs: int
    amount: Any
    first: int | None
    last: int | None
    newest: int | None
    order_id: str | None
    status: str | None
    sample: str | None
