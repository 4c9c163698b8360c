"""A ledger by its address: opened, looked for, or brought to this version."""

from __future__ import annotations

from datetime import timedelta

from tercera.ledger.database.address import is_postgresql, read_address
from tercera.ledger.database.engine import open_engine, reading, written
from tercera.ledger.database.schema import HEAD, ensure_schema, identity_of, version_of
from tercera.ledger.database.sqlite import ledger_file
from tercera.ledger.instances.instance import LEASE, Instance
from tercera.ledger.people import audit
from tercera.ledger.store import Ledger
from tercera.people import Deed


def open_ledger(url: str, *, read_only: bool = False, lease: timedelta = LEASE) -> Ledger:
    """The ledger at an address such as `sqlite:///tercera.db`, made or upgraded when that is needed.

    With `read_only` it must be there, and nothing about it changes. `lease` is how long the other instances
    on PostgreSQL wait for one that does not answer. Raises `LedgerError`.
    """
    engine = open_engine(url, read_only=read_only, lease=lease)
    try:
        ensure_schema(engine, read_only=read_only)
        with reading(engine) as connection:
            identity = identity_of(connection)
    except BaseException:
        engine.dispose()
        raise
    return Ledger(engine, identity, Instance(engine, lease))


def ledger_exists(url: str) -> bool:
    """Whether there is anything at this address. Raises `LedgerError` when a server can't be asked."""
    address = read_address(url)
    if not is_postgresql(address):
        return ledger_file(address).exists()
    engine = open_engine(url, read_only=True, lease=LEASE)
    try:
        return version_of(engine) is not None
    finally:
        engine.dispose()


def record_deed(url: str, deed: Deed) -> None:
    """Adds a line to the audit log of a ledger of whichever version, and changes nothing else of it. Raises
    `LedgerError`, also for a version that had no audit log."""
    engine = open_engine(url, read_only=False, lease=LEASE)
    try:
        written(engine, lambda connection: audit.record(connection, deed))
    finally:
        engine.dispose()


def upgrade_ledger(url: str) -> tuple[str | None, str]:
    """Brings the tables at an address to this version; gives the version before (None: nothing was there) and
    now. Raises `LedgerError`."""
    engine = open_engine(url, read_only=False, lease=LEASE)
    try:
        before = version_of(engine)
        ensure_schema(engine, read_only=False)
        return before, HEAD
    finally:
        engine.dispose()
