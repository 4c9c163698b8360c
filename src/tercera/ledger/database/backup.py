"""A copy of a SQLite ledger while it is used: one consistent moment, checked, and never over another file."""

from __future__ import annotations

import os
import shlex
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

from tercera.errors import LedgerError
from tercera.ledger.database.address import is_postgresql, read_address, shown
from tercera.ledger.database.postgresql import SCHEMA
from tercera.ledger.database.sqlite import explain, ledger_file


@dataclass(frozen=True, slots=True)
class Copied:
    """How large a copy is, and how many alerts are in it."""

    bytes: int
    alerts: int


def back_up(url: str, target: Path) -> Copied:
    """Copies the ledger to a new file that only its owner can read.

    It is written beside the target and takes its name when it was checked, so that there is never half a
    copy under that name. LedgerError when the target exists, and for a ledger on PostgreSQL, which has tools
    of its own.
    """
    address = read_address(url)
    if is_postgresql(address):
        raise LedgerError(f"a ledger on PostgreSQL is backed up with its own tool: {_dump(address, target)}")
    source = ledger_file(address)
    if not source.exists():
        raise LedgerError(f"there is no ledger at {source} yet; `tercera run` creates it")
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        partial.touch(mode=0o600, exist_ok=False)
        alerts = _copy(source, partial)
        os.link(partial, target)  # fails when it exists, also when that happened a moment ago
    except FileExistsError:
        raise LedgerError(f"{target} exists already and is not overwritten; name another file") from None
    except sqlite3.Error as error:
        raise explain(address, error) from error
    except OSError as error:
        raise LedgerError(f"the backup {target} can't be written ({error}); choose another place") from error
    finally:
        for leftover in (partial, *(partial.with_name(partial.name + end) for end in ("-wal", "-shm"))):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)
    return Copied(target.stat().st_size, alerts)


def _copy(source: Path, target: Path) -> int:
    """Gives how many alerts were copied."""
    with closing(sqlite3.connect(source, timeout=10)) as ledger, closing(sqlite3.connect(target)) as copy:
        ledger.backup(copy)  # all pages in one step: a writer does not make it begin again
        (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise LedgerError(f"the ledger {source} is damaged ({found}); restore an older backup")
        (alerts,) = copy.execute("SELECT count(*) FROM alerts").fetchone()
    with target.open("rb") as written:
        os.fsync(written.fileno())
    return int(alerts)


def _dump(address: URL, target: Path) -> str:
    """The command, without a password: PGPASSWORD or ~/.pgpass gives it."""
    plain = URL.create("postgresql", address.username, None, address.host, address.port, address.database)
    return f"pg_dump --format=custom --schema={SCHEMA} --file={shlex.quote(str(target))} {shown(plain)}"
