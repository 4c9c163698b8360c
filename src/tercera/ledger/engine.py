"""Everything that is particular to a database engine: how it is opened, how a write begins, what its errors
mean. The rest of the ledger is SQL that any engine reads.

SQLite runs in WAL mode, so that people can look while a run writes, and with `synchronous=FULL`, so that a
commit has reached the disk when it returns: a notice that was written is not forgotten in a power cut.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from tercera.errors import LedgerError

BUSY_SECONDS = 10
"""How long a transaction waits for another one to end."""

_EFFECTIVE = os.access in os.supports_effective_ids

_WRITES = "tercera_writes"


def open_engine(url: str, *, read_only: bool) -> Engine:
    """An engine for the ledger's address. Connects to nothing yet, but looks at the file's place."""
    address = _address(url)
    try:
        _look_at(ledger_file(address), read_only=read_only)
    except PermissionError as error:
        raise LedgerError(
            f"the ledger {shown(address)} can't be reached ({error}); change permissions"
        ) from None
    engine = create_engine(
        address,
        connect_args={"timeout": BUSY_SECONDS},
        hide_parameters=True,  # customers' names and addresses stay out of tracebacks
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver begins transactions late and by itself; None leaves it to `begin` below.
        connection.isolation_level = None
        for pragma in _pragmas(read_only):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE takes the write lock at once: two readers that both want to write would deadlock.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of the ledger."""
    with explained(engine.url), engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: all of it is written, or nothing."""
    with explained(engine.url), engine.execution_options(**{_WRITES: True}).begin() as connection:
        yield connection


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turns the errors of the database into what a person can do about them."""
    try:
        yield
    except IntegrityError as error:
        raise LedgerError(
            f"the ledger {shown(url)} already holds what was to be written ({error.orig}); another process "
            "wrote the same: run the sweep again"
        ) from error
    except DBAPIError as error:
        raise LedgerError(_remedy(url, error.orig)) from error
    except sqlite3.Error as error:  # from a connection that is being opened
        raise LedgerError(_remedy(url, error)) from error


def ledger_file(url: URL) -> Path:
    """The file behind an address, by its real name: one ledger under two names is still one."""
    return Path(url.database or "").resolve()


def shown(url: URL) -> str:
    """An address as it may be shown: without its password."""
    return url.render_as_string(hide_password=True)


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise LedgerError("the ledger's address can't be read; write one like sqlite:///tercera.db") from None
    if address.get_backend_name() != "sqlite" or not address.database or address.database == ":memory:":
        raise LedgerError(
            f"the ledger can't be kept in {shown(address)}; name a SQLite file like sqlite:///tercera.db"
        )
    return address


def _look_at(file: Path, *, read_only: bool) -> None:
    if file.is_dir():
        raise LedgerError(f"the ledger {file} is a directory; name a file in it")
    if read_only:
        if not file.exists():
            raise LedgerError(f"there is no ledger at {file} yet; `tercera run` creates it")
        return
    if not file.parent.is_dir():
        raise LedgerError(f"the directory {file.parent} of the ledger does not exist; create it first")
    for path in (file.parent, file):
        if path.exists() and not os.access(path, os.W_OK, effective_ids=_EFFECTIVE):
            raise LedgerError(
                f"{path} is not writable, and the ledger {file} has to be; change its permissions"
            )


def _pragmas(read_only: bool) -> tuple[str, ...]:
    if read_only:
        return ("query_only=ON",)
    return ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def _remedy(url: URL, error: BaseException | None) -> str:
    place = f"the ledger {shown(url)}"
    match getattr(error, "sqlite_errorname", "").split("_")[:2]:
        case ["SQLITE", "NOTADB" | "CORRUPT"]:
            return f"{place} is not a database, or a damaged one ({error}); name another file or restore it"
        case ["SQLITE", "FULL"]:
            return f"the disk of {place} is full; nothing of this step was written: free space and run again"
        case ["SQLITE", "BUSY" | "LOCKED"]:
            return (
                f"{place} was busy with another process for {BUSY_SECONDS} s; run again when that has ended"
            )
        case ["SQLITE", "READONLY" | "CANTOPEN" | "PERM"]:
            return f"{place} can't be opened for this ({error}); check the permissions of file and directory"
        case ["SQLITE", "IOERR"]:
            return f"the disk of {place} failed ({error}); check the disk and run again"
        case _:
            return f"{place} could not do this: {error}"
