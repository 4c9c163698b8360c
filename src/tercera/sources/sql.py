"""Orders and customers in tables of a database or a warehouse, counted by the engine that holds them.

A tally is one statement (`relational.databases.whole`) over an index range of the watched windows. Nothing is
written, not even temporary tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tercera.errors import SourceError
from tercera.indexes.advice import Asked, Tell
from tercera.model import CUSTOMER, Counting, Customer, Pair, Period, RejectReason, SubjectId, Survey, Tally
from tercera.orders import Check, Reading, Scope, Source
from tercera.relational.connection import Address, Connection, LostError
from tercera.relational.databases.advising import advised
from tercera.relational.databases.looking import looks
from tercera.relational.databases.seen import Seen
from tercera.relational.databases.session import Session, Tables
from tercera.relational.databases.together import Answered, Rows, SharedTables, can_share
from tercera.relational.databases.written_out import written_out
from tercera.relational.directory import customers
from tercera.relational.embedded import database
from tercera.relational.engines import engine_of, load
from tercera.relational.expressions.tally import REASONS, Question
from tercera.relational.following.cursor import CursorChanges, Growing
from tercera.relational.groups import Group, grouped
from tercera.relational.matched import MOST
from tercera.relational.settings import Settings
from tercera.tally.changes import Changes
from tercera.tally.columns import ColumnReading, TallyColumns
from tercera.windows import Window

if TYPE_CHECKING:
    from tercera.relational.following.noted import Notes

_BATCH = 500
"""Subjects or customers that are asked for at once."""

_MEMORY = "512MB"
"""What the orders that several rules count may take; what is more goes to disk."""

Answer = TypeVar("Answer")

__all__ = ["Settings", "SqlSource", "open_source"]


def open_source(settings: Settings, zone: str, *, base: Path | None = None) -> SqlSource:
    """Orders in a database. `zone` is that of wall-clock times when the settings name none; the paths of
    database files start at `base`, or where the process stands."""
    return SqlSource(settings, zone, base or Path.cwd())


class SqlSource:
    """`orders.Source` over tables."""

    def __init__(self, settings: Settings, zone: str, base: Path) -> None:
        self._settings = settings
        self._fields = settings.orders.model_copy(update={"timezone": settings.orders.timezone or zone})
        uri = settings.uri.get_secret_value()
        self._address = Address(uri, base, settings.timeout, settings.operation_timeout)
        self._name = settings.engine or engine_of(uri)
        self._idle: list[Connection] = []
        self._tables = Tables(
            settings.orders.place("orders"),
            self._fields,
            settings.customers.place("customers") if settings.customers else None,
            settings.customers,
        )

    @property
    def _engine(self) -> Any:
        return load(self._name)

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """See `orders.Source`. A scope with `pairs` surveys the rows of these pairs alone."""
        question = Question(self._fields, counting, scope)
        if scope.pairs is None:
            return ColumnReading(self._columns(question))
        return Reading(self._of_pairs(question, scope.pairs))

    def customers(self, ids: Collection[str]) -> dict[str, Customer]:
        """See `orders.Source`. Of several rows with one id, the first in order of name and address counts."""
        settings = self._settings.customers
        if settings is None or not ids:
            return {}
        found: list[Sequence[str | None]] = []
        wanted = set(ids)
        for batch in _batches(sorted(wanted)):
            told = self._asked(lambda session, batch=batch: session.entries(batch))  # type: ignore[misc]  # mypy reads no type from a lambda's default
            found += [row for row in told if row[0] in wanted]
        return customers(settings, found)

    def doubtful(
        self, counting: Counting, window: Window, subjects: Collection[SubjectId]
    ) -> dict[SubjectId, dict[RejectReason, int]]:
        """See `orders.Source`."""
        question = Question(self._fields, replace(counting, evidence=0), Scope(window.start, window.end))
        found: dict[SubjectId, dict[RejectReason, int]] = {}
        for batch in _batches(sorted(subjects)):
            asked = set(batch)
            for subject, place, known, unknown in self._asked(
                lambda session, batch=batch: session.doubts(question, batch)  # type: ignore[misc]  # mypy reads no type from a lambda's default
            ):
                if subject in asked:
                    found.setdefault(SubjectId(subject), {})[REASONS[int(place)]] = int(known) + int(unknown)
        return found

    @contextmanager
    def sharing(self, asked: Sequence[tuple[Counting, Scope]]) -> Iterator[Source]:
        """See `sharing.Sharing`. Sweeps that count for the same field in the same zone are one statement, but
        where the engine would sort all rows for it."""
        shares = not self._engine.DIALECT.avoids_sorting
        light = [(counting, scope) for counting, scope in asked if shares and can_share(scope)]
        groups: Iterator[Group[Answered]] = grouped(self._fields, light, MOST)
        with ExitStack() as stack:
            yield SharedTables(
                self,
                [group for group in groups if group.rules > 1],
                self._engine.DIALECT,
                self._asked,
                self._samples,
                self._tables.statements.of,
                lambda: stack.enter_context(database(_MEMORY, threads=1)),
            )

    def changes(self, pers: Collection[str], after: str | None) -> Changes:
        """See `changes.Followable`."""
        tracked = self._settings.changes
        if tracked is None:
            raise SourceError(f"{self._settings.unfollowable}")
        if tracked.cursor is None:
            from tercera.relational.following.noted import NotedChanges

            return NotedChanges(self._asked, self._notes(pers), after)
        growing = Growing(tracked.cursor, tracked.overlap, tracked.every.total_seconds())
        place = self._tables.orders.shown
        return CursorChanges(self._asked, place, self._fields, growing, sorted(set(pers)), after)

    def check_changes(self, pers: Collection[str], *, fix: bool = False) -> Iterator[Check]:
        """See `changes.Followable`."""
        tracked = self._settings.changes
        try:
            if tracked is not None and tracked.listen:
                from tercera.relational.following.noted import check_notes

                yield from check_notes(self._notes(pers), fix=fix)
                return
            with closing(self.changes(pers, None)):
                told = f"told by {tracked and tracked.cursor}; that an order is gone is found by sweeps"
                yield Check("changes of the orders", True, told)
        except SourceError as error:
            yield Check("changes of the orders", False, str(error), "correct source.changes")

    def _notes(self, pers: Collection[str]) -> Notes:
        from tercera.relational.following.noted import Notes

        address = re.sub(r"^[a-z]+(\+\w+)?://", "postgresql://", self._address.uri)
        return Notes(address, self._tables.orders, self._fields, pers)

    def question(self, counting: Counting, scope: Scope) -> str:
        """See `orders.Reproducible`: the database's own SQL."""
        ids = sorted({subject for subject, _ in scope.pairs or ()})
        with self._connected() as session:
            statement = session.statement(Question(self._fields, counting, scope), (), ids)
        return written_out(statement, self._engine.COMPILER.dialect)

    def check(self, countings: Sequence[Counting], *, fix: bool = False) -> Iterator[Check]:
        """See `orders.Source`. Nothing is fixed: a source is only read."""
        counting = countings[0] if countings else Counting((), CUSTOMER, Period.MONTH, "UTC")
        try:
            with self._connected() as session:
                yield Check(self._name, True, f"{self._address.shown} answers")
                yield from looks(session, self._tables, counting)
        except SourceError as error:
            yield Check(self._name, False, str(error))

    def advise(self, asked: Sequence[Asked], *, fix: bool, live: bool, tell: Tell) -> Iterator[Check]:
        """See `advice.Indexed`. Engines that keep no indexes need none."""
        with self._connected() as session:
            yield from advised(
                self._name, self._address, session, self._tables, asked, fix=fix, live=live, tell=tell
            )

    def close(self) -> None:
        """See `orders.Source`."""
        while self._idle:
            self._idle.pop().close()

    def _columns(self, question: Question) -> Generator[TallyColumns, None, Survey]:
        seen, answer = self._told(question, ())
        yield from seen.columns(answer)
        self._complete(seen, question)
        return seen.survey()

    def _of_pairs(self, question: Question, pairs: Collection[Pair]) -> Generator[Tally, None, Survey]:
        rows = orders = counted = 0
        missing: set[Pair] = set(pairs)
        by_subject: dict[SubjectId, list[Pair]] = {}
        for pair in missing:
            by_subject.setdefault(pair[0], []).append(pair)
        for batch in _batches(sorted(by_subject)):
            asked = {pair for subject in batch for pair in by_subject[subject]}
            part = replace(question, scope=replace(question.scope, pairs=asked))
            seen, answer = self._told(part, batch)
            for tally in seen.tallies(answer):
                missing.discard((tally.subject, tally.window))
                yield tally
            survey = seen.survey()
            rows, orders, counted = rows + survey.rows, orders + survey.orders, counted + survey.pairs
        for subject, window in sorted(missing):
            yield Tally(subject, window, 0, 0)
        return Survey(rows, orders, {}, counted)

    def _told(self, question: Question, ids: Sequence[str]) -> tuple[Seen, Iterator[tuple[Any, ...]]]:
        """What one statement answers, and the rows that it reads."""
        seen = Seen(question, self._engine.DIALECT, (), question.scope.pairs)

        def ask(session: Session) -> Iterator[tuple[Any, ...]]:
            seen.names = () if question.scope.pairs is not None else session.shown(question.counting)
            return session.tally(question, seen.names, ids)

        return seen, self._asked(ask)

    def _complete(self, seen: Seen, question: Question) -> None:
        """Looks for samples of the reasons of which too few came: rejects that are alike, as a rule."""
        for reason in seen.short_of_samples():
            seen.put_samples(reason, self._samples(question, reason, seen.names))

    def _samples(self, question: Question, reason: RejectReason, names: Sequence[str]) -> Rows:
        return self._asked(lambda session: session.samples(question, reason, names))

    def _asked(self, ask: Callable[[Session], Iterator[tuple[Any, ...]]]) -> Iterator[tuple[Any, ...]]:
        """An answer. When the connection broke before any of it came, all is asked again."""
        began = False
        try:
            with self._connected() as session:
                for row in ask(session):
                    began = True
                    yield row
            return
        except LostError:
            if began:
                raise
            self.close()
        with self._connected() as session:
            yield from ask(session)

    @contextmanager
    def _connected(self) -> Iterator[Session]:
        """A connection of one's own, which the next one may use when all went well."""
        connection: Connection = self._idle.pop() if self._idle else self._engine.connect(self._address)
        try:
            yield Session(self._engine, connection, self._tables)
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)


def _batches(ids: Sequence[Answer]) -> Iterator[list[Answer]]:
    remaining = iter(ids)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
