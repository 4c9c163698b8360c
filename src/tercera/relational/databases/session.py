"""What a `sql` source asks of one connection: each question one statement, put together only once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.fields import CustomerFields, OrderFields
from tercera.model import Counting, RejectReason, SubjectId
from tercera.orders import DOUBTFUL
from tercera.relational.connection import Connection, Place
from tercera.relational.databases.columns import demand, needed
from tercera.relational.databases.ranges import holding, of_subjects, with_ids, within
from tercera.relational.databases.several import several
from tercera.relational.databases.whole import more_samples, of_any_time, shown, whole, with_times
from tercera.relational.directory import entries, paths
from tercera.relational.expressions.cells import Columns
from tercera.relational.expressions.dialect import Dialect
from tercera.relational.expressions.native import compiled
from tercera.relational.expressions.tally import REASON, Question, When, doubtful, read
from tercera.relational.statements import Statements

Rows = Iterator[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Tables:
    """Where orders and customers stand, and the statements that were put together for them so far."""

    orders: Place
    fields: OrderFields
    customers: Place | None = None
    customer_fields: CustomerFields | None = None
    statements: Statements = field(default_factory=Statements)


class Session:
    """One connection of an engine (a module of `engines`) to some tables."""

    def __init__(self, engine: Any, connection: Connection, tables: Tables) -> None:
        self.connection = connection
        self.dialect: Dialect = engine.DIALECT
        self._compiler = engine.COMPILER
        self._tables = tables
        self._relations: dict[Place, ir.Table] = {}

    def orders(self, wanted: Sequence[str] = ()) -> ir.Table:
        """The orders. SourceError when they are not there, or one of these paths leads to no column."""
        return self._found(self._tables.orders, wanted)

    def directory(self) -> ir.Table:
        """The customers. SourceError when they or a column are not there."""
        place, fields = self._tables.customers, self._tables.customer_fields
        assert place is not None
        assert fields is not None
        return self._found(place, [path for path in paths(fields).values() if path])

    def columns(self, table: ir.Table) -> Columns:
        """A table's values."""
        return Columns(table, self.dialect)

    def shown(self, counting: Counting) -> tuple[str, ...]:
        """The columns of a sample."""
        wanted = needed(self._tables.fields, counting)
        return shown(self.columns(self.orders(wanted)), wanted)

    def tally(self, question: Question, names: Sequence[str], ids: Sequence[str]) -> Rows:
        """The answer to one question, for `seen.Seen`. Of pairs it is asked for the subjects in `ids`."""
        return self.connection.rows(self.statement(question, names, ids))

    def statement(self, question: Question, names: Sequence[str], ids: Sequence[str]) -> str:
        """What the database is asked for a tally."""
        counting, pairs = question.counting, question.scope.pairs
        table = self.orders(needed(self._tables.fields, counting))
        windows = None if pairs is None else frozenset((SubjectId(""), window) for _, window in pairs)
        scope = of_any_time(replace(question.scope, pairs=windows))

        def expression() -> ir.Table:
            rows = within(table, self.dialect, self._tables.fields, counting, scope)
            return whole(self.columns(rows), self.dialect, replace(question, scope=scope), names)

        kept = self._kept(("tally", counting, scope, table.schema(), tuple(names)), expression)
        kind = _kind(table, self._tables.fields.path_of(counting.per))
        return with_ids(with_times(kept, question), self.dialect, self._compiler, kind, ids)

    def several(self, question: Question, whens: Sequence[When], names: Sequence[str]) -> Rows:
        """The answer to the questions of several rules: see `relational.several`."""
        counting, scope = question.counting, of_any_time(question.scope)
        table = self.orders(needed(self._tables.fields, counting))

        def expression() -> ir.Table:
            rows = within(table, self.dialect, self._tables.fields, counting, scope)
            return several(self.columns(rows), self.dialect, replace(question, scope=scope), whens, names)

        kept = self._kept(
            ("several", counting, tuple(whens), scope, table.schema(), tuple(names)), expression
        )
        return self.connection.rows(with_times(kept, question))

    def samples(self, question: Question, reason: RejectReason, names: Sequence[str]) -> Rows:
        """A few rejects for one reason."""
        rows = within(self.orders(), self.dialect, question.fields, question.counting, question.scope)
        return self.answer(more_samples(self.columns(rows), self.dialect, question, reason, names))

    def doubts(self, question: Question, ids: Sequence[str]) -> Rows:
        """By subject and reason, how many orders have an id, and how many rows have none."""
        counting = question.counting
        table = self.orders(needed(question.fields, counting))

        def expression() -> ir.Table:
            rows = within(table, self.dialect, question.fields, counting, question.scope)
            known = of_subjects(rows, self.dialect, question.fields, counting)
            columns = self.columns(rows if known is None else rows.filter(known))
            told = read(columns, self.dialect, question)
            found = self.dialect.apart(doubtful(columns.over(told), self.dialect, question, DOUBTFUL))
            return found.group_by("subject", REASON).agg(
                known=found.order_id.nunique(), unknown=found.count(where=found.order_id.isnull())
            )

        kept = self._kept(("doubts", counting, question.scope, table.schema()), expression)
        kind = _kind(table, question.fields.path_of(counting.per))
        return self.connection.rows(with_ids(kept, self.dialect, self._compiler, kind, ids))

    def entries(self, ids: Sequence[str]) -> Rows:
        """The directory's entries of these ids, and maybe of others."""
        table, fields = self.directory(), self._tables.customer_fields
        assert fields is not None

        def expression() -> ir.Table:
            known = holding(table, self.dialect, fields.id)
            return entries(self.columns(table if known is None else table.filter(known)), fields)

        kept = self._kept(("entries", table.schema()), expression)
        return self.connection.rows(
            with_ids(kept, self.dialect, self._compiler, _kind(table, fields.id), ids)
        )

    def answer(self, expression: ir.Table) -> Rows:
        """The rows of an expression."""
        return self.connection.rows(compiled(self._compiler, expression))

    def _found(self, place: Place, wanted: Sequence[str]) -> ir.Table:
        if place not in self._relations:
            self._relations[place] = self.connection.relation(place)
        table = self._relations[place]
        columns = self.columns(table)
        demand(place.what, place.shown, [path for path in wanted if not columns.has(path)], table.columns)
        return table

    def _kept(self, key: object, expression: Callable[[], ir.Table]) -> str:
        return self._tables.statements.of(key, lambda: compiled(self._compiler, expression()))


def _kind(table: ir.Table, path: str) -> dt.DataType:
    return table[path].type() if path in table.columns else dt.string
