"""One real `mongod` for the tests of a process: a replica set with authentication, or that of MONGODB_URI."""

from __future__ import annotations

import atexit
import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from tercera.demo.local_mongod import running_mongod

_running = ExitStack()


@lru_cache(maxsize=1)
def mongod_uri() -> str:
    """Its address with user and password. Started when first asked for; tests fail when it can't be."""
    if uri := os.environ.get("MONGODB_URI"):
        return uri
    folder = _running.enter_context(TemporaryDirectory(prefix="tercera-mongod-"))
    atexit.register(stop)
    return _running.enter_context(running_mongod(Path(folder)))


@lru_cache(maxsize=1)
def client() -> MongoClient[dict[str, Any]]:
    """A client for preparing and looking; what is tested opens its own."""
    # What a test writes need not outlive a power cut.
    return _running.enter_context(MongoClient[dict[str, Any]](mongod_uri(), w=1, journal=False))


@lru_cache(maxsize=8)
def shared_database(purpose: str) -> Database[dict[str, Any]]:
    """A database that several tests use one after the other, gone at the end of the session."""
    name = f"tercera_{purpose}_{uuid.uuid4().hex[:12]}"
    _running.callback(client().drop_database, name)
    return client()[name]


@contextmanager
def empty_database() -> Iterator[Database[dict[str, Any]]]:
    """A database of one's own, gone at the end."""
    name = f"tercera_test_{uuid.uuid4().hex[:12]}"
    yield client()[name]
    client().drop_database(name)


def stop() -> None:
    """Stops what was started."""
    _running.close()
    for started in (mongod_uri, client, shared_database):
        started.cache_clear()
