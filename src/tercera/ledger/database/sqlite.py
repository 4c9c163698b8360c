"""What is particular to a ledger in a SQLite file: how it is opened, how a write begins, what errors mean.

WAL mode lets people look while a run writes; with `synchronous=FULL` a commit has reached the disk when it
returns: a notice that was written is not forgotten in a power cut.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from tercera.errors import LedgerError, OutageError
from tercera.ledger.database.address import shown

BUSY_SECONDS = 10
"""How long a transaction waits for another one to end."""

READS: dict[str, object] = {}
WRITES: dict[str, object] = {"tercera_writes": True}
"""Options of a connection for one transaction."""

_EFFECTIVE = os.access in os.supports_effective_ids


def open_engine(address: URL, *, read_only: bool) -> Engine:
    """Connects to nothing yet, but looks at the file's place."""
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

    @event.listens_for(engine, "do_connect")
    def make(*_: object) -> None:
        # SQLite would make a file that everybody can read; names, addresses and digests are in it.
        if not read_only:
            with suppress(OSError):  # who opens it next says what is wrong, and what to do
                ledger_file(address).touch(mode=0o600, exist_ok=False)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver begins transactions late and by itself; None leaves it to `begin` below.
        connection.isolation_level = None
        for pragma in _pragmas(read_only):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE takes the write lock at once: two readers that both want to write would deadlock.
        writes = connection.get_execution_options().get("tercera_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def ledger_file(address: URL) -> Path:
    """The file behind an address, by its real name: one ledger under two names is still one."""
    return Path(address.database or "").resolve()


def explain(address: URL, error: BaseException | None) -> LedgerError:
    """What a person can do about an error of the database."""
    place = f"the ledger {shown(address)}"
    match getattr(error, "sqlite_errorname", "").split("_")[:2]:
        case ["SQLITE", "CONSTRAINT"]:
            said = f"{place} already holds what was to be written ({error}); another process wrote the same"
            return LedgerError(f"{said}: run the sweep again")
        case ["SQLITE", "NOTADB" | "CORRUPT"]:
            said = f"{place} is not a database, or a damaged one ({error})"
            return LedgerError(f"{said}; name another file or restore it")
        case ["SQLITE", "FULL"]:
            said = f"the disk of {place} is full; nothing of this step was written"
            return LedgerError(f"{said}: free space and run again")
        case ["SQLITE", "BUSY" | "LOCKED"]:
            said = f"{place} was busy with another process for {BUSY_SECONDS} s"
            return OutageError(f"{said}; run again when that has ended")
        case ["SQLITE", "READONLY" | "CANTOPEN" | "PERM"]:
            said = f"{place} can't be opened for this ({error})"
            return LedgerError(f"{said}; check the permissions of file and directory")
        case ["SQLITE", "IOERR"]:
            return LedgerError(f"the disk of {place} failed ({error}); check the disk and run again")
        case _:
            return LedgerError(f"{place} could not do this: {error}")


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
