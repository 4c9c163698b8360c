"""An order as it is handed in, alone or as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from tercera.errors import TerceraError

MOST = 10_000
"""Orders in one request."""

_SHOWN = 20
"""Mistakes that are told at once."""


class BatchError(TerceraError):
    """Some lines of a batch are no orders; nothing of it was kept. `mistakes` says which, and why."""

    exit_code = 2

    def __init__(self, mistakes: list[tuple[int, str]], lines: int) -> None:
        self.mistakes = mistakes[:_SHOWN]
        first = "; ".join(f"line {line}: {what}" for line, what in mistakes[:3])
        super().__init__(
            f"{len(mistakes)} of {lines} lines are no orders, and nothing was kept: {first}; correct them "
            "and send all of it again"
        )


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("has no offset; write one like 2026-11-05T10:00:00-05:00")
    return moment


Id = Annotated[str, Field(min_length=1, max_length=1000)]
Aware = Annotated[datetime, AfterValidator(_aware)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class PushedCustomer(_Shape):
    """What is known of who ordered. What is missing stays as it was handed in before."""

    name: Annotated[str, Field(max_length=1000)] | None = None
    email: Annotated[str, Field(max_length=1000)] | None = None
    language: Annotated[str, Field(max_length=35)] | None = Field(None, description="like `es-CO`")


class PushedOrder(_Shape):
    """An order as it is now. Handed in again, it takes the place of what was there before."""

    order_id: Id
    customer_id: Id
    status: Id
    placed_at: Aware | date = Field(description="a time with its offset, or a calendar day")
    amount: Decimal | None = Field(None, max_digits=18, decimal_places=4)
    changed_at: Aware | None = Field(
        None,
        description="when it became so; what is older than what is there already is left out, so that "
        "messages may come in any order",
    )
    customer: PushedCustomer | None = None
    fields: dict[str, str] = Field(
        default_factory=dict, description="more order fields, those that the source's `fields` name"
    )

    @field_validator("placed_at", mode="before")
    @classmethod
    def _day_or_time(cls, value: Any) -> Any:
        """A day stays a day: Pydantic would make midnight of it."""
        if isinstance(value, str) and len(value) == len("2026-11-05"):
            return date.fromisoformat(value)
        return value


def read_orders(body: bytes, *, lines: bool) -> list[PushedOrder]:
    """The orders of a request: an object or an array, or an object on each of its `lines`. BatchError says
    what is wrong with which."""
    found: list[PushedOrder] = []
    mistakes: list[tuple[int, str]] = []
    count = 0
    for number, raw in _lines(body) if lines else _whole(body):
        count += 1
        if count > MOST:
            raise BatchError([(number, f"more than {MOST:,} orders at once; send them in parts")], count)
        try:
            found.append(
                PushedOrder.model_validate_json(raw)
                if isinstance(raw, bytes)
                else PushedOrder.model_validate(raw)
            )
        except ValidationError as error:
            mistakes.append((number, _words(error)))
    if mistakes:
        raise BatchError(mistakes, count)
    return found


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip())


def _whole(body: bytes) -> Iterator[tuple[int, Any]]:
    try:
        value = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise BatchError([(1, f"is no JSON: {error}")], 1) from None
    return enumerate(value if isinstance(value, list) else [value], 1)


def _words(error: ValidationError) -> str:
    """Every field that is wrong, once: what may be a time or a day is told as the first."""
    wrong: dict[str, str] = {}
    for each in error.errors(include_url=False, include_input=False):
        place = each["loc"][:1] if each["loc"][:1] == ("placed_at",) else each["loc"]
        field = ".".join(map(str, place)) or "it"
        wrong.setdefault(field, each["msg"].removeprefix("Value error, "))
    return ", ".join(f"{field}: {what}" for field, what in wrong.items())
