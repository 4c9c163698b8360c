"""Where the values of orders and customers stand: what every kind of source is told."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator

from tercera.model import CUSTOMER
from tercera.notation.dates import DateFormat, parse_format


class Timestamps(StrEnum):
    """What a stored timestamp without an offset means."""

    INSTANT = "instant"  # a point in time, kept in UTC
    LOCAL = "local"  # a wall clock in the source's time zone
    DATE = "date"  # a calendar day, kept as its midnight


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no IANA time zone; write one like Europe/Madrid") from None
    return name


def _known_format(text: str) -> str:
    parse_format(text)
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from None
    return text


Zone = Annotated[str, AfterValidator(_known_zone)]
FormatText = Annotated[str, AfterValidator(_known_format)]
Pattern = Annotated[str, AfterValidator(_pattern)]
FieldPath = Annotated[str, Field(min_length=1)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Derived(_Shape):
    """A value told from the shape of another: the name of the first of `patterns` that `from` contains.

    Where none fits it is `otherwise`; it is missing where `from` is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_alias=True, validate_by_name=True)

    source: FieldPath = Field(alias="from")
    patterns: dict[str, Pattern] = Field(min_length=1)
    otherwise: str | None = None


class OrderFields(_Shape):
    """Where an order's values stand: a column or, with dots, a path into a document."""

    order_id: FieldPath = "order_id"
    customer_id: FieldPath = "customer_id"
    status: FieldPath = "status"
    placed_at: FieldPath = "placed_at"
    amount: FieldPath | None = None
    fields: dict[str, FieldPath] = Field(
        default_factory=dict, description="more order fields, for `when` and `per`"
    )
    derive: dict[str, Derived] = Field(
        default_factory=dict, description="`status`, or more fields, told from the shape of another value"
    )
    formats: tuple[FormatText, ...] = Field(
        (), description="of `placed_at` text, tried in order; ISO 8601 when empty"
    )
    timestamps: Timestamps | None = Field(None, description="what a stored timestamp without an offset means")
    timezone: Zone | None = Field(None, description="of wall-clock times; the rules' zone when missing")
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(
        None, description="of `amount`, ISO 4217"
    )
    valid: dict[Literal["order_id", "customer_id", "status"], Pattern] = Field(
        default_factory=dict, description="patterns that a good value contains; others are rejects"
    )

    @property
    def date_formats(self) -> tuple[DateFormat, ...]:
        """The formats to try, in order."""
        from tercera.notation.dates import DEFAULT_FORMATS

        return tuple(parse_format(text) for text in self.formats or DEFAULT_FORMATS)

    @field_validator("derive")
    @classmethod
    def _only_what_can_be_derived(cls, derive: dict[str, Derived]) -> dict[str, Derived]:
        if known := sorted({CUSTOMER, "order_id", "customer_id", "placed_at", "amount"} & derive.keys()):
            raise ValueError(f"{', '.join(known)} can't be derived; derive status or a new field")
        return derive

    def path_of(self, name: str) -> str:
        """The path of a field by the name that rules use: a vocabulary word or one of `fields`.

        For a field of `derive`, of the value that it is told from.
        """
        if name in self.derive:
            return self.derive[name].source
        if name == CUSTOMER:
            return self.customer_id
        if name in ("order_id", "customer_id", "status"):
            return str(getattr(self, name))
        return self.fields[name]

    def pattern_of(self, name: str) -> str | None:
        """What a good value of a field contains, where that is said."""
        return next((pattern for field, pattern in self.valid.items() if field == name), None)

    @property
    def names(self) -> frozenset[str]:
        """The names that a rule's `when` and `per` may use."""
        return frozenset({"order_id", "customer_id", "status", *self.fields, *self.derive})


class CustomerFields(_Shape):
    """Where a customer's values stand."""

    id: FieldPath = "id"
    name: FieldPath | None = "name"
    email: FieldPath | None = "email"
    language: FieldPath | None = None
    timezone: FieldPath | None = None
    fields: dict[str, FieldPath] = Field(
        default_factory=dict, description="more customer fields, for `notify`"
    )

    @field_validator("fields")
    @classmethod
    def _only_new_names(cls, fields: dict[str, str]) -> dict[str, str]:
        if known := sorted({"id", "name", "email", "language", "timezone"} & fields.keys()):
            raise ValueError(f"{', '.join(known)} has a key of its own; write it beside fields")
        return fields


@lru_cache(maxsize=1024)
def zone_or_none(name: str | None) -> str | None:
    """The name of an IANA zone, None where a directory holds something else."""
    try:
        return _known_zone(name.strip()) if name else None
    except ValueError:
        return None
