"""The newest order of some days, by the index where there is one: how fresh the orders are.

Dates sort as they are stored. So do texts by day, where the formats begin with the year: from the end of the
index it is a few steps to one that can be read. What sorts otherwise is read for these days alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pymongo.collation import Collation
from pymongo.collection import Collection

from tercera.fields import OrderFields
from tercera.model import Placed
from tercera.mongo.pipelines.ranges import Filter, placed_within
from tercera.mongo.rows.values import instant_of, placed_of
from tercera.orders import Recent

_BYTEWISE = Collation(locale="simple")
_REACH = 1_000
"""Of sorted values so many more are looked at: texts in several formats, and with offsets, do not sort quite
as their times do."""

Orders = Collection[dict[str, Any]]


def newest_order(
    orders: Orders,
    fields: OrderFields,
    zone: str,
    types: frozenset[str],
    recent: Recent,
    *,
    indexed: bool,
    patience: int,
) -> Placed | None:
    """See `orders.Recent`. `types` are those of `placed_at` that occur; `patience` is in milliseconds."""
    today = recent.until.astimezone(ZoneInfo(zone)).date()
    days = ((recent.since, today + timedelta(days=1)),)
    found: list[Placed] = []
    for kind in sorted(types):
        wanted = placed_within(fields.placed_at, fields, zone, days, {kind})
        assert wanted is not None
        if indexed and _sorts(fields, kind):
            values = _from_the_end(orders, fields.placed_at, wanted, patience)
            found += _latest(values, fields, zone, recent, _REACH)
        else:
            values = _each(orders, fields.placed_at, wanted, patience)
            found += _latest(values, fields, zone, recent, sys.maxsize)
    return max(found, key=instant_of, default=None)


def _sorts(fields: OrderFields, kind: str) -> bool:
    """Whether values that are stored in order are days in order."""
    return kind == "date" or all(form.sorts_by_day for form in fields.date_formats)


def _from_the_end(orders: Orders, path: str, wanted: Filter, patience: int) -> Iterator[Any]:
    asked = orders.find(wanted, {"_id": False, path: True}, collation=_BYTEWISE).sort(path, -1)
    with asked.max_time_ms(patience).batch_size(100) as documents:
        for document in documents:
            yield _at(document, path)


def _each(orders: Orders, path: str, wanted: Filter, patience: int) -> Iterator[Any]:
    asked = [{"$match": wanted}, {"$group": {"_id": f"${path}"}}]
    with orders.aggregate(asked, allowDiskUse=True, collation=_BYTEWISE, maxTimeMS=patience) as answers:
        for answer in answers:
            yield answer["_id"]


def _at(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _latest(
    values: Iterator[Any], fields: OrderFields, zone: str, recent: Recent, reach: int
) -> list[Placed]:
    """The latest of them that can be read and lies in the time that is asked about, if any. Of sorted values
    no more than `reach` are looked at after the first."""
    best: Placed | None = None
    before: Any = None
    for value in values:
        if best is not None:
            reach -= 1
            if reach < 0:
                break
        if value == before:
            continue
        before, placed = value, placed_of(value, fields, zone)
        if placed is None or not recent.holds(placed, zone):
            continue
        if best is None or instant_of(placed) > instant_of(best):
            best = placed
    return [] if best is None else [best]
