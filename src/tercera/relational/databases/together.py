"""Several rules over one answer of a database (see `several`): the orders that match any of them are kept in
the embedded engine, and each rule counts its own there, by the expressions that it counts files by."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from tercera.model import Counting, RejectReason, Survey
from tercera.orders import Reading, Scope
from tercera.relational.connection import STREAMED
from tercera.relational.databases.packing import packed_orders
from tercera.relational.databases.row import Row
from tercera.relational.databases.seen import Seen
from tercera.relational.databases.session import Session
from tercera.relational.embedded import Database
from tercera.relational.expressions.dialect import Dialect
from tercera.relational.expressions.tally import Question, orders
from tercera.relational.groups import Group
from tercera.relational.matched import is_in, rows_of, told
from tercera.relational.reading import in_columns
from tercera.tally.columns import ColumnReading, TallyColumns
from tercera.tally.sharing import SharedSource

Rows = Iterator[tuple[Any, ...]]


def can_share(scope: Scope) -> bool:
    """Whether what matches is all that a rule wants to know."""
    return scope.pairs is None and not scope.totals and scope.at_least > 0


@dataclass(frozen=True, slots=True)
class Other:
    """What else was answered: so many rows of a day, which are good or rejects for a reason, and which rules
    they match; or, of no rows, a reject to show."""

    day: date | None
    reason: int | None
    rows: int
    matches: int
    newest: int | None
    sample: str | None

    def is_in(self, scope: Scope) -> bool:
        """Whether its day is one of a scope, or not known."""
        return is_in(self.day, scope)


@dataclass
class Answered:
    """What was answered to all rules of a group; the orders are `kept` in the embedded engine."""

    kept: ir.Table
    others: list[Other] = field(default_factory=list)
    names: tuple[str, ...] = ()

    def survey_of(self, question: Question, bit: int, dialect: Dialect) -> Seen:
        """What one rule's survey is made of."""
        seen = Seen(question, dialect, self.names)
        for each in self.others:
            if not each.is_in(question.scope):
                continue
            if each.rows:
                seen.count(each.reason, each.rows, each.rows if each.matches & bit else 0, each.newest)
            elif each.reason is not None:
                seen.show(each.reason, each.sample)
        return seen

    def tallies_of(self, question: Question, bit: int) -> ir.Table:
        """One rule's tallies, each as many times as it has evidence."""
        return told(orders(rows_of(self.kept, question, bit)), question)


@dataclass
class SharedTables(SharedSource):
    """`orders.Source` over one reading of a table for each of `groups`, for as long as its database is open.
    What can't be shared is asked of `alone`.

    `ask` asks a session of the database, `samples` asks for more samples of a reason, `statement` keeps what
    is put together (`statements.Statements`), `open` opens the embedded engine.
    """

    groups: Sequence[Group[Answered]]
    dialect: Dialect
    ask: Callable[[Callable[[Session], Rows]], Rows]
    samples: Callable[[Question, RejectReason, Sequence[str]], Rows]
    statement: Callable[[object, Callable[[], str]], str]
    open: Callable[[], Database]
    _database: Database | None = None
    _looked_for: dict[object, list[tuple[Any, ...]]] = field(default_factory=dict)

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """See `orders.Source`."""
        for number, group in enumerate(self.groups):
            if can_share(scope) and group.covers(counting, scope):
                kept = group.kept_by(partial(self._read, group, number))
                if kept is not None:
                    question = replace(group.question, counting=counting, scope=scope)
                    return ColumnReading(self._columns(kept, group.bit(counting), question))
        return self.alone.tally(counting, scope)

    def _columns(
        self, answered: Answered, bit: int, question: Question
    ) -> Generator[TallyColumns, None, Survey]:
        database = self._database
        assert database is not None
        asked = (
            "own",
            question.counting,
            replace(question.scope, recent=None),
            bit,
            answered.kept.get_name(),
        )
        told = self.statement(asked, lambda: database.sql(answered.tallies_of(question, bit)))
        yield from in_columns(database.batches_of(told), question.counting)
        seen = answered.survey_of(question, bit, self.dialect)
        for reason in seen.short_of_samples():
            shown = (reason, question.scope.start, question.scope.end)
            if shown not in self._looked_for:
                self._looked_for[shown] = list(self.samples(question, reason, answered.names))
            seen.put_samples(reason, self._looked_for[shown])
        return seen.survey()

    def _read(self, group: Group[Answered], number: int) -> Answered:
        """Asks, and keeps what comes."""
        database = self._database = self._database or self.open()
        name = f"kept_{number}"
        answered = Answered(database.add(name, pa.Table.from_batches([packed_orders([], self.dialect)])))

        def ask(session: Session) -> Rows:
            answered.names = session.shown(group.question.counting)
            return session.several(group.question, group.several, answered.names)

        for batch in self._orders(self.ask(ask), answered.others):
            database.add(name, pa.Table.from_batches([batch]))
        answered.others.sort(key=lambda each: each.sample or "")  # the first ones are shown
        return answered

    def _orders(self, rows: Rows, others: list[Other]) -> Iterator[pa.RecordBatch]:
        """The orders of an answer; everything else goes to the others."""
        waiting: list[Row] = []
        for row in map(Row._make, rows):
            if row.place < 0 or row.reason is not None:
                others.append(self._other(row))
                continue
            waiting.append(row)
            if len(waiting) >= STREAMED:
                yield packed_orders(waiting, self.dialect)
                waiting = []
        yield packed_orders(waiting, self.dialect)

    def _other(self, row: Row) -> Other:
        return Other(
            None if row.opens is None else self.dialect.told_day(row.opens),
            None if row.reason is None else int(row.reason),
            int(row.rows) if row.place < 0 else 0,
            int(row.matches),
            None if row.newest is None else int(row.newest),
            row.sample,
        )
