"""A tally as one question, for engines that keep nothing between two.

    rows ──read, judged──▶ what counts ──each──▶ one row an order of a pair ──pairs──▶ one row a pair
    ──▶ the numbers of those that are told of, of the rest together, and of rejects by reason
    ──▶ and below each number row its evidence, or samples of its rejects

Rejects go the same way: as orders of no pair, a few of them together (`Dialect.slot`), one of which is shown.
Where an engine avoids sorting, what is shown of a few of them goes with their numbers instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.model import RejectReason
from tercera.orders import SAMPLES, Recent, Scope
from tercera.relational.expressions.amounts import MONEY
from tercera.relational.expressions.dialect import Dialect
from tercera.relational.expressions.native import native
from tercera.relational.expressions.placing import number_of
from tercera.relational.expressions.tally import Question, Rows, judged, read, rejected

_PAIR = ("subject", "opens")
_SINCE, _UNTIL = "/* since */", "/* until */"
_ANY_TIME = Recent(date(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC))
_MOST_SHOWN = 40
"""Of so many columns a sample shows."""


def shown(rows: Rows, needed: Sequence[str]) -> tuple[str, ...]:
    """The columns that a sample shows: those that are needed, then the others."""
    columns = rows.table.columns
    first = [name for name in needed if name in columns]
    return tuple(dict.fromkeys([*first, *columns]))[:_MOST_SHOWN]


def whole(rows: Rows, dialect: Dialect, question: Question, names: Sequence[str]) -> ir.Table:
    """The question. `names` are the columns that samples show; none are needed for a scope of pairs."""
    scope = question.scope
    is_light = not scope.totals and (scope.pairs is not None or scope.at_least > 0)
    told = judged(rows.over(read(rows, dialect, question)), dialect, question, shown=names, lean=is_light)
    each = _each(dialect, question, told)
    pairs = _pairs(dialect, each)
    at_least = scope.at_least if scope.pairs is None else 0
    is_told = pairs.reason.isnull() & pairs.subject.notnull() & (pairs.matched >= at_least)
    parts = [_numbers(dialect, pairs.mutate(is_told=is_told))]
    if question.counting.evidence:
        parts.append(_evidence(each, at_least, question.counting.evidence))
    if names and not dialect.avoids_sorting:
        parts.append(_samples(each))
    answer = parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]
    # Evidence follows its numbers; numbers alone are taken as they come.
    is_ordered = question.counting.evidence or not dialect.avoids_sorting
    return answer.order_by(*_PAIR, "place") if is_ordered else answer


def of_any_time(scope: Scope) -> Scope:
    """The scope without the moments that `with_times` puts into its statement: those of every cycle differ,
    and a statement is put together only once."""
    return replace(scope, recent=_ANY_TIME) if scope.recent else scope


def with_times(statement: str, question: Question) -> str:
    """A statement for the stretch of time in which the newest order is looked for."""
    recent = question.scope.recent
    if recent is None:
        return statement
    until = number_of(recent.until.astimezone(ZoneInfo(question.counting.zone)))
    return statement.replace(_SINCE, str(number_of(recent.since))).replace(_UNTIL, str(until))


def more_samples(
    rows: Rows, dialect: Dialect, question: Question, reason: RejectReason, names: Sequence[str]
) -> ir.Table:
    """The first rejects for a reason that come up, as the one column `sample`."""
    told = dialect.apart(rejected(read(rows, dialect, question), [reason], names).limit(SAMPLES))
    return told.select(sample=dialect.packed([dialect.shown(told[name]) for name in names]))


def _each(dialect: Dialect, question: Question, told: ir.Table) -> ir.Table:
    """One row for each order of a pair; where no totals are asked for, all that does not match is one. For
    rejects one row for each slot of a reason, or for each of a few samples and the rest.

    Only what is asked for is carried along: the narrower its rows, the more orders an engine holds in memory.
    """
    scope = question.scope
    if scope.pairs is not None:
        told = told.filter(told.reason.isnull())
    known: dict[str, ir.Value] = {}
    if "sample" in told.columns and dialect.avoids_sorting:
        told = told.mutate(sample=dialect.few(told["sample"], told.reason))
    elif "sample" in told.columns:
        slot = dialect.slot(told["sample"]).cast(dt.string)
        told = told.mutate(order_id=ibis.ifelse(told.reason.isnull(), told.order_id, slot))
        known["sample"] = told["sample"].min()
    if question.fields.amount:
        known["amount"] = told.amount.max()
    if question.counting.evidence:
        known["status"] = told.status.min()
    if scope.recent:
        known["newest"] = recent(told, question).max()
    return told.group_by(*_group(dialect, told), "order_id").agg(
        rows=told.count(),
        matches=told.count(where=told.matching),
        placed=told.placed.min(),
        **known,
    )


def _group(dialect: Dialect, rows: ir.Table) -> tuple[str, ...]:
    """What tells pairs, and the rejects of each reason, apart."""
    shows = dialect.avoids_sorting and "sample" in rows.columns
    return ("reason", *_PAIR, "sample") if shows else ("reason", *_PAIR)


def recent(told: ir.Table, question: Question) -> ir.IntegerValue:
    """The `placed` of rows in the stretch of time in which the newest order is looked for."""
    if question.scope.recent is None:
        return ibis.null(dt.int64)
    inside = native(f"{{0}} BETWEEN {_SINCE} AND {_UNTIL}", told.dated, kind=dt.boolean)
    dated: ir.IntegerValue = ibis.ifelse(inside, told.dated, ibis.null(dt.int64))
    return dated


def _pairs(dialect: Dialect, each: ir.Table) -> ir.Table:
    """One row for each pair, and for each reason of rejects."""
    known: dict[str, ir.Value] = {}
    if "amount" in each.columns:
        known["amount"] = dialect.total(each.amount)
    if "newest" in each.columns:
        known["newest"] = each.newest.max()
    return each.group_by(*_group(dialect, each)).agg(
        rows=each.rows.sum(),
        matches=each.matches.sum(),
        matched=each.count(where=each.matches > 0),
        orders=each.count(),
        first=each.placed.min(),
        last=each.placed.max(),
        **known,
    )


def _numbers(dialect: Dialect, pairs: ir.Table) -> ir.Table:
    """The pairs that are told of, the rest of them as one, and the reasons."""
    told = pairs.mutate(
        subject=ibis.ifelse(pairs.is_told, pairs.subject, ibis.null(dt.string)),
        opens=ibis.ifelse(pairs.is_told, pairs.opens, ibis.null(dt.date)),
        is_pair=pairs.subject.notnull(),
    )
    known = {name: told[name].max() for name in ("amount", "newest") if name in told.columns}
    summed = told.group_by(*_group(dialect, told)).agg(
        rows=told.rows.sum(),
        matches=told.matches.sum(),
        matched=told.matched.sum(),
        orders=ibis.ifelse(told.is_pair, told.orders, 0).sum(),
        pairs=told.count(where=told.is_pair),
        first=told["first"].min(),
        last=told["last"].max(),
        **known,
    )
    return row(summed, place=ibis.literal(-1, dt.int64))


def _evidence(each: ir.Table, at_least: int, cap: int) -> ir.Table:
    """The earliest matching orders of each pair that is told of. Counted by a window and not by a join, for
    which an engine would have to guess how many pairs there are."""
    found = each.filter(each.reason.isnull() & (each.matches > 0) & each.subject.notnull())
    place = ibis.row_number().over(group_by=_PAIR, order_by=[found.placed, found.order_id])
    found = found.mutate(place=place, alike=found.count().over(group_by=_PAIR))
    return row(found.filter((found.place < cap) & (found.alike >= at_least)), first=found.placed)


def _samples(each: ir.Table) -> ir.Table:
    """A few rejects of each reason."""
    found = each.filter(each.reason.notnull())
    place = ibis.row_number().over(group_by="reason", order_by=[found["sample"]])
    found = found.mutate(place=place)
    return row(found.filter(found.place < SAMPLES), amount=ibis.null(MONEY), status=ibis.null(dt.string))


_TYPES: Mapping[str, dt.DataType] = {
    "reason": dt.int8,
    "subject": dt.string,
    "opens": dt.date,
    **dict.fromkeys(("place", "rows", "matches", "matched", "orders", "pairs"), dt.int64),
    "amount": dt.Decimal(38, 4),
    **dict.fromkeys(("first", "last", "newest"), dt.int64),
    **dict.fromkeys(("order_id", "status", "sample"), dt.string),
}


def row(table: ir.Table, **known: ir.Value) -> ir.Table:
    """The columns of `row.Row`, as they are known, or as the table has them, null where there are none."""
    values = {
        name: known.get(name, table[name] if name in table.columns else ibis.null(kind))
        for name, kind in _TYPES.items()
    }
    return table.select(**{name: _as(value, _TYPES[name]) for name, value in values.items()})


def _as(value: ir.Value, kind: dt.DataType) -> ir.Value:
    """The same under the type that it has in all parts of the answer: engines widen as they add."""
    return value if value.type() == kind else native("{0}", value, kind=kind)
