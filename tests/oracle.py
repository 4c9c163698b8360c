"""What a tally is, in plain Python over rows: the meaning that every source must share.

Rows are dicts as a document database would hold them: text, int, float, Decimal, date, datetime (naive or
aware), None, or junk of any other type. Slow and obvious on purpose.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tercera.fields import OrderFields, Timestamps
from tercera.model import Counting, Evidence, Placed, RejectReason, SubjectId, Tally, WindowId
from tercera.notation.dates import read_date
from tercera.orders import DOUBTFUL, LONGEST_TEXT, Scope
from tercera.windows import read_local, window_of

Row = Mapping[str, Any]

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass
class Answer:
    """What is expected. `rejects` are {reason: (rows, matching)}; an order counts once in each pair."""

    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    rows: int = 0
    orders: int = 0
    pairs: int = 0
    rejects: dict[RejectReason, tuple[int, int]] = field(default_factory=dict)
    newest: Placed | None = None


def tally(rows: Iterable[Row], fields: OrderFields, counting: Counting, scope: Scope | None = None) -> Answer:
    """Tallies rows. With a scope that has bounds, rows dated outside of it are not read at all."""
    scope = scope or Scope()
    answer = Answer()
    good: dict[tuple[str, str], dict[str, list[tuple[bool, Evidence]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    rejects: dict[RejectReason, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        placed = read_placed(row.get(fields.placed_at), fields, counting.zone)
        if isinstance(placed, date) and not _in_scope(placed, scope, counting):
            continue
        answer.rows += 1
        if isinstance(placed, date) and scope.recent and scope.recent.holds(placed, counting.zone):
            answer.newest = max(answer.newest or placed, placed, key=_midnight)
        matching = _matches(row, fields, counting)
        reason = _reject(row, fields, counting, placed)
        if reason:
            rejects[reason][0] += 1
            rejects[reason][1] += matching
            continue
        assert isinstance(placed, date)
        order_id = text_of(row.get(fields.order_id))
        subject = text_of(value_of(row, counting.per, fields))
        status = text_of(value_of(row, "status", fields))
        assert order_id is not None
        assert subject is not None
        assert status is not None
        pair = (subject, window_of(placed, counting.within, counting.zone).id)
        one = Evidence(order_id, placed, status, _amount(row.get(fields.amount)) if fields.amount else None)
        good[pair][order_id].append((matching, one))
    answer.orders = sum(len(orders) for orders in good.values())
    answer.pairs = len(good)
    answer.rejects = {reason: (count[0], count[1]) for reason, count in rejects.items()}
    for (subject, window), orders in good.items():
        if (made := _tally(subject, window, orders, counting)).matched >= scope.at_least:
            answer.tallies[subject, window] = made
    return answer


def value_of(row: Row, name: str, fields: OrderFields) -> Any:
    """A row's value by the name that rules use; of a derived field, what it is told to be."""
    value = row.get(fields.path_of(name))
    if (derived := fields.derive.get(name)) is None:
        return value
    if (text := text_of(value)) is None:
        return None
    fitting = (
        told for told, pattern in derived.patterns.items() if re.search(_strict_end(pattern), text, re.ASCII)
    )
    return next(fitting, derived.otherwise)


def read_placed(value: Any, fields: OrderFields, zone: str) -> Placed | type[ValueError] | None:
    """The placed time in `zone`; None when there is none, ValueError (the class) when it can't be read."""
    source_zone = fields.timezone or zone
    if is_missing(value):
        return None
    if isinstance(value, str):
        read = read_date(value, fields.date_formats)
        if read is None:
            return ValueError
        value, timestamps = read, Timestamps.LOCAL
    else:
        timestamps = fields.timestamps or Timestamps.INSTANT
    if isinstance(value, datetime):
        if value.tzinfo is None and timestamps is Timestamps.DATE:
            return value.date()
        if value.tzinfo is None:
            value = read_local(value, source_zone if timestamps is Timestamps.LOCAL else "UTC")
        aware: datetime = value.astimezone(ZoneInfo(zone))
        return aware
    return value if isinstance(value, date) else ValueError


def is_missing(value: Any) -> bool:
    """Null, blank text, or the not-a-number that data frames write for an empty field."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, float | Decimal) and value != value)


def text_of(value: Any) -> str | None:
    """An id or a status as text; None when missing, longer than any id or of no known shape. 17850.0 is
    17850."""
    if isinstance(value, bool) or is_missing(value):
        return None
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else None
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float | Decimal) or type(value).__name__ == "ObjectId":
        return str(value)
    return None


def _reject(row: Row, fields: OrderFields, counting: Counting, placed: object) -> RejectReason | None:
    for name, missing, invalid in (
        ("order_id", RejectReason.NO_ORDER_ID, RejectReason.INVALID_ORDER_ID),
        ("customer_id", RejectReason.NO_CUSTOMER, RejectReason.INVALID_CUSTOMER_ID),
        ("placed_at", RejectReason.NO_DATE, RejectReason.UNREADABLE_DATE),
        ("status", RejectReason.NO_STATUS, RejectReason.INVALID_STATUS),
    ):
        if name == "placed_at":
            if placed is None:
                return missing
            if placed is ValueError:
                return invalid
            continue
        raw = value_of(row, name, fields)
        if is_missing(raw):
            return missing
        text = text_of(raw)
        pattern = fields.pattern_of(name)
        if text is None or (pattern and not re.search(_strict_end(pattern), text, re.ASCII)):
            return invalid
    if text_of(value_of(row, counting.per, fields)) is None:
        return RejectReason.NO_SUBJECT
    return None


def _strict_end(pattern: str) -> str:
    """`$` is the very end, not before a last newline."""
    return pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern


def _matches(row: Row, fields: OrderFields, counting: Counting) -> bool:
    for match in counting.when:
        text = text_of(value_of(row, match.field, fields))
        if text is None:
            return False
        if match.ignore_case:
            if text.lower() not in {value.lower() for value in match.values}:
                return False
        elif text not in match.values:
            return False
    return True


def _in_scope(placed: Placed, scope: Scope, counting: Counting) -> bool:
    window = window_of(placed, counting.within, counting.zone)
    return (scope.start is None or window.start >= scope.start) and (
        scope.end is None or window.end <= scope.end
    )


def _tally(
    subject: str, window: str, orders: dict[str, list[tuple[bool, Evidence]]], counting: Counting
) -> Tally:
    zone = ZoneInfo(counting.zone)
    evidence = []
    for order_id, seen in orders.items():
        rows = [one for matching, one in seen if matching]
        if rows:
            amounts = [one.amount for one in rows if one.amount is not None]
            evidence.append(
                Evidence(
                    order_id,
                    min((one.placed_at for one in rows), key=lambda placed: _order(placed, zone)),
                    min(one.status for one in rows),
                    max(amounts) if amounts else None,
                )
            )
    evidence.sort(key=lambda one: (*_order(one.placed_at, zone), one.order_id))
    amounts = [one.amount for one in evidence if one.amount is not None]
    return Tally(
        SubjectId(subject),
        WindowId(window),
        matched=len(evidence),
        orders=len(orders),
        amount=sum(amounts, Decimal(0)) if amounts else None,
        first_at=evidence[0].placed_at if evidence else None,
        last_at=evidence[-1].placed_at if evidence else None,
        evidence=tuple(evidence[: counting.evidence]),
    )


def moment(placed: Placed, zone: ZoneInfo) -> datetime:
    """The wall clock of the rule's zone, by which orders are sorted; a date counts as its midnight."""
    if isinstance(placed, datetime):
        return placed.astimezone(zone).replace(tzinfo=None)
    return datetime(placed.year, placed.month, placed.day)


def _order(placed: Placed, zone: ZoneInfo) -> tuple[datetime, bool]:
    """A day comes before its midnight."""
    return moment(placed, zone), isinstance(placed, datetime)


def _amount(value: Any) -> Decimal | None:
    """Money with four decimals at most; what can't be read is unknown, not an error."""
    if isinstance(value, bool) or value is None or not _NUMBER.fullmatch(str(value).strip()):
        return None
    number = Decimal(str(value).strip())
    return number.quantize(Decimal("0.0001")) if number.is_finite() and abs(number) < 10**14 else None


def _midnight(placed: Placed) -> tuple[datetime, bool]:
    """A day without a time comes before every time of that day."""
    if isinstance(placed, datetime):
        return placed.replace(tzinfo=None), True
    return datetime(placed.year, placed.month, placed.day), False


def doubtful(
    rows: Iterable[Row], fields: OrderFields, counting: Counting, scope: Scope
) -> dict[str, dict[RejectReason, int]]:
    """How many orders more could count in a window, by subject and by why they don't."""
    known: dict[tuple[str, RejectReason], set[str]] = defaultdict(set)
    unknown: dict[tuple[str, RejectReason], int] = defaultdict(int)
    for row in rows:
        placed = read_placed(row.get(fields.placed_at), fields, counting.zone)
        if isinstance(placed, date) and not _in_scope(placed, scope, counting):
            continue
        reason, subject = _reject(row, fields, counting, placed), text_of(value_of(row, counting.per, fields))
        if reason not in DOUBTFUL or subject is None or not _matches(row, fields, counting):
            continue
        assert reason is not None
        order_id = text_of(row.get(fields.order_id))
        if order_id is None:
            unknown[subject, reason] += 1
        else:
            known[subject, reason].add(order_id)
    found: dict[str, dict[RejectReason, int]] = defaultdict(dict)
    for subject, reason in known.keys() | unknown.keys():
        found[subject][reason] = len(known[subject, reason]) + unknown[subject, reason]
    return dict(found)
