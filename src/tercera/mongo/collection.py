"""The orders' collection as it is asked: in parts where an index serves, and once more after a failover.

A bounded question is preceded by two looks into the index, for the types in which `placed_at` is stored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from pymongo.collation import Collation
from pymongo.collection import Collection as Documents
from pymongo.database import Database
from pymongo.errors import AutoReconnect, NotPrimaryError, OperationFailure, ServerSelectionTimeoutError

from tercera.fields import OrderFields
from tercera.model import Counting, Period, Placed
from tercera.mongo.connection import Server
from tercera.mongo.newest import newest_order
from tercera.mongo.pipelines.question import SHORTEST_PART, Question
from tercera.mongo.pipelines.tally import TOO_LARGE, in_orders, in_sets
from tercera.mongo.rows.columns import Columns
from tercera.mongo.rows.together import Asking
from tercera.mongo.settings import Settings
from tercera.orders import Recent, Scope

Document = Mapping[str, Any]
Given = TypeVar("Given")

BYTEWISE = Collation(locale="simple")
"""Texts compare by code point, whatever the collection prefers."""


class OrdersCollection:
    """A deployment's orders, and the collections beside them. Connects when it is first asked."""

    def __init__(self, settings: Settings, server: Server, fields: OrderFields) -> None:
        self._settings = settings
        self._server = server
        self._fields = fields
        self._is_padded = False

    @property
    def database(self) -> Database[dict[str, Any]]:
        """Where all collections are."""
        return self._server.client()[self._settings.database]

    @property
    def documents(self) -> Documents[dict[str, Any]]:
        """The orders."""
        return self.database[self._settings.orders.collection]

    def question(self, counting: Counting, scope: Scope) -> Question:
        """What is asked for, with the types in which dates are stored."""
        asked = Question(self._fields, counting, scope)
        if not asked.is_bounded:
            return asked
        types = frozenset(each for each in ("string", "date") if self._has_type(each))
        return Question(self._fields, counting, scope, types)

    def uses_index(self, question: Question) -> bool:
        """Whether the rows of a question are found without reading all."""
        find = {"find": self.documents.name, "filter": question.filter()}
        try:
            plan = self.again(lambda: self.database.command("explain", find, verbosity="queryPlanner"))
        except OperationFailure:  # not every service that speaks MongoDB's language explains itself
            return False
        return "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])

    def judged(self, question: Question) -> Iterator[tuple[Question, Iterable[Document]]]:
        """The parts of a question with what the server answers, in order. Where an index serves, windows are
        asked for at the same time, and wait whole in memory."""
        parts = self._parts(question)
        if len(parts) == 1:
            yield parts[0], self._answers(parts[0])
            return
        with ThreadPoolExecutor(self._settings.parallel, thread_name_prefix="tally") as pool:
            waiting: deque[tuple[Question, Future[list[Document]]]] = deque()
            try:
                for part in parts:
                    waiting.append((part, pool.submit(lambda asked: list(self._answers(asked)), part)))
                    if len(waiting) > self._settings.parallel:
                        yield _next(waiting)
                while waiting:
                    yield _next(waiting)
            finally:
                pool.shutdown(cancel_futures=True)

    def aggregated(self, pipeline: list[dict[str, Any]]) -> Iterator[Document]:
        """The server's answer to a pipeline over the orders. When the connection breaks before any of it
        came, all is asked again."""
        cursor = self.again(
            lambda: self.documents.aggregate(
                pipeline,
                allowDiskUse=True,
                collation=BYTEWISE,
                batchSize=10_000,
                maxTimeMS=self.patience,
            )
        )
        with cursor:
            yield from cursor

    @property
    def asking(self) -> Asking:
        """How rows are read to be judged here (`together`)."""
        return Asking(self._packed, lambda pipeline: list(self.aggregated(pipeline)), self._settings.parallel)

    def newest(self, counting: Counting, recent: Recent) -> Placed | None:
        """The newest order in there."""
        days = Scope(start=recent.since, end=recent.until.date() + timedelta(days=2))
        question = self.question(replace(counting, within=Period.DAY), days)
        return self.again(
            lambda: newest_order(
                self.documents,
                self._fields,
                counting.zone,
                question.types,
                recent,
                indexed=self.uses_index(question),
                patience=self.patience,
            )
        )

    def again(self, ask: Callable[[], Given]) -> Given:
        """Asks, and once more after a failover or a broken connection: the driver's own retry came first."""
        try:
            return ask()
        except ServerSelectionTimeoutError:  # it was waited for long enough
            raise
        except (AutoReconnect, NotPrimaryError):
            return ask()

    @property
    def patience(self) -> int:
        """Milliseconds that the server may take for one question."""
        return int(self._settings.operation_timeout * 1000)

    def _parts(self, question: Question) -> list[Question]:
        """Windows that can be asked for at the same time. Without an index each part would read all."""
        if not question.is_bounded or not self.uses_index(question):
            return [question]
        return list(question.parts(SHORTEST_PART))

    def _packed(self, question: Question) -> list[Document]:
        columns = Columns(question)
        answers = list(self.aggregated(columns.pipeline(padded=self._is_padded)))
        if columns.has_gaps(answers):
            self._is_padded = True
            answers = list(self.aggregated(columns.pipeline(padded=True)))
        return answers

    def _answers(self, question: Question) -> Iterator[Document]:
        """By way of sets; where those grow too large, by way of orders."""
        try:
            yield from self.aggregated(in_sets(question))
        except OperationFailure as error:
            # Everything is grouped before anything is answered, so nothing was answered yet.
            if error.code not in TOO_LARGE:
                raise
            yield from self.aggregated(in_orders(question))

    def _has_type(self, name: str) -> bool:
        path = self._fields.placed_at
        found = {path: {"$type": name}}
        one = self.again(
            lambda: self.documents.find_one(found, {"_id": False, path: True}, max_time_ms=self.patience)
        )
        return one is not None


def _next(
    waiting: deque[tuple[Question, Future[list[Document]]]],
) -> tuple[Question, Iterable[Document]]:
    question, answers = waiting.popleft()
    return question, answers.result()
