"""Amounts as the server gives them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from bson import Decimal128

_PLACES = Decimal("0.0001")


def money(stored: Any) -> Decimal | None:
    """With four decimals; None for none."""
    if stored is None:
        return None
    number = stored.to_decimal() if isinstance(stored, Decimal128) else Decimal(stored)
    return number.quantize(_PLACES)


def total(amounts: Iterable[Any]) -> dict[str, Decimal | None]:
    """Their sum `a` and the largest `h`, None when there is none."""
    known = [number for number in map(money, amounts) if number is not None]
    return {"a": sum(known, Decimal(0)), "h": max(known, default=None)}
