"""Which stored values of `placed_at` can lie in some days: filters on the raw field, so that an index serves.

They let too much through (a margin where a zone may shift the day) and never too little, except for values
that no date can be read from; those are looked for by `undatable`, in the few places of the index where they
gather.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bson import Regex

from tercera.fields import OrderFields
from tercera.mongo.pipelines.zones import EARLIEST, LATEST
from tercera.notation.dates import DateFormat

Filter = dict[str, Any]
Days = tuple[date | None, date | None]
"""From the first day up to and without the last; None for no bound."""

_MARGIN = timedelta(days=2)
"""No two offsets from UTC are further apart than this."""

_MOST_PREFIXES = 800
"""More days than this are not listed one by one: all texts are read."""

_TEXTS: Filter = {"$type": "string"}
_OTHER_TYPES = ["number", "object", "binData", "objectId", "bool", "regex", "timestamp", "javascript"]
_STARTS = {"Y": ("19", "21"), "m": ("0", "2"), "d": ("0", "4"), "H": ("0", "3")}
"""Between which texts a value lies whose first directive is this one."""


def placed_within(
    path: str, fields: OrderFields, zone: str, days: Sequence[Days], types: Collection[str]
) -> Filter | None:
    """The filter for values of these days, or None for everything."""
    if any(each == (None, None) for each in days):
        return None
    conditions: list[Any] = []
    if "string" in types:
        conditions += _texts(fields, zone, days)
    if "date" in types:
        conditions += [_stored(each) for each in days]
    return _any_of(path, conditions)


def undatable(path: str, fields: OrderFields, read: Filter | None) -> Filter:
    """The filter for values that are no date whatever the day: missing, of another type, or a text that sorts
    outside of everything that a format can write, unless `read` (of `placed_within`) has every text."""
    every_text = read is not None and {path: _TEXTS} in (read, *read.get("$or", ()))
    strange = [] if every_text else _strange_texts(path, fields)
    return {"$or": [{path: None}, {path: {"$type": _OTHER_TYPES}}, *strange]}


def text_of_day(fields: OrderFields, day: date) -> str | None:
    """Before which text every earlier day's texts sort, and no text of this day or a later one. None when the
    formats do not agree on one."""
    found = {form.day_prefix(day) if form.sorts_by_day else None for form in fields.date_formats}
    return found.pop() if len(found) == 1 else None


def _texts(fields: OrderFields, zone: str, days: Sequence[Days]) -> Iterator[Any]:
    """Conditions on texts: ranges where the year comes first, else the beginnings of the days' texts."""
    ranges: list[tuple[str, str]] = []
    for form in fields.date_formats:
        shifts = form.has_time and (form.has_offset or (fields.timezone or zone) != zone)
        margin = _MARGIN if shifts else timedelta(0)
        if form.sorts_by_day:
            ranges += [_range_of_days(form, each, margin) for each in days]
        else:
            yield _listed(form, days, margin)
    for low, high in _merged(ranges):
        yield {"$gte": low, "$lt": high}


def _range_of_days(form: DateFormat, days: Days, margin: timedelta) -> tuple[str, str]:
    """All texts of the days, and no text that `undatable` looks for."""
    lowest, highest = _STARTS["Y"]
    first, last = days
    low = form.day_prefix(first - margin) if first and first >= EARLIEST + margin else lowest
    high = form.day_prefix(last + margin) if last and last < LATEST - margin else highest
    assert low is not None
    assert high is not None
    return low, high


def _merged(ranges: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The same texts in as few ranges as can be: each is a scan of its own."""
    reached: tuple[str, str] | None = None
    for low, high in sorted(ranges):
        if reached is None or low > reached[1]:
            if reached is not None:
                yield reached
            reached = low, high
        else:
            reached = reached[0], max(reached[1], high)
    if reached is not None:
        yield reached


def _listed(form: DateFormat, days: Sequence[Days], margin: timedelta) -> Filter:
    prefixes = _prefixes(form, days, margin)
    if prefixes is None:
        return _TEXTS
    if not form.has_time and form.parts[-1][0]:
        return {"$in": prefixes}
    # The server sees that a pattern is a plain beginning only when it is quoted as a whole.
    return {"$in": [Regex(rf"^\Q{prefix}\E") for prefix in prefixes]}


def _prefixes(form: DateFormat, days: Sequence[Days], margin: timedelta) -> list[str] | None:
    """What the texts of these days begin with, or None when that can't be listed."""
    found: set[str] = set()
    for first, last in days:
        if first is None or last is None:
            return None
        day, end = max(first, EARLIEST) - margin, min(last, LATEST) + margin
        while day < end:
            prefix = form.day_prefix(day)
            if prefix is None or "\\" in prefix or len(found) >= _MOST_PREFIXES:
                return None
            found.add(prefix)
            day += timedelta(days=1)
    return sorted(found)


def _stored(days: Days) -> Filter:
    first, last = days
    bounds: Filter = {}
    if first is not None and first - date.min > _MARGIN:
        bounds["$gte"] = datetime.combine(first - _MARGIN, time(), UTC)
    if last is not None and date.max - last > _MARGIN:
        bounds["$lt"] = datetime.combine(last + _MARGIN, time(), UTC)
    return bounds or {"$type": "date"}


def _any_of(path: str, conditions: list[Any]) -> Filter:
    distinct = [each for place, each in enumerate(conditions) if each not in conditions[:place]]
    if _TEXTS in distinct:
        distinct = [each for each in distinct if not _is_of_text(each)] + [_TEXTS]
    if len(distinct) == 1:
        return {path: distinct[0]}
    return {"$or": [{path: each} for each in distinct]} if distinct else {path: {"$in": []}}


def _is_of_text(condition: Filter) -> bool:
    values = condition.get("$in", list(condition.values()))
    return not any(isinstance(value, datetime) for value in values)


def _strange_texts(path: str, fields: OrderFields) -> Iterator[Filter]:
    """The gaps between the ranges of text that the formats can write."""
    ranges = sorted(_range_of(form) for form in fields.date_formats)
    reached = ""
    for low, high in ranges:
        if low > reached:
            yield {path: {"$gte": reached, "$lt": low}}
        reached = max(reached, high)
    yield {path: {"$gte": reached}}


def _range_of(form: DateFormat) -> tuple[str, str]:
    is_directive, part = form.parts[0]
    if is_directive:
        return _STARTS[part]
    return part, part[:-1] + chr(ord(part[-1]) + 1)
