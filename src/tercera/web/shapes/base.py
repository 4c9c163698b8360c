"""What all shapes have in common: exact names, amounts as texts, instants as RFC 3339."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)

LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""No decision ends later: a time must be one in every zone."""


class Given(BaseModel):
    """What the API answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Asked(BaseModel):
    """What the API is asked: a name that it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _to_come(moment: datetime) -> datetime:
    if moment > LATEST:
        raise ValueError("lies beyond the calendar")
    return moment


def _written(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("write it as a text")
    if isinstance(value, str) and "-" not in value[1:]:
        raise ValueError("write it like 2026-11-22, an instant like 2026-11-22T09:00:00-05:00")
    return value


def _plain(amount: Decimal) -> str:
    return format(amount, "f")


Id = Annotated[int, Field(ge=1, lt=2**63)]
StrictId = Annotated[StrictInt, Field(ge=1, lt=2**63)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
"""An id of a customer, a rule, a channel: texts of the shop."""

Said = Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)]
Amount = Annotated[
    Decimal,
    PlainSerializer(_plain, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["59.90"]}),
]
Placed = date | datetime
Day = Annotated[date, BeforeValidator(_written)]
"""A calendar day as a text: a number is none."""

Ending = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_to_come)]
