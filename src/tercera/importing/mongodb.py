"""A file's rows into a MongoDB collection, streaming, and safe to run again.

Each row gets an `_id` made of its number in the file and a hash of what it holds. So the same file imported
again, after a kill or after it grew, adds just the rows that are missing, and rows that stand twice in the
file stay two rows. As the numbers rise, so do the ids, which is the order that the server's index likes best.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bson import ObjectId
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError, DocumentTooLarge

from tercera.errors import SourceError
from tercera.importing.rows import Row, open_rows, require_fields
from tercera.mongo.connection import Server
from tercera.sources.mongodb import Settings

BATCH = 2000
"""Rows that are sent at once …"""

_BATCH_CHARACTERS = 8_000_000
"""… unless they are longer together than this."""

_IN_FLIGHT = 2
"""Batches that the server works on while the next one is read."""

_DUPLICATE_KEY = 11000

Document = dict[str, Any]
Documents = Collection[Document]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How it ended. `skipped` rows were there already."""

    rows: int
    inserted: int
    skipped: int
    seconds: float


def import_file(
    path: Path,
    settings: Settings,
    *,
    collection: str | None = None,
    batch: int = BATCH,
    limit: int | None = None,
    progress: Callable[[int], object] = lambda rows: None,
) -> ImportResult:
    """Adds the rows of a CSV (`.gz` too) or Parquet file to `collection`, by default the configured orders.

    `progress` is told how many rows have arrived. `limit` stops after so many rows. Raises `SourceError` when
    the file can't be read or the server refuses; whatever arrived before stays.
    """
    began = time.monotonic()
    name = collection or settings.orders.collection
    rows = open_rows(path)
    require_fields(path, rows.names, _needed(settings, name))
    server = settings.server()
    try:
        with server.explained():
            into = server.client()[settings.database][name]
            done = inserted = 0
            for sent, added in _sent(_batches(rows, batch, limit), into, server, path):
                done += sent
                inserted += added
                progress(done)
    finally:
        server.close()
    return ImportResult(done, inserted, done - inserted, time.monotonic() - began)


def _needed(settings: Settings, collection: str) -> list[str]:
    """The fields without which nothing could be counted, or nobody be found."""
    if collection == settings.orders.collection:
        orders = settings.orders
        return [*(orders.path_of(name) for name in ("order_id", "customer_id", "status")), orders.placed_at]
    if settings.customers is not None and collection == settings.customers.collection:
        return [settings.customers.id]
    return []


def _batches(rows: Iterator[Row], size: int, limit: int | None) -> Iterator[list[Document]]:
    batch: list[Document] = []
    characters = 0
    for number, row in enumerate(rows):
        if number == limit:
            break
        batch.append({"_id": ObjectId((number & 0xFFFFFFFF).to_bytes(4, "big") + row.digest), **row.document})
        characters += row.size
        if len(batch) >= size or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _sent(
    batches: Iterator[list[Document]], into: Documents, server: Server, path: Path
) -> Iterator[tuple[int, int]]:
    """(rows, rows that were new) of each batch, in order. A few are under way at once."""
    waiting: deque[tuple[int, Future[int]]] = deque()
    with ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="import") as pool:
        try:
            for batch in batches:
                waiting.append((len(batch), pool.submit(_insert, batch, into, path)))
                if len(waiting) > _IN_FLIGHT:
                    yield _arrived(waiting)
            while waiting:
                yield _arrived(waiting)
        finally:
            for _, each in waiting:
                each.cancel()


def _arrived(waiting: deque[tuple[int, Future[int]]]) -> tuple[int, int]:
    rows, future = waiting.popleft()
    return rows, future.result()


def _insert(batch: list[Document], into: Documents, path: Path) -> int:
    """Adds what is not there yet; gives how many that were."""
    try:
        return len(into.insert_many(batch, ordered=False).inserted_ids)
    except BulkWriteError as error:
        refused = error.details["writeErrors"]
        for each in refused:
            if each["code"] != _DUPLICATE_KEY or "_id" not in each.get("keyPattern", {"_id": 1}):
                row = int.from_bytes(batch[each["index"]]["_id"].binary[:4], "big") + 1
                raise SourceError(
                    f"{path} row {row} was refused by {into.full_name}: {each['errmsg'][:300]}"
                ) from None
        return int(error.details["nInserted"])
    except DocumentTooLarge:
        first = int.from_bytes(batch[0]["_id"].binary[:4], "big") + 1
        raise SourceError(
            f"{path}: one of the rows {first} to {first + len(batch) - 1} is larger than the 16 MB that "
            "MongoDB takes; shorten it"
        ) from None
