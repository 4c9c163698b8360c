"""Orders and customers in MongoDB (6.0 or newer), counted by the server itself.

A tally is one aggregation (`mongo.tally`) over an index range of the watched windows. A bounded one is
preceded by two looks into the index, for the types in which `placed_at` is stored, and followed by a small
query for rows that have no readable date.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pymongo.collation import Collation
from pymongo.collection import Collection as Documents
from pymongo.errors import AutoReconnect, NotPrimaryError

from tercera.errors import SourceError
from tercera.model import Counting, Customer, Survey, Tally
from tercera.mongo.checks import check_source
from tercera.mongo.connection import Server
from tercera.mongo.directory import entries
from tercera.mongo.expressions import stored_variants
from tercera.mongo.tally import Question, SurveyCount, silent
from tercera.orders import Check, CustomerFields, OrderFields, Reading, Scope

_BATCH = 1000
"""Customers that are asked for at once."""

Document = Mapping[str, Any]
Answer = TypeVar("Answer")

_BYTEWISE = Collation(locale="simple")
"""Texts compare by code point, whatever the collection prefers."""


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
    uri: SecretStr
    database: Annotated[str, Field(min_length=1)]
    orders: OrderDocuments
    customers: CustomerDocuments | None = None
    read_preference: Literal["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"] = (
        "primary"
    )
    timeout: Annotated[float, Field(gt=0)] = Field(10, description="seconds to find and reach the server")
    operation_timeout: Annotated[float, Field(gt=0)] = Field(
        600, description="seconds that the server may take for one question"
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

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """See `orders.Source`. A scope with `pairs` surveys the rows of these pairs alone."""
        return Reading(self._tallies(counting, scope))

    def _tallies(self, counting: Counting, scope: Scope) -> Generator[Tally, None, Survey]:
        if scope.pairs is not None and not scope.pairs:
            return Survey()
        with self._server.explained():
            question = self._question(counting, scope)
            survey = SurveyCount()
            missing = set(scope.pairs or ())
            for answer in self._answers(question.pipeline()):
                if "r" in (answer["_id"] or ()):
                    survey.add_reject(answer.get("one", answer))
                    continue
                survey.add_pair(answer)
                if answer["_id"] is not None:
                    tally = question.read_tally(answer.get("one", answer))
                    missing.discard((tally.subject, tally.window))
                    yield tally
            if question.is_bounded and scope.pairs is None:
                for answer in self._answers(question.undatable_pipeline()):
                    survey.add_reject(answer)
        yield from silent(sorted(missing))
        return survey.survey()

    def _question(self, counting: Counting, scope: Scope) -> Question:
        asked = Question(self._fields, counting, scope)
        if not asked.is_bounded:
            return asked
        types = frozenset(each for each in ("string", "date") if self._has_type(each))
        return Question(self._fields, counting, scope, types)

    def _has_type(self, name: str) -> bool:
        path = self._fields.placed_at
        one = self._again(lambda: self._orders.find_one({path: {"$type": name}}, {"_id": False, path: True}))
        return one is not None

    def _answers(self, pipeline: list[dict[str, Any]]) -> Iterator[Document]:
        """The server's answer. When the connection breaks before any of it came, all is asked again."""
        cursor = self._again(
            lambda: self._orders.aggregate(
                pipeline,
                allowDiskUse=True,
                collation=_BYTEWISE,
                batchSize=10_000,
                maxTimeMS=int(self._settings.operation_timeout * 1000),
            )
        )
        with cursor:
            yield from cursor

    def _again(self, ask: Callable[[], Answer]) -> Answer:
        """Asks, and once more after a failover or a broken connection: the driver's own retry came first."""
        try:
            return ask()
        except (AutoReconnect, NotPrimaryError):
            return ask()

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
        paths = [settings.id, settings.name, settings.email, settings.language]
        collection = self._server.client()[self._settings.database][settings.collection]
        return list(
            collection.find(question, [path for path in paths if path], collation=_BYTEWISE).max_time_ms(
                int(self._settings.operation_timeout * 1000)
            )
        )

    def check(self, countings: Sequence[Counting], *, fix: bool = False) -> Iterator[Check]:
        """See `orders.Source`."""
        settings = self._settings
        try:
            with self._server.explained():
                self._server.client().admin.command("ping")
                database = self._server.client()[settings.database]
                yield from check_source(
                    database, self._server.address, settings.orders, settings.customers, countings, fix=fix
                )
        except SourceError as error:
            yield Check(f"MongoDB at {self._server.address}", False, str(error))

    def close(self) -> None:
        """See `orders.Source`."""
        self._server.close()
