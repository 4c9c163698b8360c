"""Orders and customers in MongoDB (6.0 or newer), counted by the server itself.

A tally is one aggregation (`mongo.pipelines.tally`) over an index range of the watched windows. A bounded one
is followed by a small query for rows that have no readable date.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from tercera.errors import SourceError
from tercera.indexes.advice import Asked, Tell
from tercera.model import Counting, Customer, Placed, RejectReason, SubjectId, Survey, Tally
from tercera.mongo.checks import check_source
from tercera.mongo.collection import BYTEWISE, OrdersCollection
from tercera.mongo.directory import entries, paths
from tercera.mongo.following.stream import Stream
from tercera.mongo.following.stream_checks import check_stream
from tercera.mongo.indexes.advising import OrdersAdviser, check_directory
from tercera.mongo.pipelines.doubtful import doubtful_rows, read_doubts
from tercera.mongo.pipelines.expressions import stored_variants
from tercera.mongo.pipelines.question import Question
from tercera.mongo.pipelines.tally import in_sets, read_tally, undatable_rejects
from tercera.mongo.rows.columns import Columns
from tercera.mongo.rows.counting import in_columns
from tercera.mongo.rows.sharing import SharedCollection, Sharer, grouped
from tercera.mongo.rows.survey import SurveyCount
from tercera.mongo.rows.together import Answer, Memory, read_together, widest
from tercera.mongo.settings import Settings
from tercera.mongo.shell import aggregation
from tercera.orders import Check, Reading, Scope, Source
from tercera.tally.columns import ColumnReading, TallyColumns, mark_of
from tercera.windows import Window

_BATCH = 1000
"""Customers that are asked for at once."""

_AT_ONCE = 10_000
"""Tallies that are looked at together, where they are not there already."""

Document = Mapping[str, Any]

__all__ = ["MongoSource", "Settings", "open_source"]


def _has_indexes(present: Mapping[str, str], name: str) -> bool:
    """Whether it is a collection of its own; a view has those of what it is made of."""
    return present.get(name) == "collection"


def open_source(settings: Settings, zone: str, *, base: Path | None = None) -> MongoSource:
    """Orders in MongoDB. `zone` is that of wall-clock times when the settings name none; `base` is of no
    use here."""
    return MongoSource(settings, zone)


class MongoSource:
    """`orders.Source` over collections."""

    def __init__(self, settings: Settings, zone: str) -> None:
        self._settings = settings
        self._fields = settings.orders.model_copy(update={"timezone": settings.orders.timezone or zone})
        self._server = settings.server()
        self._orders = OrdersCollection(settings, self._server, self._fields)
        self._memory = Memory()

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """See `orders.Source`. A scope with `pairs` surveys the rows of these pairs alone."""
        if scope.pairs is None and not scope.totals:
            return ColumnReading(self._columns(counting, scope))
        return Reading(self._tallies(counting, scope))

    def _columns(self, counting: Counting, scope: Scope) -> Generator[TallyColumns, None, Survey]:
        """The light tallies: of rows that are judged here, unless the server has to."""
        with self._server.explained():
            question = self._orders.question(counting, scope)
            newest = self._orders.newest(counting, scope.recent) if scope.recent else None
            read = self._read_here(question)
        if read is not None:
            marked, survey = read
            survey.newest = newest
            yield in_columns(marked)
            return survey.survey()
        reading = Reading(self._judged(question, newest))
        tallies = iter(reading)
        while some := list(islice(tallies, _AT_ONCE)):
            yield in_columns([(tally, mark_of(tally)) for tally in some])
        return reading.survey

    def _tallies(self, counting: Counting, scope: Scope) -> Generator[Tally, None, Survey]:
        if scope.pairs is not None and not scope.pairs:
            return Survey()
        with self._server.explained():
            question = self._orders.question(counting, scope)
            recent = scope.recent if scope.pairs is None else None
            newest = self._orders.newest(counting, recent) if recent else None
        return (yield from self._judged(question, newest))

    def _judged(self, question: Question, newest: Placed | None) -> Generator[Tally, None, Survey]:
        """The tallies of rows that the server judges."""
        pairs = question.scope.pairs
        missing, survey = set(pairs or ()), SurveyCount()
        survey.newest = newest
        with self._server.explained():
            for part, answers in self._orders.judged(question):
                for answer in answers:
                    survey.add(answer)
                    if isinstance(answer["_id"], str) and (tally := read_tally(part, answer)):
                        missing.discard((tally.subject, tally.window))
                        yield tally
            if question.is_bounded and pairs is None:
                for answer in self._orders.aggregated(undatable_rejects(question)):
                    survey.add(answer)
        for subject, window in sorted(missing):
            yield Tally(subject, window, matched=0, orders=0)
        return survey.survey()

    def _read_here(self, question: Question) -> Answer | None:
        """The tallies of a question that asks for no totals; None when the server has to judge the rows."""
        if not Columns(question).can_be_asked or not self._orders.uses_index(question):
            return None
        answers = read_together(self._orders.asking, question, [question], self._memory)
        return answers[0] if answers else None

    @contextmanager
    def sharing(self, asked: Sequence[tuple[Counting, Scope]]) -> Iterator[Source]:
        """See `sharing.Sharing`. Sweeps of the same zone read what they watch together."""
        yield SharedCollection(
            self, self._columns, self._read_several, self._orders.newest, grouped(self._fields, asked)
        )

    def _read_several(self, asked: Sequence[Sharer]) -> list[Answer] | None:
        """The tallies of several rules, as `_read_here` gives those of one."""
        questions = [Question(self._fields, counting, scope) for counting, scope in asked]
        with self._server.explained():
            wide = widest(questions)
            wide = self._orders.question(wide.counting, wide.scope)
            indexed = self._orders.uses_index(wide)
            questions = [replace(each, types=wide.types) for each in questions]
            return read_together(self._orders.asking, wide, questions, self._memory, indexed=indexed)

    def question(self, counting: Counting, scope: Scope) -> str:
        """See `orders.Reproducible`: for mongosh."""
        with self._server.explained():
            asked = self._orders.question(counting, scope)
        return aggregation(self._settings.orders.collection, in_sets(asked))

    def customers(self, ids: Collection[str]) -> dict[str, Customer]:
        """See `orders.Source`. Where several documents have one id, that with the smallest `_id` counts."""
        settings = self._settings.customers
        if settings is None:
            return {}
        found: dict[str, Customer] = {}
        remaining = iter(sorted(set(ids)))
        while batch := list(islice(remaining, _BATCH)):
            question = {settings.id: {"$in": stored_variants(batch)}}
            with self._server.explained():
                documents = self._orders.again(partial(self._directory, question))
                found |= entries(documents, settings, batch)
        return found

    def _directory(self, question: Mapping[str, Any]) -> list[Document]:
        settings = self._settings.customers
        assert settings is not None
        collection = self._orders.database[settings.collection]
        return list(
            collection.find(question, paths(settings), collation=BYTEWISE).max_time_ms(self._orders.patience)
        )

    def doubtful(
        self, counting: Counting, window: Window, subjects: Collection[SubjectId]
    ) -> dict[SubjectId, dict[RejectReason, int]]:
        """See `orders.Source`."""
        found: dict[SubjectId, dict[RejectReason, int]] = {}
        remaining = iter(sorted(set(subjects)))
        while batch := list(islice(remaining, _BATCH)):
            with self._server.explained():
                question = self._orders.question(counting, Scope(window.start, window.end))
                found |= read_doubts(list(self._orders.aggregated(doubtful_rows(question, batch))))
        return found

    def changes(self, pers: Collection[str], after: str | None) -> Stream:
        """See `changes.Followable`."""
        with self._server.explained():
            return Stream(
                self._server, self._orders.documents, self._server.client(), self._fields, pers, after
            )

    def check_changes(self, pers: Collection[str], *, fix: bool = False) -> Iterator[Check]:
        """See `changes.Followable`."""
        try:
            with self._server.explained():
                yield from check_stream(self._orders.documents, self._server.address, fix=fix)
        except SourceError as error:
            yield Check(f"changes at {self._server.address}", False, str(error))

    def check(self, countings: Sequence[Counting], *, fix: bool = False) -> Iterator[Check]:
        """See `orders.Source`."""
        settings = self._settings
        try:
            with self._server.explained():
                self._server.client().admin.command("ping")
                yield from check_source(
                    self._orders.database,
                    self._server.address,
                    settings.orders,
                    settings.customers,
                    countings,
                )
        except SourceError as error:
            yield Check(f"MongoDB at {self._server.address}", False, str(error))

    def advise(self, asked: Sequence[Asked], *, fix: bool, live: bool, tell: Tell) -> Iterator[Check]:
        """See `advice.Indexed`."""
        customers = self._settings.customers
        with self._server.explained():
            database = self._orders.database
            present = {each["name"]: each["type"] for each in database.list_collections()}
            if asked and _has_indexes(present, self._orders.documents.name):
                adviser = OrdersAdviser(self._orders.documents, self._fields, asked, tell)
                yield from adviser.checks(fix=fix, live=live)
            if customers and customers.id != "_id" and _has_indexes(present, customers.collection):
                directory = database[customers.collection]
                yield check_directory(directory, customers, fix=fix, tell=tell)

    def close(self) -> None:
        """See `orders.Source`."""
        self._server.close()
