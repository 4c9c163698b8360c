"""What each of several rules makes of rows that were read once for all.

The rows that match any of them stand in a small table, with a number whose bits say which rules; of all rows
it is known how many there are of each day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import add

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.orders import Scope
from tercera.relational.embedded import Database
from tercera.relational.engines.duckdb import DuckDialect
from tercera.relational.expressions.tally import Question, evidence, orders, tallies

MOST = 60
"""So many ways to match have a bit in a number."""

_OF_ORDER = ("subject", "opens", "order_id", "matching", "placed", "amount", "status")


@dataclass(frozen=True, slots=True)
class DayCount:
    """So many rows of a day (None: of none), good (`reason` None) or rejects, and the bits of the rules that
    they match."""

    day: date | None
    reason: int | None
    matches: int
    rows: int

    def is_in(self, scope: Scope) -> bool:
        """Whether the day is one of a scope, or not known."""
        return is_in(self.day, scope)


@dataclass(frozen=True, slots=True)
class Matched:
    """`table` holds the good rows that match any rule; those that say `is_repeated` may be of one order."""

    table: ir.Table
    counts: tuple[DayCount, ...]

    def counted(self, scope: Scope, bit: int) -> dict[int | None, tuple[int, int]]:
        """Of the rows in scope by reason: how many there are, and how many of them match a rule."""
        found: dict[int | None, tuple[int, int]] = {}
        for each in self.counts:
            if each.is_in(scope):
                rows, matching = found.get(each.reason, (0, 0))
                found[each.reason] = rows + each.rows, matching + (each.rows if each.matches & bit else 0)
        return found

    def tallies(self, question: Question, bit: int) -> ir.Table:
        """One rule's tallies, each as many times as it has evidence."""
        own = rows_of(self.table, question, bit)
        once = own.filter(~own.is_repeated).select(*_OF_ORDER)
        told_apart = orders(own.filter(own.is_repeated)).select(*_OF_ORDER)
        return told(once.union(told_apart), question)


def is_in(day: date | None, scope: Scope) -> bool:
    """Whether a day is one of a scope, or not known."""
    return day is None or (
        (scope.start is None or scope.start <= day) and (scope.end is None or day < scope.end)
    )


def matched(database: Database, name: str, rows: ir.Table, rules: int, marks: ir.Table | None) -> Matched:
    """Of the rows that `tally.judged` gave for so many rules, each with its `mark`; `marks` are those that
    more than one matching row has. Kept under a name."""
    bits = [ibis.ifelse(rows[f"matching_{rule}"], 1 << rule, 0).cast(dt.int64) for rule in range(rules)]
    rows = rows.mutate(matches=reduce(add, bits), day=rows.clock.date())
    counts = rows.group_by("day", "reason", "matches").agg(rows=rows.count())
    good = rows.filter(rows.reason.isnull() & rows.matching)
    is_repeated = ibis.literal(False) if marks is None else good.mark.isin(marks.mark)
    table = good.select(
        "subject", "day", "order_id", "matches", "placed", "amount", "status", is_repeated=is_repeated
    )
    return Matched(database.keep(name, table), tuple(DayCount(*row) for row in database.rows(counts)))


def rows_of(table: ir.Table, question: Question, bit: int) -> ir.Table:
    """The rows of one rule's windows, in columns of `tally.judged`."""
    scope = question.scope
    own = table.filter((table.matches & bit) != 0)
    own = own if scope.start is None else own.filter(own.day >= scope.start)
    own = own if scope.end is None else own.filter(own.day < scope.end)
    opens = DuckDialect().opens(own.day.cast("timestamp"), question.counting.within)
    return own.mutate(opens=opens, matching=ibis.literal(True))


def told(each: ir.Table, question: Question) -> ir.Table:
    """The tallies of a rule's matching orders, each as many times as it has evidence."""
    counted = tallies(each).mutate(orders=ibis.literal(0, "int64"))
    counted = counted.filter(counted.matched >= question.scope.at_least)
    return evidence(each, counted, question.counting.evidence) if question.counting.evidence else counted
