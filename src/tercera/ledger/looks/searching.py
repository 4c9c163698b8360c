"""Alerts as lists show them: searched, sorted, a page at a time.

A page is found from the last row of the one before (keyset): the tenth costs what the first does, and rows
that come or go meanwhile are neither shown twice nor left out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, literal, or_, select, tuple_

from tercera.errors import TerceraError
from tercera.ledger import codec
from tercera.ledger.batches import batched
from tercera.ledger.codec import AnyRow
from tercera.ledger.tables import alerts, decisions, microseconds, moment, notices
from tercera.model import RuleId, State, SubjectId, WindowId
from tercera.telling.silences import DecisionKind
from tercera.telling.watch import RESERVED


class PlaceError(TerceraError):
    """What should say where a page begins does not; begin at the first page."""

    exit_code = 2


class Sorting(StrEnum):
    """By what a list is sorted."""

    CHANGED = "changed"  # when the alert last moved
    OPENED = "opened"
    COUNT = "count"  # matching orders
    CUSTOMER = "customer"


class Care(StrEnum):
    """What people have decided about an alert, as far as it holds."""

    NONE = "none"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    DISMISSED = "dismissed"


_CARE = {
    DecisionKind.ACKNOWLEDGE: Care.ACKNOWLEDGED,
    DecisionKind.SNOOZE: Care.SNOOZED,
    DecisionKind.DISMISS: Care.DISMISSED,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts, in which order. What is None or empty is not restricted.

    `text` is found in customer ids, in the names and addresses that notices carry, and where ids of the
    evidence's orders begin with it. Without `own`, Tercera's own alerts (the data watch, statements) are left
    out unless `rule` names one. `through` is the highest id: what opened after it is left out.
    """

    rule: RuleId | None = None
    levels: tuple[str, ...] = ()
    state: State | None = None
    window: WindowId | None = None
    subject: SubjectId | None = None
    text: str = ""
    care: Care | None = None
    own: bool = False
    through: int | None = None
    sorting: Sorting = Sorting.CHANGED
    descending: bool = True


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert as a list shows it: without its evidence. `name` is the customer's, as a notice carried it;
    `care` is what people decided of it and still holds, `until` when that ends."""

    id: int
    rule: RuleId
    subject: SubjectId
    window: WindowId
    state: State
    level: str | None
    matched: int
    orders: int
    amount: Decimal | None
    opened_at: datetime
    changed_at: datetime
    name: str | None = None
    care: Care = Care.NONE
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Some alerts. `after` is the place where the next page begins, `before` where the previous one ends;
    None where there is none."""

    lines: tuple[AlertLine, ...]
    before: str | None
    after: str | None


class Place(NamedTuple):
    """Between two rows of a list that is sorted so: behind (or before) the row with this value and id."""

    sorting: Sorting
    value: int | str
    id: int
    is_before: bool = False

    @property
    def text(self) -> str:
        """As an address carries it."""
        written = json.dumps([self.sorting, self.value, self.id, self.is_before], separators=(",", ":"))
        return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, sorting: Sorting) -> Place:
        """What `text` wrote. PlaceError: nothing of ours, or of a list that is sorted otherwise."""
        try:
            name, *rest = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            place = cls(sorting, *rest)
            if name == sorting and place._fits():
                return place
        except (ValueError, TypeError, OverflowError, RecursionError):
            pass
        raise PlaceError(f"{text[:40]!r} is no place in this list; begin at its first page")

    def _fits(self) -> bool:
        if type(self.id) is not int or not 0 <= self.id < 2**63 or type(self.is_before) is not bool:
            return False
        if self.sorting is Sorting.CUSTOMER:
            return isinstance(self.value, str) and bool(self.value.encode())
        if type(self.value) is not int or not 0 <= self.value < 2**63:
            return False
        return self.sorting is not Sorting.CHANGED or bool(moment(self.value))


def search(
    connection: Connection, wanted: Wanted, now: datetime, *, limit: int, place: str | None = None
) -> AlertPage:
    """A page of at most `limit`. PlaceError: a `place` that no page gave."""
    start = Place.read(place, wanted.sorting) if place else None
    backwards = start is not None and start.is_before
    query = _sorted(_narrowed(_LINES, wanted, now), wanted, start).limit(limit + 1)
    rows = list(connection.execute(query))
    more = len(rows) > limit
    rows = rows[:limit][:: -1 if backwards else 1]
    if not rows:
        return AlertPage((), None, None)
    first, last = (Place(wanted.sorting, _value(row, wanted.sorting), row.id) for row in (rows[0], rows[-1]))
    return AlertPage(
        tuple(_lines(connection, rows, now)),
        before=first._replace(is_before=True).text if (more if backwards else start) else None,
        after=last.text if (more or backwards) else None,
    )


def count(connection: Connection, wanted: Wanted, now: datetime, *, most: int) -> int:
    """How many there are; `most` when there are that many or more."""
    some = _narrowed(select(alerts.c.id), wanted, now).limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def ids(connection: Connection, wanted: Wanted, now: datetime, *, most: int) -> list[int]:
    """The ids of at most so many, the oldest first."""
    query = _narrowed(select(alerts.c.id), wanted, now).order_by(alerts.c.id).limit(most)
    return list(connection.execute(query).scalars())


def newest(connection: Connection) -> int:
    """The highest id that an alert has; 0 where there is none."""
    return int(connection.execute(select(func.max(alerts.c.id))).scalar_one() or 0)


def lines_of(connection: Connection, subject: SubjectId, now: datetime, limit: int) -> list[AlertLine]:
    """The alerts of a customer, also Tercera's own about them, the newest windows first."""
    query = _LINES.where(alerts.c.subject == subject)
    rows = connection.execute(query.order_by(alerts.c.window.desc(), alerts.c.id.desc()).limit(limit))
    return list(_lines(connection, rows.all(), now))


_LINES: Select[*tuple[Any, ...]] = select(
    alerts.c.id, alerts.c.rule, alerts.c.subject, alerts.c.window, alerts.c.state, alerts.c.level,
    alerts.c.matched, alerts.c.orders, alerts.c.amount, alerts.c.opened_at, alerts.c.changed_at,
)  # fmt: skip

_COLUMNS: dict[Sorting, Any] = {
    Sorting.CHANGED: alerts.c.changed_at,
    Sorting.OPENED: alerts.c.id,
    Sorting.COUNT: alerts.c.matched,
    Sorting.CUSTOMER: alerts.c.subject,
}


def _sorted(query: Select[*tuple[Any, ...]], wanted: Wanted, start: Place | None) -> Select[*tuple[Any, ...]]:
    column = _COLUMNS[wanted.sorting]
    falling = wanted.descending
    if start is not None:
        falling ^= start.is_before
        here = tuple_(column, alerts.c.id)
        there = tuple_(literal(_bound(start.value, wanted.sorting), column.type), literal(start.id))
        query = query.where(here < there if falling else here > there)
    return query.order_by(*(each.desc() if falling else each.asc() for each in (column, alerts.c.id)))


def _value(row: AnyRow, sorting: Sorting) -> int | str:
    match sorting:
        case Sorting.CHANGED:
            return microseconds(row.changed_at)
        case Sorting.OPENED:
            return int(row.id)
        case Sorting.COUNT:
            return int(row.matched)
        case Sorting.CUSTOMER:
            return str(row.subject)


def _bound(value: int | str, sorting: Sorting) -> object:
    return moment(value) if sorting is Sorting.CHANGED and isinstance(value, int) else value


def _narrowed(query: Select[*tuple[Any, ...]], wanted: Wanted, now: datetime) -> Select[*tuple[Any, ...]]:
    exact = {"rule": wanted.rule, "subject": wanted.subject, "window": wanted.window}
    for name, value in exact.items():
        if value is not None:
            query = query.where(alerts.c[name] == value)
    if wanted.rule is None and not wanted.own:
        query = query.where(alerts.c.rule.not_like(f"{RESERVED}%"))
    if wanted.through is not None:
        query = query.where(alerts.c.id <= wanted.through)
    if wanted.state is not None:
        query = query.where(alerts.c.state == wanted.state.value)
    if wanted.levels:
        query = query.where(alerts.c.level.in_(wanted.levels))
    if wanted.care is not None:
        query = query.where(_cared(wanted.care, now))
    return query.where(_holds(wanted.text)) if wanted.text else query


def _cared(care: Care, now: datetime) -> ColumnElement[bool]:
    kinds = [kind.value for kind, meant in _CARE.items() if care in (meant, Care.NONE)]
    holds = exists(
        select(literal(1))
        .where(decisions.c.alert == alerts.c.id, decisions.c.kind.in_(kinds), _in_force(now))
        .correlate(alerts)
    )
    return ~holds if care is Care.NONE else holds


def _in_force(now: datetime) -> ColumnElement[bool]:
    return and_(decisions.c.ended_at.is_(None), or_(decisions.c.until.is_(None), decisions.c.until > now))


def _holds(text: str) -> ColumnElement[bool]:
    """Evidence is JSON, in which an order's id is what a list begins with."""
    begins = f'%["{_literally(_escaped(text))}%'
    named = [notices.c.customer.ilike(f"%{_literally(each)}%", escape="\\") for each in _written(text)]
    return or_(
        alerts.c.subject.ilike(f"%{_literally(text)}%", escape="\\"),
        alerts.c.evidence.ilike(begins, escape="\\"),
        alerts.c.id.in_(select(notices.c.alert).where(or_(*named))),
    )


def _written(text: str) -> set[str]:
    """A name as JSON may hold it: engines know `a` and `A` to be the same, and not the escapes of ñ and Ñ."""
    forms = {text} if text.isascii() else {text, text.lower(), text.upper(), text.title()}
    return {_escaped(form) for form in forms}


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _lines(connection: Connection, rows: Sequence[AnyRow], now: datetime) -> Iterator[AlertLine]:
    ids = [row.id for row in rows]
    names, care = names_of(connection, ids), care_of(connection, ids, now)
    for row in rows:
        cared, until = care.get(row.id, (Care.NONE, None))
        yield AlertLine(
            id=row.id,
            rule=RuleId(row.rule),
            subject=SubjectId(row.subject),
            window=WindowId(row.window),
            state=State(row.state),
            level=row.level,
            matched=row.matched,
            orders=row.orders,
            amount=codec.read_money(row.amount),
            opened_at=row.opened_at,
            changed_at=row.changed_at,
            name=names.get(row.id),
            care=cared,
            until=until,
        )


def names_of(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """What the customers of these alerts (by id) are called, where a notice of theirs carries it."""
    found: dict[int, str] = {}
    for some in batched(ids):
        query = select(notices.c.alert, notices.c.customer).where(
            notices.c.alert.in_(some), notices.c.customer.is_not(None)
        )
        for row in connection.execute(query.order_by(notices.c.id)):
            customer = codec.read_customer(row.customer)
            if customer is not None and customer.name:
                found[row.alert] = customer.name
    return found


def care_of(
    connection: Connection, ids: Collection[int], now: datetime
) -> dict[int, tuple[Care, datetime | None]]:
    """What was decided last about these alerts and holds. A dismissal holds for good: it goes before."""
    found: dict[int, tuple[Care, datetime | None]] = {}
    for some in batched(ids):
        query = select(decisions.c.alert, decisions.c.kind, decisions.c.until).where(
            decisions.c.alert.in_(some), _in_force(now)
        )
        for row in connection.execute(query.order_by(decisions.c.id)):
            care = _CARE.get(DecisionKind(row.kind))
            if care is not None and found.get(row.alert, (None,))[0] is not Care.DISMISSED:
                found[row.alert] = care, row.until
    return found
