"""The exclusive right to run on a ledger.

A lock on a file beside the ledger holds it, which the operating system lets go of however the process ends.
The ledger itself only notes who holds it, to tell those who come second.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import Engine, select, update

from tercera.errors import LedgerError
from tercera.ledger.claims import release_claims
from tercera.ledger.engine import ledger_file, reading, shown, writing
from tercera.ledger.tables import ledger


@contextmanager
def hold(engine: Engine) -> Iterator[None]:
    """LedgerError names who else holds it. What a killed holder had claimed is free again."""
    lock = FileLock(_lock_file(engine))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LedgerError(_held(engine)) from None
    except OSError as error:
        raise LedgerError(
            f"{_lock_file(engine)} can't be locked ({error}); check the permissions of the directory"
        ) from error
    try:
        _note(engine, os.getpid(), socket.gethostname(), datetime.now(UTC))
        try:
            yield
        finally:
            with suppress(LedgerError):  # the lock is what counts; a note that stays does no harm
                _note(engine, None, None, None)
    finally:
        lock.release()


def _lock_file(engine: Engine) -> Path:
    file = ledger_file(engine.url)
    return file.with_name(file.name + ".lock")


def _note(engine: Engine, pid: int | None, host: str | None, since: datetime | None) -> None:
    with writing(engine) as connection:
        connection.execute(update(ledger).values(holder_pid=pid, holder_host=host, held_since=since))
        release_claims(connection)


def _held(engine: Engine) -> str:
    with reading(engine) as connection:
        row = connection.execute(select(ledger)).one()
    who = "another process"
    if row.holder_pid is not None:
        who = (
            f"process {row.holder_pid} on {row.holder_host} since {row.held_since.isoformat(' ', 'seconds')}"
        )
    return f"the ledger {shown(engine.url)} is in use by {who}; stop that one first"
