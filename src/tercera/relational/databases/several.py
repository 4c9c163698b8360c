"""What several rules count, as one question: for engines that are asked once for all of them.

    rows ──read, judged──▶ what any of them counts ──each──▶ one row an order of a day
    ──▶ how many rows there are of each day, the orders that match a rule, and samples of rejects

Which rules a row matches is one number, with a bit for each; windows are made of whole days. What each rule
makes of these answers is worked out by `together`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.model import Period
from tercera.orders import SAMPLES
from tercera.relational.databases.whole import recent, row
from tercera.relational.expressions.amounts import MONEY
from tercera.relational.expressions.dialect import Dialect
from tercera.relational.expressions.tally import Question, Rows, When, judged, read


def several(
    rows: Rows, dialect: Dialect, question: Question, whens: Sequence[When], names: Sequence[str]
) -> ir.Table:
    """The question, in columns of `row.Row`, of which `opens` is a day and `matches` the number of bits: in
    rows of `place` -1 how many rows there are, below in the order of `whole` an order, or a reject of which
    `names` are shown. `question` is the widest of rules that need no totals."""
    told = judged(rows.over(read(rows, dialect, question)), dialect, question, whens, names, lean=True)
    each = _each(dialect, question, told, len(whens))
    return _counts(each).union(_orders(each), _samples(each))


def _each(dialect: Dialect, question: Question, told: ir.Table, rules: int) -> ir.Table:
    """One row for each order of a day, and for each slot of a reason for rejects; all that matches no rule is
    one."""
    slot = dialect.slot(told["sample"]).cast(dt.string)
    bits = [ibis.ifelse(told[f"matching_{rule}"], 1 << rule, 0).cast(dt.int64) for rule in range(rules)]
    told = told.mutate(
        order_id=ibis.ifelse(told.reason.isnull(), told.order_id, slot),
        matches=reduce(add, bits),
        opens=dialect.opens(told.clock, Period.DAY),
        dated=recent(told, question),
    )
    return told.group_by("reason", "subject", "opens", "order_id", "matches").agg(
        rows=told.count(),
        placed=told.placed.min(),
        amount=told.amount.max(),
        status=told.status.min(),
        sample=told["sample"].min(),
        newest=told.dated.max(),
    )


def _counts(each: ir.Table) -> ir.Table:
    counted = each.group_by("reason", "opens", "matches").agg(rows=each.rows.sum(), newest=each.newest.max())
    return row(counted, place=ibis.literal(-1, dt.int64))


def _orders(each: ir.Table) -> ir.Table:
    found = each.filter(each.reason.isnull() & (each.matches != 0))
    return row(found, place=ibis.literal(0, dt.int64), first=found.placed, sample=ibis.null(dt.string))


def _samples(each: ir.Table) -> ir.Table:
    """A few rejects of each reason and day: a rule shows those of its own windows."""
    found = each.filter(each.reason.notnull())
    place = ibis.row_number().over(group_by=["reason", "opens"], order_by=[found["sample"]])
    found = found.mutate(place=place)
    return row(
        found.filter(found.place < SAMPLES),
        subject=ibis.null(dt.string),
        amount=ibis.null(MONEY),
        status=ibis.null(dt.string),
    )
