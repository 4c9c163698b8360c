"""Orders and customers in MongoDB (6.0 or newer), counted by the server itself.

A tally is one aggregation (`mongo.tally`) over an index range of the watched windows. A bounded one is
preceded by two looks into the index, for the types in which `placed_at` is stored, and followed by a small
query for rows that have no readable date.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pymongo.collation import Collation
from pymongo.collection import Collection as Documents
from pymongo.errors import (
    AutoReconnect,
    NotPrimaryError,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from tercera.advice import Asked, Tell
from tercera.columns import ColumnReading, TallyColumns, mark_of
from tercera.errors import SourceError
from tercera.model import (
    Counting,
    Customer,
    Pair,
    Period,
    Placed,
    RejectReason,
    SubjectId,
    Survey,
    Tally,
)
from tercera.mongo.advising import OrdersAdviser, check_directory
from tercera.mongo.checks import check_source
from tercera.mongo.columns import Columns
from tercera.mongo.connection import Server
from tercera.mongo.counting import in_columns
from tercera.mongo.directory import entries, paths
from tercera.mongo.doubtful import doubtful_rows, read_doubts
from tercera.mongo.expressions import stored_variants
from tercera.mongo.newest import newest_order
from tercera.mongo.question import SHORTEST_PART, Question
from tercera.mongo.sharing import SharedCollection, Sharer, grouped
from tercera.mongo.shell import aggregation
from tercera.mongo.stream import Stream
from tercera.mongo.stream_checks import check_stream
from tercera.mongo.survey import SurveyCount
from tercera.mongo.tally import TOO_LARGE, in_orders, in_sets, read_tally, undatable_rejects
from tercera.mongo.together import Answer, Asking, Memory, read_together, widest
from tercera.orders import Check, CustomerFields, OrderFields, Reading, Recent, Scope, Source
from tercera.windows import Window

_BATCH = 1000
"""Customers that are asked for at once."""

_AT_ONCE = 10_000
"""Tallies that are looked at together, where they are not there already."""

Document = Mapping[str, Any]
Given = TypeVar("Given")

_BYTEWISE = Collation(locale="simple")
"""Texts compare by code point, whatever the collection prefers."""


def silent(pairs: Iterable[Pair]) -> Iterator[Tally]:
    """The tallies of pairs that have no orders."""
    for subject, window in pairs:
        yield Tally(subject, window, matched=0, orders=0)


def _has_indexes(present: Mapping[str, str], name: str) -> bool:
    """Whether it is a collection of its own; a view has those of what it is made of."""
    return present.get(name) == "collection"


def _next(
    waiting: deque[tuple[Question, Future[list[Document]]]],
) -> tuple[Question, Iterable[Document]]:
    question, answers = waiting.popleft()
    return question, answers.result()


class OrderDocuments(OrderFields):
    """The orders' collection, and where in its documents the values stand."""

    collection: Annotated[str, Field(min_length=1)]


class CustomerDocuments(CustomerFields):
    """The customers' collection, and where in its documents the values stand."""

    collection: Annotated[str, Field(min_length=1)]


class Settings(BaseModel):
    """`source:` of kind `mongodb`.

    Reads go to the primary unless told otherwise: a secondary lags behind, and a status that was already
    reverted could be told of as if it still stood.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["mongodb"]
    uri: SecretStr = Field(
        description="write `${MONGODB_URI}`; `mongodb+srv://…` needs the extra `tercera[srv]`"
    )
    database: Annotated[str, Field(min_length=1)]
    orders: OrderDocuments
    customers: CustomerDocuments | None = None
    read_preference: Literal["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"] = (
        "primary"
    )
    timeout: Annotated[float, Field(gt=0)] = Field(10, description="seconds to find and reach the server")
    parallel: Annotated[int, Field(ge=1, le=16)] = Field(
        2, description="windows that the server is asked for at the same time"
    )
    operation_timeout: Annotated[float, Field(gt=0)] = Field(
        600, description="seconds that the server may take for one question"
    )

    @property
    def unfollowable(self) -> str | None:
        """Why changes can't be followed as it is set up."""
        if self.read_preference == "primary":
            return None
        return (
            f"orders are read with read_preference: {self.read_preference}, and a secondary may not have "
            "yet what changed; read from the primary"
        )

    def server(self) -> Server:
        """Where the collections are; nothing connects yet."""
        return Server(
            self.uri.get_secret_value(),
            timeout=self.timeout,
            patience=self.operation_timeout,
            read_preference=self.read_preference,
        )


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
        self._is_padded = False
        self._memory = Memory()

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """See `orders.Source`. A scope with `pairs` surveys the rows of these pairs alone."""
        if scope.pairs is None and not scope.totals:
            return ColumnReading(self._columns(counting, scope))
        return Reading(self._tallies(counting, scope))

    def _columns(self, counting: Counting, scope: Scope) -> Generator[TallyColumns, None, Survey]:
        """The light tallies: of rows that are judged here, unless the server has to."""
        with self._server.explained():
            question = self._question(counting, scope)
            newest = self._newest(counting, scope.recent) if scope.recent else None
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
            question = self._question(counting, scope)
            recent = scope.recent if scope.pairs is None else None
            newest = self._newest(counting, recent) if recent else None
        return (yield from self._judged(question, newest))

    def _judged(self, question: Question, newest: Placed | None) -> Generator[Tally, None, Survey]:
        """The tallies of rows that the server judges."""
        pairs = question.scope.pairs
        missing, survey = set(pairs or ()), SurveyCount()
        survey.newest = newest
        with self._server.explained():
            for part, answers in self._asked(self._parts(question)):
                for answer in answers:
                    survey.add(answer)
                    if isinstance(answer["_id"], str) and (tally := read_tally(part, answer)):
                        missing.discard((tally.subject, tally.window))
                        yield tally
            if question.is_bounded and pairs is None:
                for answer in self._aggregated(undatable_rejects(question)):
                    survey.add(answer)
        yield from silent(sorted(missing))
        return survey.survey()

    def _read_here(self, question: Question) -> Answer | None:
        """The tallies of a question that asks for no totals; None when the server has to judge the rows."""
        if not Columns(question).can_be_asked or not self._uses_index(question):
            return None
        answers = read_together(self._asking, question, [question], self._memory)
        return answers[0] if answers else None

    @contextmanager
    def sharing(self, asked: Sequence[tuple[Counting, Scope]]) -> Iterator[Source]:
        """See `sharing.Sharing`. Sweeps of the same zone read what they watch together."""
        yield SharedCollection(
            self, self._columns, self._read_several, self._newest, grouped(self._fields, asked)
        )

    def _read_several(self, asked: Sequence[Sharer]) -> list[Answer] | None:
        """The tallies of several rules, as `_read_here` gives those of one."""
        questions = [Question(self._fields, counting, scope) for counting, scope in asked]
        with self._server.explained():
            wide = widest(questions)
            wide = self._question(wide.counting, wide.scope)
            indexed = self._uses_index(wide)
            questions = [replace(each, types=wide.types) for each in questions]
            return read_together(self._asking, wide, questions, self._memory, indexed=indexed)

    @property
    def _asking(self) -> Asking:
        return Asking(
            self._packed, lambda pipeline: list(self._aggregated(pipeline)), self._settings.parallel
        )

    def _newest(self, counting: Counting, recent: Recent) -> Placed | None:
        """The newest order in there."""
        days = Scope(start=recent.since, end=recent.until.date() + timedelta(days=2))
        question = self._question(replace(counting, within=Period.DAY), days)
        return self._again(
            lambda: newest_order(
                self._orders,
                self._fields,
                counting.zone,
                question.types,
                recent,
                indexed=self._uses_index(question),
                patience=self._max_time,
            )
        )

    def _packed(self, question: Question) -> list[Document]:
        columns = Columns(question)
        answers = list(self._aggregated(columns.pipeline(padded=self._is_padded)))
        if columns.has_gaps(answers):
            self._is_padded = True
            answers = list(self._aggregated(columns.pipeline(padded=True)))
        return answers

    def question(self, counting: Counting, scope: Scope) -> str:
        """See `orders.Reproducible`: for mongosh."""
        with self._server.explained():
            asked = self._question(counting, scope)
        return aggregation(self._settings.orders.collection, in_sets(asked))

    def _question(self, counting: Counting, scope: Scope) -> Question:
        asked = Question(self._fields, counting, scope)
        if not asked.is_bounded:
            return asked
        types = frozenset(each for each in ("string", "date") if self._has_type(each))
        return Question(self._fields, counting, scope, types)

    def _has_type(self, name: str) -> bool:
        path = self._fields.placed_at
        found = {path: {"$type": name}}
        one = self._again(
            lambda: self._orders.find_one(found, {"_id": False, path: True}, max_time_ms=self._max_time)
        )
        return one is not None

    def _parts(self, question: Question) -> list[Question]:
        """Windows that can be asked for at the same time. Without an index each part would read all."""
        if not question.is_bounded or not self._uses_index(question):
            return [question]
        return list(question.parts(SHORTEST_PART))

    def _uses_index(self, question: Question) -> bool:
        database = self._server.client()[self._settings.database]
        find = {"find": self._settings.orders.collection, "filter": question.filter()}
        try:
            plan = self._again(lambda: database.command("explain", find, verbosity="queryPlanner"))
        except OperationFailure:  # not every service that speaks MongoDB's language explains itself
            return False
        return "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])

    def _asked(self, questions: Sequence[Question]) -> Iterator[tuple[Question, Iterable[Document]]]:
        """Each question with its answers, in order; a few are asked at once, and wait whole in memory."""
        if len(questions) == 1:
            yield questions[0], self._answers(questions[0])
            return
        with ThreadPoolExecutor(self._settings.parallel, thread_name_prefix="tally") as pool:
            waiting: deque[tuple[Question, Future[list[Document]]]] = deque()
            try:
                for question in questions:
                    waiting.append(
                        (question, pool.submit(lambda asked: list(self._answers(asked)), question))
                    )
                    if len(waiting) > self._settings.parallel:
                        yield _next(waiting)
                while waiting:
                    yield _next(waiting)
            finally:
                pool.shutdown(cancel_futures=True)

    def _answers(self, question: Question) -> Iterator[Document]:
        """By way of sets; where those grow too large, by way of orders."""
        try:
            yield from self._aggregated(in_sets(question))
        except OperationFailure as error:
            # Everything is grouped before anything is answered, so nothing was answered yet.
            if error.code not in TOO_LARGE:
                raise
            yield from self._aggregated(in_orders(question))

    def _aggregated(self, pipeline: list[dict[str, Any]]) -> Iterator[Document]:
        """The server's answer. When the connection breaks before any of it came, all is asked again."""
        cursor = self._again(
            lambda: self._orders.aggregate(
                pipeline,
                allowDiskUse=True,
                collation=_BYTEWISE,
                batchSize=10_000,
                maxTimeMS=self._max_time,
            )
        )
        with cursor:
            yield from cursor

    def _again(self, ask: Callable[[], Given]) -> Given:
        """Asks, and once more after a failover or a broken connection: the driver's own retry came first."""
        try:
            return ask()
        except ServerSelectionTimeoutError:  # it was waited for long enough
            raise
        except (AutoReconnect, NotPrimaryError):
            return ask()

    @property
    def _max_time(self) -> int:
        return int(self._settings.operation_timeout * 1000)

    @property
    def _orders(self) -> Documents[dict[str, Any]]:
        return self._server.client()[self._settings.database][self._settings.orders.collection]

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
                documents = self._again(partial(self._directory, question))
                found |= entries(documents, settings, batch)
        return found

    def _directory(self, question: Mapping[str, Any]) -> list[Document]:
        settings = self._settings.customers
        assert settings is not None
        collection = self._server.client()[self._settings.database][settings.collection]
        return list(
            collection.find(question, paths(settings), collation=_BYTEWISE).max_time_ms(self._max_time)
        )

    def doubtful(
        self, counting: Counting, window: Window, subjects: Collection[SubjectId]
    ) -> dict[SubjectId, dict[RejectReason, int]]:
        """See `orders.Source`."""
        found: dict[SubjectId, dict[RejectReason, int]] = {}
        remaining = iter(sorted(set(subjects)))
        while batch := list(islice(remaining, _BATCH)):
            with self._server.explained():
                question = self._question(counting, Scope(window.start, window.end))
                found |= read_doubts(list(self._aggregated(doubtful_rows(question, batch))))
        return found

    def changes(self, pers: Collection[str], after: str | None) -> Stream:
        """See `changes.Followable`."""
        with self._server.explained():
            return Stream(self._server, self._orders, self._server.client(), self._fields, pers, after)

    def check_changes(self, pers: Collection[str], *, fix: bool = False) -> Iterator[Check]:
        """See `changes.Followable`."""
        try:
            with self._server.explained():
                yield from check_stream(self._orders, self._server.address, fix=fix)
        except SourceError as error:
            yield Check(f"changes at {self._server.address}", False, str(error))

    def check(self, countings: Sequence[Counting], *, fix: bool = False) -> Iterator[Check]:
        """See `orders.Source`."""
        settings = self._settings
        try:
            with self._server.explained():
                self._server.client().admin.command("ping")
                database = self._server.client()[settings.database]
                yield from check_source(
                    database, self._server.address, settings.orders, settings.customers, countings
                )
        except SourceError as error:
            yield Check(f"MongoDB at {self._server.address}", False, str(error))

    def advise(self, asked: Sequence[Asked], *, fix: bool, live: bool, tell: Tell) -> Iterator[Check]:
        """See `advice.Indexed`."""
        customers = self._settings.customers
        with self._server.explained():
            database = self._server.client()[self._settings.database]
            present = {each["name"]: each["type"] for each in database.list_collections()}
            if asked and _has_indexes(present, self._orders.name):
                adviser = OrdersAdviser(self._orders, self._fields, asked, tell)
                yield from adviser.checks(fix=fix, live=live)
            if customers and customers.id != "_id" and _has_indexes(present, customers.collection):
                directory = database[customers.collection]
                yield check_directory(directory, customers, fix=fix, tell=tell)

    def close(self) -> None:
        """See `orders.Source`."""
        self._server.close()
