"""The tally as Ibis expressions, over any relation of orders.

    rows ──read──▶ rows and what they say ──judged──▶ what counts ──orders──▶ one row an order of a pair
    ──tallies, evidence──▶ answers

What engines do each in their own way (dates, patterns, blanks) is asked of a `Dialect`; the rest is the same
expression everywhere. Its meaning is that of `tests/oracle.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from functools import reduce
from operator import and_, or_
from typing import Protocol, cast

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.fields import OrderFields
from tercera.model import CUSTOMER, Counting, Match, Period, RejectReason
from tercera.orders import LONGEST_TEXT, Scope
from tercera.relational.expressions import placing
from tercera.relational.expressions.amounts import MONEY, written
from tercera.relational.expressions.cells import Cell, derived
from tercera.relational.expressions.dialect import Dialect

REASONS = tuple(RejectReason)
"""A row's reason is kept as its place here."""

REASON = "tercera_reason"

_PAIR = ("subject", "opens")
_OF_MATCHING = ("placed", "amount", "status")
"""What is known of matching rows alone."""

When = tuple[Match, ...]
"""The conditions of one rule."""


class Rows(Protocol):
    """A relation of orders: its table, and how to read a value of its rows."""

    @property
    def table(self) -> ir.Table: ...

    def cell(self, path: str) -> Cell:
        """The value at a column or path. KeyError when there is none."""
        ...

    def readable(self) -> ir.BooleanValue | None:
        """Whether a row has the shape of an order at all; None when each has."""
        ...

    def over(self, table: ir.Table) -> Rows:
        """The same of a table that has these columns and more."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a relation of orders."""

    fields: OrderFields
    counting: Counting
    scope: Scope


def read(rows: Rows, dialect: Dialect, question: Question) -> ir.Table:
    """The rows in scope with what they say beside them, in columns named `tercera_…`, and REASON: the place
    in REASONS of the first reason that holds, null for a good row.

    Each step is a projection of its own: what is used more than once is worked out once. Most rows are good
    at a glance (`tercera_is_plain`), the others are looked at more closely.
    """
    fields, counting = question.fields, question.counting
    names = {"order_id", "customer_id", "status", counting.per, *(match.field for match in counting.when)}
    texts = {name: _cell(rows, dialect, fields, name).plain for name in sorted(map(_column, names))}
    told = rows.table.mutate(
        tercera_placed=rows.cell(fields.placed_at).value,
        **{f"tercera_text_{name}": text for name, text in texts.items()},
    )
    if dialect.reads_first or not told.tercera_placed.type().is_string():
        told = told.mutate(tercera_first=placing.first_reading(told.tercera_placed, dialect, fields))
    told = dialect.apart(told.mutate(tercera_stamp=placing.stamp(told, dialect, fields, question.scope)))
    told = told.mutate(tercera_shown=placing.shown(told, dialect, fields))
    if placing.is_shifted(told, fields, counting.zone):
        told = dialect.apart(told)
    clock = placing.clock(told, dialect, fields, counting.zone, question.scope)
    told = in_scope(dialect.apart(told.mutate(tercera_clock=clock)), dialect, question.scope)
    told = told.mutate(tercera_is_plain=_is_plain(rows.over(told), dialect, fields, counting))
    told = dialect.apart(told)
    closely = _reason(rows.over(told), dialect, fields, counting)
    return dialect.apart(
        told.mutate(**{REASON: ibis.ifelse(told.tercera_is_plain, ibis.null(dt.int8), closely)})
    )


def judged(
    rows: Rows,
    dialect: Dialect,
    question: Question,
    several: Sequence[When] = (),
    shown: Sequence[str] = (),
    *,
    lean: bool = False,
) -> ir.Table:
    """What counts of the rows that `read` gave: `reason` (its place in REASONS, null for a good one) and
    `matching`; of good ones `order_id`, `subject`, `opens` (the window's first day); of good and matching
    ones `placed` (see `placing.read_placed`), `amount` and, when evidence is asked for, `status`. When the
    newest order is asked for, `dated` is the `placed` of every row that has one. When columns are to be
    shown, `sample` is what stands in them (see `Dialect.packed`), of rejects. When `lean`, ids and windows
    are told of matching rows alone.

    For the `when` of `several` rules at once, `matching` is whether any of them is met, `matching_0`… whether
    each is, and `clock` that of every row that has one; `of_one` makes of these what each rule alone has.
    """
    fields, counting, read = question.fields, question.counting, rows.table
    names = [f"tercera_met_{place}" for place in range(len(several))]
    if several:
        ways = zip(names, several, strict=True)
        read = dialect.apart(read.mutate(**{name: _met(read, when, dialect) for name, when in ways}))
    met = [read[name] for name in names] or [_met(read, counting.when, dialect)]
    read = dialect.apart(read.mutate(tercera_matching=reduce(or_, met)))
    rows = rows.over(read)
    good = read[REASON].isnull()
    counts = good & read.tercera_matching
    named = counts if lean else good
    number = placing.placed_number(read, dialect, fields)
    opens = dialect.opens(read.tercera_clock, counting.within)
    amount = status = None
    asked: dict[str, ir.Value] = {}
    if question.scope.recent:
        asked["dated"] = ibis.ifelse(read.tercera_stamp.notnull(), number, ibis.null(dt.int64))
    if shown:
        sample = dialect.packed([dialect.shown(read[name]) for name in shown])
        asked["sample"] = ibis.ifelse(good, ibis.null(dt.string), sample)
    if fields.amount:
        amount = ibis.ifelse(counts, dialect.money(written(rows.cell(fields.amount))), ibis.null(MONEY))
    if counting.evidence:
        status = ibis.ifelse(counts, _cell(rows, dialect, fields, "status").text, ibis.null(dt.string))
    if several:
        asked |= _each_met([read[name] for name in names]) | {"clock": read.tercera_clock}
    return read.select(
        reason=read[REASON],
        matching=read.tercera_matching,
        order_id=_named(_good_text(rows, dialect, fields, "order_id"), counts, lean=lean),
        subject=_named(_good_text(rows, dialect, fields, counting.per), counts, lean=lean),
        opens=ibis.ifelse(named, opens, ibis.null(dt.date)),
        placed=ibis.ifelse(counts, number, ibis.null(dt.int64)),
        amount=ibis.null(MONEY) if amount is None else amount,
        status=ibis.null(dt.string) if status is None else status,
        **asked,
    )


def _named(text: ir.StringValue, counts: ir.BooleanValue, *, lean: bool) -> ir.Value:
    return ibis.ifelse(counts, text, ibis.null(dt.string)) if lean else text


def order_text(rows: Rows, dialect: Dialect, question: Question) -> ir.StringValue:
    """The id of the order in each of the rows that `read` gave, whether the row is good or not."""
    cell = _cell(rows, dialect, question.fields, "order_id")
    return cast("ir.StringValue", ibis.ifelse(dialect.is_plain(cell.plain), cell.plain, cell.text))


def of_one(kept: ir.Table, dialect: Dialect, place: int, within: Period, scope: Scope) -> ir.Table:
    """What `judged` says for one rule, of the rows in its scope, from what it said for several at once: its
    `when` stood at `place` among theirs, and its windows are of whole days."""
    kept = in_scope(kept, dialect, scope, "clock")
    matching = kept[f"matching_{place}"]
    own = {name: ibis.ifelse(matching, kept[name], ibis.null(kept[name].type())) for name in _OF_MATCHING}
    opens = dialect.opens(kept.clock, within)
    opens = ibis.ifelse(kept.reason.isnull(), opens, ibis.null(opens.type()))
    return kept.mutate(matching=matching, opens=opens, **own)


def rejected(read: ir.Table, reasons: Sequence[RejectReason], names: Sequence[str]) -> ir.Table:
    """The rejects for these reasons of the rows that `read` gave: REASON and the columns of these names."""
    return read.filter(read[REASON].isin([REASONS.index(reason) for reason in reasons])).select(
        REASON, *names
    )


def doubtful(
    rows: Rows,
    dialect: Dialect,
    question: Question,
    reasons: Sequence[RejectReason],
    several: Sequence[When] = (),
) -> ir.Table:
    """Of the rows that `read` gave the matching rejects for these reasons: REASON, `subject`, `order_id`, and
    `clock`. For the `when` of several rules, those that any of them matches, and `matching_0`… which."""
    fields, counting, read = question.fields, question.counting, rows.table
    met = [_met(read, when, dialect) for when in several] or [_met(read, counting.when, dialect)]
    wanted = read[REASON].isin([REASONS.index(reason) for reason in reasons])
    read = read.mutate(**_each_met(met), tercera_wanted=reduce(or_, met) & wanted)
    rows = rows.over(read)
    read = read.filter(read.tercera_wanted)
    return read.select(
        REASON,
        *_each_met(met),
        subject=_cell(rows, dialect, fields, counting.per).text,
        order_id=_cell(rows, dialect, fields, "order_id").text,
        clock=read.tercera_clock,
    )


def orders(rows: ir.Table) -> ir.Table:
    """One row for each order of a (subject, window), of good rows as `judged` gives them."""
    return rows.group_by(*_PAIR, "order_id").agg(
        matching=rows.matching.any(),
        placed=rows.placed.min(),
        amount=rows.amount.max(),
        status=rows.status.min(),
    )


def tallies(each: ir.Table) -> ir.Table:
    """The numbers of each (subject, window)."""
    return each.group_by(*_PAIR).agg(
        matched=each.count(where=each.matching),
        orders=each.count(),
        amount=each.amount.sum(),
        first=each.placed.min(),
        last=each.placed.max(),
    )


def evidence(each: ir.Table, counted: ir.Table, cap: int) -> ir.Table:
    """The tallies, each as many times as it has evidence (or once), in the order of subject, window, time."""
    found = each.filter(each.matching).semi_join(counted, _PAIR)
    place = ibis.row_number().over(group_by=_PAIR, order_by=[found.placed, found.order_id])
    found = found.mutate(place=place)
    found = found.filter(found.place < cap)
    shown = found.select(*_PAIR, "place", "order_id", "placed", "status", cost="amount")
    joined = counted.left_join(shown, _PAIR)
    return joined.select(
        *(*_PAIR, "matched", "orders", "amount", "first", "last"),
        *("place", "order_id", "placed", "status", "cost"),
    ).order_by(*_PAIR, "place")


def _column(name: str) -> str:
    return "customer_id" if name == CUSTOMER else name


def _cell(rows: Rows, dialect: Dialect, fields: OrderFields, name: str) -> Cell:
    """The value of a field by the name that rules use; of a derived one, what it is told to be."""
    cell = rows.cell(fields.path_of(name))
    return derived(cell, fields.derive[name], dialect) if name in fields.derive else cell


def _is_plain(rows: Rows, dialect: Dialect, fields: OrderFields, counting: Counting) -> ir.BooleanValue:
    """Whether a row is good at a glance."""
    read = rows.table
    glances = [read.tercera_stamp.notnull()]
    if (readable := rows.readable()) is not None:
        glances.append(readable)
    for name in sorted({"order_id", "customer_id", "status", _column(counting.per)}):
        text = read[f"tercera_text_{name}"]
        glances.append(dialect.is_plain(text))
        if pattern := fields.pattern_of(name):
            glances.append(dialect.plainly_contains(text, pattern))
    return reduce(and_, glances).fill_null(False)


def _good_text(rows: Rows, dialect: Dialect, fields: OrderFields, name: str) -> ir.StringValue:
    """The text of good rows, null of others."""
    read = rows.table
    plain, text = read[f"tercera_text_{_column(name)}"], _cell(rows, dialect, fields, name).text
    told: ir.StringValue = ibis.cases((read.tercera_is_plain, plain), (read[REASON].isnull(), text))
    return told


def _reason(rows: Rows, dialect: Dialect, fields: OrderFields, counting: Counting) -> ir.IntegerValue:
    """The first reason that holds, in the order of REASONS."""
    tests: list[tuple[ir.BooleanValue, RejectReason]] = []
    if (readable := rows.readable()) is not None:
        tests.append((~readable, RejectReason.UNREADABLE_ROW))
    tests += _text_reasons(rows, dialect, fields, "order_id")
    tests += _text_reasons(rows, dialect, fields, "customer_id")
    tests.append((~rows.cell(fields.placed_at).present, RejectReason.NO_DATE))
    tests.append((rows.table.tercera_stamp.isnull(), RejectReason.UNREADABLE_DATE))
    tests += _text_reasons(rows, dialect, fields, "status")
    if counting.per not in (CUSTOMER, "order_id", "customer_id", "status"):
        cell = _cell(rows, dialect, fields, counting.per)
        tests.append((~cell.present | cell.text.isnull(), RejectReason.NO_SUBJECT))
    places = [(test, ibis.literal(REASONS.index(reason), dt.int8)) for test, reason in tests]
    return ibis.cases(*places, else_=ibis.null(dt.int8))


_TEXT_REASONS = {
    "order_id": (RejectReason.NO_ORDER_ID, RejectReason.INVALID_ORDER_ID),
    "customer_id": (RejectReason.NO_CUSTOMER, RejectReason.INVALID_CUSTOMER_ID),
    "status": (RejectReason.NO_STATUS, RejectReason.INVALID_STATUS),
}


def _text_reasons(
    rows: Rows, dialect: Dialect, fields: OrderFields, name: str
) -> list[tuple[ir.BooleanValue, RejectReason]]:
    missing, invalid = _TEXT_REASONS[name]
    cell = _cell(rows, dialect, fields, name)
    tests = [(~cell.present, missing), (cell.text.isnull(), invalid)]
    pattern = fields.pattern_of(name)
    return [*tests, (~dialect.contains(cell.text, pattern), invalid)] if pattern else tests


def _met(read: ir.Table, when: When, dialect: Dialect) -> ir.BooleanValue:
    """Whether a row meets all of a rule's conditions."""
    met: ir.BooleanValue = reduce(and_, (_meets(read, match, dialect) for match in when), ibis.literal(True))
    return met.fill_null(False)


def _each_met(met: Sequence[ir.BooleanValue]) -> dict[str, ir.Value]:
    return {f"matching_{place}": each for place, each in enumerate(met)}


def _meets(read: ir.Table, match: Match, dialect: Dialect) -> ir.BooleanValue:
    """Asks of what is stored: a value that no good text can be is asked for in vain."""
    text: ir.StringValue = read[f"tercera_text_{_column(match.field)}"]
    values = [value for value in match.values if value.strip() and len(value) <= LONGEST_TEXT]
    if not match.ignore_case:
        return text.isin(values)
    return dialect.is_in_any_case(text, values)


def in_scope(read: ir.Table, dialect: Dialect, scope: Scope, clock: str = "tercera_clock") -> ir.Table:
    """Rows whose window is in scope, and those that no window can be told of, by the clock in a column."""
    for bound, test in ((scope.start, ir.Value.__ge__), (scope.end, ir.Value.__lt__)):
        if bound is not None:
            midnight = dialect.at(datetime.combine(bound, time()))
            read = read.filter(read[clock].isnull() | test(read[clock], midnight))
    return read
