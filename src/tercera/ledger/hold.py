"""The right to run on a ledger: exclusive on a SQLite file, shared with other instances on PostgreSQL.

A lock on a file beside the SQLite ledger holds it, which the operating system lets go of however the process
ends. The ledger itself only notes who holds it, to tell those who come second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from filelock import FileLock, Timeout
from sqlalchemy import Engine, select, update

from tercera.errors import LedgerError
from tercera.ledger.database.address import shown
from tercera.ledger.database.engine import reading, writing
from tercera.ledger.database.sqlite import ledger_file
from tercera.ledger.instances.instance import Instance
from tercera.ledger.instances.renewing import renewing
from tercera.ledger.post.claims import release_claims
from tercera.ledger.tables import ledger


@contextmanager
def hold(engine: Engine, instance: Instance) -> Iterator[None]:
    """LedgerError names who else holds it. What a killed holder had claimed is free again."""
    with _shared(instance) if instance.shared else _exclusive(engine, instance):
        yield


@contextmanager
def _shared(instance: Instance) -> Iterator[None]:
    instance.enter()
    try:
        with renewing(instance.renew, instance.lease):
            yield
    finally:
        instance.leave()


@contextmanager
def _exclusive(engine: Engine, instance: Instance) -> Iterator[None]:
    file = ledger_file(engine.url)
    lock_file = file.with_name(file.name + ".lock")
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LedgerError(_held(engine)) from None
    except OSError as error:
        raise LedgerError(
            f"{lock_file} can't be locked ({error}); check the permissions of the directory"
        ) from error
    try:
        _note(engine, instance, instance.pid, instance.host, datetime.now(UTC))
        try:
            yield
        finally:
            with suppress(LedgerError):  # the lock is what counts; a note that stays does no harm
                _note(engine, instance, None, None, None)
    finally:
        lock.release()


def _note(
    engine: Engine, instance: Instance, pid: int | None, host: str | None, since: datetime | None
) -> None:
    with writing(engine) as connection:
        connection.execute(update(ledger).values(holder_pid=pid, holder_host=host, held_since=since))
        release_claims(connection, instance)


def _held(engine: Engine) -> str:
    with reading(engine) as connection:
        row = connection.execute(select(ledger)).one()
    who = "another process"
    if row.holder_pid is not None:
        who = (
            f"process {row.holder_pid} on {row.holder_host} since {row.held_since.isoformat(' ', 'seconds')}"
        )
    return (
        f"the ledger {shown(engine.url)} is in use by {who}; stop that one first (a SQLite ledger has one "
        "instance; several share one on PostgreSQL)"
    )
