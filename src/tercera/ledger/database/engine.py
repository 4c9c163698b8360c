"""A ledger's database, opened by its address: read in one consistent view, written in one transaction.

What is particular to an engine is in `sqlite` and `postgresql`; the rest of the ledger is SQL that both read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import ModuleType
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.exc import DBAPIError

from tercera.ledger.database import postgresql, sqlite
from tercera.ledger.database.address import is_postgresql, read_address
from tercera.ledger.database.postgresql import DeadlockError

ATTEMPTS = 5
"""How often a transaction that lost against another one is tried."""

T = TypeVar("T")


def open_engine(url: str, *, read_only: bool, lease: timedelta) -> Engine:
    """An engine for the ledger's address. Connects to nothing yet."""
    address = read_address(url)
    if is_postgresql(address):
        return postgresql.open_engine(address, read_only=read_only, lease=lease)
    return sqlite.open_engine(address, read_only=read_only)


def is_shared(engine: Engine) -> bool:
    """Whether several instances may run on it."""
    return is_postgresql(engine.url)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of the ledger."""
    options = _particular(engine.url).READS
    with explained(engine.url), engine.execution_options(**options).begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: all of it is written, or nothing."""
    options = _particular(engine.url).WRITES
    with explained(engine.url), engine.execution_options(**options).begin() as connection:
        yield connection


def written(engine: Engine, work: Callable[[Connection], T]) -> T:
    """What `work` gives, done in one transaction; again when that lost against another instance's."""
    for _ in range(ATTEMPTS - 1):
        try:
            with writing(engine) as connection:
                return work(connection)
        except DeadlockError:
            continue
    with writing(engine) as connection:
        return work(connection)


@contextmanager
def explained(address: URL) -> Iterator[None]:
    """Turns the errors of the database into what a person can do about them."""
    try:
        yield
    except DBAPIError as error:
        raise _particular(address).explain(address, error.orig) from error
    except sqlite3.Error as error:  # from a connection that is being opened
        raise sqlite.explain(address, error) from error


def _particular(address: URL) -> ModuleType:
    return postgresql if is_postgresql(address) else sqlite
