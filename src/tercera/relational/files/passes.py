"""A tally in two passes over files that keep nothing of their rows.

    order ids ──▶ those that may stand in more than one row      all columns ──▶ one group a pair,
                                                                 and one for each of these orders

Worth it where one column can be read without the others (Parquet): the rows of very many orders need not be
held, nor written to disk, to be counted. The answers are those of `staged`.
"""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.relational.embedded import fingerprint
from tercera.relational.engines.duckdb import DuckDialect
from tercera.relational.expressions.tally import Question, judged, order_text
from tercera.relational.files.kept import Kept
from tercera.relational.files.repeats import repeated
from tercera.relational.files.tables import unchanged

_PAIR = ("subject", "opens")


def suits(kept: Kept, question: Question) -> bool:
    """Whether a question asks for numbers alone, of all orders, and is asked but once."""
    scope = question.scope
    asks_for_numbers = scope.totals and scope.pairs is None and scope.recent is None
    is_alone = not kept.several and not kept.is_read
    return kept.opened.has_columns and is_alone and asks_for_numbers and not question.counting.evidence


def groups(kept: Kept, question: Question) -> ir.Table:
    """The rows in scope, counted by `reason`, pair, and `repeated`: the id of an order that may stand in more
    than one row, null for all others together. Kept."""
    with unchanged("orders", kept.opened.files):
        return kept.database.keep(f"groups_{kept.number}", _grouped(kept, question, _shared(kept, question)))


def _grouped(kept: Kept, question: Question, shared: ir.Table | None) -> ir.Table:
    rows = kept.marked(judged(kept.opened.rows.over(kept.told), DuckDialect(), question))
    nothing = ibis.null(dt.string)
    own = nothing if shared is None else ibis.ifelse(rows.mark.isin(shared.mark), rows.order_id, nothing)
    rows = rows.mutate(repeated=own)
    return rows.group_by("reason", *_PAIR, "repeated").agg(
        rows=rows.count(),
        matches=rows.count(where=rows.matching),
        amounts=rows.amount.sum(),
        amount=rows.amount.max(),
        first=rows.placed.min(),
        last=rows.placed.max(),
    )


def tallies(groups: ir.Table) -> ir.Table:
    """What `tally.tallies` says of these orders: a repeated one counts once, as `tally.orders` has it."""
    good = groups.filter(groups.reason.isnull())
    once = good.repeated.notnull()
    matched = ibis.ifelse(once, (good.matches > 0).cast("int64"), good.matches)
    amount = ibis.ifelse(once, good.amount.cast(good.amounts.type()), good.amounts)
    return good.group_by(*_PAIR).agg(
        matched=matched.sum().cast("int64"),
        orders=ibis.ifelse(once, 1, good.rows).sum().cast("int64"),
        amount=amount.sum(),
        first=good["first"].min(),
        last=ibis.ifelse(once, good["first"], good["last"]).max(),
    )


def _shared(kept: Kept, question: Question) -> ir.Table | None:
    """The marks of order ids that more than one row in scope has, good or not."""
    database, told = kept.database, kept.told
    [(rows,)] = database.rows(kept.opened.rows.table.count().as_table())
    text = order_text(kept.opened.rows.over(told), DuckDialect(), question)
    marked = told.select(mark=fingerprint(text)).filter(ibis._.mark.notnull())
    return repeated(database, marked, rows, f"repeated_{kept.number}")
