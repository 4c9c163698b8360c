"""When an order was placed, as one expression: date texts in several formats, stored dates, or both.

Its value is the wall clock of the rule's zone, kept as a date as if that clock ran in UTC, so that windows
and sorting need no zone at all. Where more must be known it is {w: that wall clock, c: a code}: 0 for a
calendar day without a time, else 1 + fold + 4 × the microseconds that a stored date has no room for. Such
values sort by time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tercera.fields import OrderFields, Timestamps
from tercera.model import Placed
from tercera.mongo.pipelines.expressions import Expression, either, fits, literal, type_is
from tercera.mongo.pipelines.zones import Span, fold_of_instant, instant_of_wall, wall_of_instant
from tercera.notation.dates import DateFormat

DAY_CODE = 0
TIME_CODE = 1

_READABLE = (datetime(1, 1, 3), datetime(9999, 12, 29))  # noqa: DTZ001 - wall clocks
"""Stored dates beyond these have no calendar day in Python in every zone."""

_PLAIN = frozenset("-/.:T ")
"""What may stand between the directives of a format that the server reads as it is written."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The expression of `placed_at`, and the code of all its values when they have the same one."""

    value: Expression
    code: int | None

    def wall(self, value: Expression) -> Expression:
        """The wall clock within a value of the expression; null when it could not be read."""
        return value if self.code is not None else _member(value, "w")

    def read(self, stored: Any, zone: str) -> Placed:
        """What the server answered, as the moment that it is."""
        if self.code is not None:
            wall, code = stored, self.code
        else:
            wall, code = stored["w"], int(stored["c"])
        assert isinstance(wall, datetime)
        if code == DAY_CODE:
            return wall.date()
        micro = timedelta(microseconds=code // 4)
        return (wall + micro).replace(tzinfo=ZoneInfo(zone), fold=code % 4 - TIME_CODE)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read a value. `parsed` gives a date as the server reads it, or null; `wall` and `code` are
    of `$$parsed`. `parts` are the captures of a text, where parsing needs them as `$$parts`."""

    parsed: Expression
    wall: Expression
    code: Expression
    parts: Expression = None

    def value(self, uniform: bool) -> Expression:
        """Null when it can't be read."""
        read = self.parsed
        if not uniform or self.wall != "$$parsed":
            made = self.wall if uniform else {"w": self.wall, "c": self.code}
            known = either({"$eq": ["$$parsed", None]}, None, made)
            read = {"$let": {"vars": {"parsed": self.parsed}, "in": known}}
        return read if self.parts is None else {"$let": {"vars": {"parts": self.parts}, "in": read}}


def moment_of(
    value: Expression, fields: OrderFields, zone: str, types: Collection[str], span: Span
) -> Moment:
    """How to read `placed_at`. `types` are those that occur, of `string` and `date`."""
    source_zone = fields.timezone or zone
    texts = [_text(value, each, source_zone, zone, span) for each in fields.date_formats]
    texts = texts if "string" in types else []
    stored = [_stored(value, fields, source_zone, zone, span)] if "date" in types else []
    codes = [reading.code for reading in (*texts, *stored)]
    uniform = all(isinstance(code, int) and code == codes[0] for code in codes)
    text_value = {"$ifNull": [*(reading.value(uniform) for reading in texts), None]} if texts else None
    date_value = stored[0].value(uniform) if stored else None
    read = either(type_is(value, "string"), text_value, either(type_is(value, "date"), date_value, None))
    return Moment(read, codes[0] if uniform and codes else None)


def _stored(value: Expression, fields: OrderFields, source_zone: str, zone: str, span: Span) -> _Reading:
    first, last = _READABLE
    parsed = either({"$and": [{"$gte": [value, first]}, {"$lte": [value, last]}]}, value, None)
    match fields.timestamps or Timestamps.INSTANT:
        case Timestamps.DATE:
            return _Reading(parsed, {"$dateTrunc": {"date": "$$parsed", "unit": "day"}}, DAY_CODE)
        case Timestamps.LOCAL if source_zone == zone:
            return _Reading(parsed, "$$parsed", TIME_CODE)
        case Timestamps.LOCAL:
            return _instant(_read_wall(parsed, source_zone, span), zone, span)
        case _:
            return _instant(parsed, zone, span)


def _instant(parsed: Expression, zone: str, span: Span, parts: Expression = None) -> _Reading:
    fold = fold_of_instant("$$parsed", zone, span)
    code = fold + TIME_CODE if isinstance(fold, int) else {"$add": [fold, TIME_CODE]}
    return _Reading(parsed, wall_of_instant("$$parsed", zone, span), code, parts)


def _read_wall(parsed: Expression, source_zone: str, span: Span) -> Expression:
    return {"$let": {"vars": {"wall": parsed}, "in": instant_of_wall("$$wall", source_zone, span)}}


def _text(value: Expression, form: DateFormat, source_zone: str, zone: str, span: Span) -> _Reading:
    needs_parts = bool(form.directives & {"f", "z"}) or not all(
        is_directive or set(part) <= _PLAIN for is_directive, part in form.parts
    )
    parts = _captures(value, form) if needs_parts else None
    parsed = _parsed_parts(form) if needs_parts else _parsed_whole(value, form)
    if not form.has_time:
        return _Reading(parsed, "$$parsed", DAY_CODE, parts)
    if form.has_offset:
        reading = _instant({"$subtract": [parsed, _offset(_capture(form, "z"))]}, zone, span, parts)
    elif source_zone == zone:
        reading = _Reading(parsed, "$$parsed", TIME_CODE, parts)
    else:
        reading = _instant(_read_wall(parsed, source_zone, span), zone, span, parts)
    if "f" not in form.directives:
        return reading
    return _with_fraction(reading, _capture(form, "f"))


def _parsed_whole(value: Expression, form: DateFormat) -> Expression:
    """The server reads every number leniently, so the pattern is asked first; that a day is on the calendar
    it knows itself."""
    read = {"$dateFromString": {"dateString": value, "format": form.text, "onError": None}}
    return either(fits(value, rf"^{form.pattern}\z"), read, None)


def _captures(value: Expression, form: DateFormat) -> Expression:
    """The texts of the directives, in order; null when the value does not fit."""
    pattern = "".join(
        f"({_single(part).replace('(', '(?:')})" if is_directive else DateFormat("", ((False, part),)).pattern
        for is_directive, part in form.parts
    )
    found = {"$regexFind": {"input": value, "regex": literal(rf"^{pattern}\z")}}
    return _member(found, "captures")


def _single(directive: str) -> str:
    return DateFormat("", ((True, directive),)).pattern


def _capture(form: DateFormat, directive: str) -> Expression:
    letters = [part for is_directive, part in form.parts if is_directive]
    return {"$arrayElemAt": ["$$parts", letters.index(directive)]}


def _parsed_parts(form: DateFormat) -> Expression:
    def of(directive: str) -> Expression:
        return _capture(form, directive) if directive in form.directives else "00"

    text = {"$concat": [of("Y"), "-", of("m"), "-", of("d"), "T", of("H"), ":", of("M"), ":", of("S")]}
    return {"$dateFromString": {"dateString": text, "format": "%Y-%m-%dT%H:%M:%S", "onError": None}}


def _offset(text: Expression) -> Expression:
    """`Z`, `+05:30` or `-0300` in milliseconds."""
    minutes = {
        "$add": [
            {"$multiply": [60, {"$toInt": {"$substrBytes": [text, 1, 2]}}]},
            {"$toInt": {"$substrBytes": [text, {"$subtract": [{"$strLenBytes": text}, 2]}, 2]}},
        ]
    }
    sign = either({"$eq": [{"$substrBytes": [text, 0, 1]}, "-"]}, -60_000, 60_000)
    known = either({"$eq": [text, "Z"]}, 0, {"$multiply": [sign, minutes]})
    return either({"$eq": [text, None]}, 0, known)


def _with_fraction(reading: _Reading, digits: Expression) -> _Reading:
    """Milliseconds belong to the wall clock, the rest to the code."""
    six = {"$substrBytes": [{"$concat": [digits, "00000"]}, 0, 6]}
    wall = {"$add": [reading.wall, {"$toInt": {"$substrBytes": [six, 0, 3]}}]}
    rest = {"$toInt": {"$substrBytes": [six, 3, 3]}}
    return _Reading(reading.parsed, wall, {"$add": [reading.code, {"$multiply": [4, rest]}]}, reading.parts)


def _member(value: Expression, name: str) -> Expression:
    if isinstance(value, str) and value.startswith("$"):
        return f"{value}.{name}"
    return {"$getField": {"field": name, "input": value}}
