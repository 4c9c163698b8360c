"""Stored values as `expressions` and `moments` read them in the server, read here."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from bson import Decimal128, Int64, ObjectId

from tercera.fields import OrderFields, Timestamps
from tercera.model import Match, Placed
from tercera.mongo.pipelines.moments import DAY_CODE, TIME_CODE
from tercera.mongo.rows.columns import UncoveredError
from tercera.notation.dates import read_date
from tercera.orders import LONGEST_TEXT, SAMPLE_LENGTH
from tercera.windows import read_local

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_MOST_DIGITS = 34
_EXACT = 2**53
_LARGEST = Decimal(10**14)
_PLACES = Decimal("0.0001")

Instant = tuple[datetime, int]
"""By which orders are sorted: the wall clock to the millisecond, then what `moments` calls the code."""


def text_of(value: Any) -> str | None:
    """An id or a status as text; None when missing, blank, too long for one, or of no known type."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT and value.strip() else None
    if value is None:
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
    elif type(value) in (int, Int64, ObjectId):
        return str(value)
    raise UncoveredError


def is_missing(value: Any) -> bool:
    """Null, blank text, or the not-a-number that data frames write for an empty field."""
    return not value.strip() if isinstance(value, str) else value is None or value != value


def accepts(match: Match, text: str | None) -> bool:
    """Whether a text is one of the rule's values."""
    if text is None or not match.ignore_case:
        return text in match.values
    return text.lower() in {value.lower() for value in match.values}


@lru_cache(maxsize=64)
def pattern_of(pattern: str) -> re.Pattern[str]:
    r"""A pattern of the configuration: `$` at its end is the very end of the text."""
    strict = pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern
    return re.compile(strict, re.ASCII)


def placed_of(value: Any, fields: OrderFields, zone: str) -> Placed | None:
    """When a row was placed, in the rule's zone; None when that can't be read."""
    source_zone = fields.timezone or zone
    read: date | datetime | None
    if isinstance(value, str):
        read, timestamps = read_date(value, fields.date_formats), Timestamps.LOCAL
    elif isinstance(value, datetime):
        read, timestamps = value, fields.timestamps or Timestamps.INSTANT
    else:
        return None
    if not isinstance(read, datetime):
        return read
    if read.tzinfo is None:
        if timestamps is Timestamps.DATE:
            return read.date()
        local = timestamps is Timestamps.LOCAL
        read = read_local(read, source_zone) if local else read.replace(tzinfo=UTC)
    return read.astimezone(ZoneInfo(zone))


def instant_of(placed: Placed) -> Instant:
    """Sorts as the server does."""
    if not isinstance(placed, datetime):
        return datetime(placed.year, placed.month, placed.day), DAY_CODE  # noqa: DTZ001 - a wall clock
    rest = placed.microsecond % 1000
    wall = placed.replace(tzinfo=None, microsecond=placed.microsecond - rest, fold=0)
    return wall, TIME_CODE + placed.fold + 4 * rest


@lru_cache(maxsize=1 << 16, typed=True)
def _amount(value: str | float) -> Decimal | None:
    # The server turns a double into a decimal of fifteen digits.
    text = f"{value:.14e}" if isinstance(value, float) else str(value).strip()
    if not (found := _NUMBER.fullmatch(text)):
        return None
    # A text with more digits than the server's decimals have is rounded there before it is read.
    if sum(map(str.isdigit, found[1].lstrip("0."))) > _MOST_DIGITS:
        raise UncoveredError
    try:
        number = Decimal(text)
        return number.quantize(_PLACES) if abs(number) < _LARGEST else None
    except InvalidOperation:
        raise UncoveredError from None


def amount_of(value: Any) -> Decimal | None:
    """Money with four places at most, or None when it can't be read or is beyond 10^14."""
    # Sweep after sweep reads the same rows, so what was made of their amounts is kept.
    if isinstance(value, Decimal128):
        return _amount(str(value))
    return _amount(value) if type(value) in (str, int, float, Int64) else None


def shown(value: Any) -> str | None:
    """A value as text, cut to a bounded length; None when missing, its type's name when it has no text."""
    if value is None:
        return None
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return text[:SAMPLE_LENGTH] if type(value) not in (list, dict) else type(value).__name__
