"""A look at MongoDB: the collections of one database, read only, each question with a time limit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any
from urllib.parse import unquote

import bson
from bson import Decimal128, Int64, ObjectId
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.datetime_ms import DatetimeMS
from bson.raw_bson import RawBSONDocument
from pymongo.collection import Collection
from pymongo.errors import OperationFailure, PyMongoError

from tercera.errors import SourceError
from tercera.mongo.connection import Server
from tercera.mongo.directory import at, text_of
from tercera.mongo.pipelines.expressions import stored_variants
from tercera.orders import LONGEST_TEXT
from tercera.profile import Cell, Counted, Kind, Sample
from tercera.profile.choice import orders_guess
from tercera.profile.values import cell_of, sample_of
from tercera.sampling.flattening import flattened
from tercera.sampling.sampler import PEEKED, Address, Bounds, Origin, Progress, likely_first, looked_closer

_SYSTEM = ("admin", "local", "config")
_MOST_COLLECTIONS = 200
_MOST_DATABASES = 10
_MOST_TEXTS = 200
_CODEC: CodecOptions[Mapping[str, Any]] = CodecOptions(
    tz_aware=True,
    tzinfo=UTC,
    unicode_decode_error_handler="replace",
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)
Raw = Collection[RawBSONDocument]


class MongoSampler:
    """`sampling.Sampler` over the collections of a database: the one that is named, that of the address, or
    the one that holds orders."""

    def __init__(self, address: Address, database: str | None, named: frozenset[str], bounds: Bounds) -> None:
        self._server = Server(
            address.uri, timeout=bounds.reach, patience=bounds.seconds, read_preference="primaryPreferred"
        )
        self._address = address
        self._database = database or _database_of(address.uri)
        self._named = named
        self._bounds = bounds
        self._remarks: list[str] = []
        self._collections: tuple[str, ...] = ()

    def origin(self) -> Origin:
        """See `Sampler`."""
        return Origin(
            "mongodb",
            f"MongoDB at {self._server.address}, database {self._database}",
            {"uri": self._address.reference, "database": self._database or ""},
            {name: {"collection": name} for name in self._collections},
            self._address.secret,
            tuple(self._remarks),
        )

    def samples(self, progress: Progress) -> list[Sample]:
        """See `Sampler`."""
        with self._server.explained():
            peeked = self._peeked(progress)
            self._collections = tuple(sample.name for sample in peeked)

            def look(name: str) -> Sample:
                progress(name)
                return self._sample(self._collection(name), self._bounds.rows)

            return looked_closer(peeked, self._named, self._bounds, look)

    def count(self, place: str, path: str) -> Counted | None:
        """See `profile.Looks`."""
        value: Any = f"${path}"
        cut = {"$substrCP": [value, 0, LONGEST_TEXT + 1]}
        told = {"$cond": [{"$eq": [{"$type": value}, "string"]}, cut, value]}
        steps: list[dict[str, Any]] = [{"$sortByCount": told}, {"$limit": _MOST_TEXTS}]
        texts: dict[str, int] = {}
        rows = 0
        try:
            for raw in self._collection(place).aggregate(steps, maxTimeMS=self._limit, allowDiskUse=True):
                each = bson.decode(raw.raw, _CODEC)
                rows += each["count"]
                if (cell := _cell(each["_id"])) is not None and cell.text is not None:
                    texts[cell.text] = texts.get(cell.text, 0) + each["count"]
        except PyMongoError:
            return None
        return Counted(texts, rows, exact=True)

    def found(self, place: str, path: str, ids: Sequence[str]) -> frozenset[str] | None:
        """See `profile.Looks`."""
        question = {path: {"$in": stored_variants(list(ids))}}
        try:
            answers = self._collection(place).find(question, {path: True}).max_time_ms(self._limit)
            documents = (bson.decode(raw.raw, _CODEC) for raw in answers.limit(50_000))
            texts = {text_of(at(document, path)) for document in documents}
        except PyMongoError:
            return None
        return frozenset(text for text in texts if text is not None) & frozenset(ids)

    def close(self) -> None:
        """See `Sampler`."""
        self._server.close()

    @property
    def _limit(self) -> int:
        return int(self._bounds.question * 1000)

    def _peeked(self, progress: Progress) -> list[Sample]:
        """The first documents of every collection of the database; of each, where none is named, until one of
        them holds orders."""
        if self._database is not None:
            return self._peek(self._database, progress)
        names = self._database_names()
        by_name = {}
        for name in names[:_MOST_DATABASES]:
            by_name[name] = self._peek(name, progress)
            if orders_guess(by_name[name]).sure:
                break
        holding = [name for name, samples in by_name.items() if orders_guess(samples).is_there]
        self._database = holding[-1] if holding else next(iter(by_name))
        if len(names) > 1:
            others = ", ".join(name for name in names if name != self._database)
            self._remarks.append(f"there are other databases: {others} (--database chooses)")
        return by_name[self._database]

    def _database_names(self) -> list[str]:
        try:
            listed = list(self._server.client().list_databases())
        except OperationFailure:
            raise SourceError(
                f"MongoDB at {self._server.address} does not let this user list databases; "
                "name one with --database"
            ) from None
        known = sorted(listed, key=lambda each: -int(each.get("sizeOnDisk") or 0))
        names = [str(each["name"]) for each in known if each["name"] not in _SYSTEM]
        if not names:
            raise SourceError(f"MongoDB at {self._server.address} has no database yet; nothing to look at")
        return names

    def _peek(self, database: str, progress: Progress) -> list[Sample]:
        found = self._server.client()[database]
        listed = (name for name in found.list_collection_names() if not name.startswith("system."))
        names = likely_first(listed, self._named)
        samples: list[Sample] = []
        for name in names[:_MOST_COLLECTIONS]:
            if samples and self._bounds.are_spent and name not in self._named:
                self._remarks.append(f"no time was left to look at {len(names) - len(samples)} collections")
                break
            progress(name)
            samples.append(self._sample(_raw(found[name]), PEEKED))
        return samples

    def _collection(self, name: str) -> Raw:
        return _raw(self._server.client()[str(self._database)][name])

    def _sample(self, collection: Raw, rows: int) -> Sample:
        total = _total(collection)
        whole = total is not None and total <= rows
        at_random = not whole and rows > PEEKED and total is not None
        documents = list(self._drawn(collection, rows) if at_random else self._first(collection, rows))
        if at_random and not documents:
            documents, at_random = list(self._first(collection, rows)), False
        which = (
            f"{len(documents):,} sampled at random"
            if at_random
            else f"{len(documents):,} read from the beginning"
        )
        how = "all of them read" if len(documents) == total else which
        return sample_of(
            collection.name, documents, max(total, len(documents)) if total is not None else None, how
        )

    def _drawn(self, collection: Raw, rows: int) -> Iterator[dict[str, Cell | None]]:
        """At random; nothing where the server can't do that in time."""
        try:
            cursor = collection.aggregate(
                [{"$sample": {"size": rows}}], maxTimeMS=self._limit, allowDiskUse=True, batchSize=500
            )
            yield from self._rows(cursor)
        except OperationFailure:
            return

    def _first(self, collection: Raw, rows: int) -> Iterator[dict[str, Cell | None]]:
        cursor = collection.find({}, batch_size=500).limit(rows).max_time_ms(int(self._bounds.left * 1000))
        yield from self._rows(cursor)

    def _rows(self, documents: Any) -> Iterator[dict[str, Cell | None]]:
        read = 0
        for raw in documents:
            read += len(raw.raw)
            yield flattened(bson.decode(raw.raw, _CODEC), _cell)
            if read > self._bounds.bytes or self._bounds.are_spent:
                return


def _database_of(uri: str) -> str | None:
    """Not by the driver, which would ask the name server for a `mongodb+srv` address."""
    found = re.match(r"[^:]+://[^/]*/([^?]+)", uri)
    return unquote(found[1]) if found else None


def _raw(collection: Collection[Any]) -> Raw:
    options: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
    return collection.with_options(codec_options=options)


def _total(collection: Raw) -> int | None:
    try:
        return collection.estimated_document_count(maxTimeMS=5000)
    except OperationFailure:
        return None


def _cell(value: object) -> Cell | None:
    """A stored value as a cell: as `mongo.pipelines.expressions.text_of` reads an id."""
    if isinstance(value, ObjectId):
        return Cell(Kind.OBJECT_ID, str(value))
    if isinstance(value, Decimal128):
        number = value.to_decimal()
        return Cell(Kind.NUMBER, str(value)) if number.is_finite() else None
    if isinstance(value, DatetimeMS):
        return Cell(Kind.INSTANT)
    if isinstance(value, Int64):
        return Cell(Kind.WHOLE, str(int(value)))
    return Cell(Kind.OTHER) if isinstance(value, Mapping) else cell_of(value)
