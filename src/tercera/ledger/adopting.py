"""Taking a SQLite ledger over into an empty one, usually on PostgreSQL: nobody is told anything again."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from tercera.errors import LedgerError
from tercera.ledger.database import postgresql
from tercera.ledger.database.address import is_postgresql, read_address, shown
from tercera.ledger.database.engine import reading, writing
from tercera.ledger.opening import open_ledger
from tercera.ledger.people import audit
from tercera.ledger.people.audit import Telling
from tercera.ledger.tables import leases, ledger, messages, metadata, runs

_NUMBERED = tuple(table for table in metadata.sorted_tables if table.autoincrement_column is not None)
"""Tables whose ids PostgreSQL counts."""


def adopt(file: Path, url: str, *, telling: Telling[dict[str, int]] | None = None) -> dict[str, int]:
    """Copies everything of the ledger in a SQLite file to the address, in one transaction; gives rows by
    table. The file stays as it is, and must not be used any more: both say the same under the same keys.
    `telling` tells the audit log at the address who did it.

    LedgerError when somebody runs on the file, or the ledger at the address is not empty.
    """
    address = read_address(url)
    if not file.is_file():
        raise LedgerError(f"there is no ledger at {file}; name the SQLite file that was used until now")
    with open_ledger(f"sqlite:///{file.resolve()}") as source, source.hold(), open_ledger(url) as target:
        if target.identity == source.identity:
            raise LedgerError(
                f"{file} has been taken over into {shown(address)} already, or is the same ledger"
            )
        with reading(source._engine) as old, writing(target._engine) as new:
            if is_postgresql(address):
                postgresql.prepare_upgrade(new)
            if new.execute(select(func.count()).select_from(runs)).scalar_one():
                raise LedgerError(f"the ledger {shown(address)} was used already; name an empty one")
            return audit.recorded(new, _copy_all(old, new), telling)


def _copy_all(old: Connection, new: Connection) -> dict[str, int]:
    new.execute(delete(ledger))
    copied = {table.name: _copy(table, old, new) for table in metadata.sorted_tables if table is not leases}
    new.execute(update(ledger).values(holder_pid=None, holder_host=None, held_since=None))
    new.execute(update(messages).values(claimed_at=None, claimed_by=None))
    if new.dialect.name == "postgresql":
        for table in _NUMBERED:
            last = new.execute(select(func.max(table.c.id))).scalar()
            if last is not None:
                sequence = func.pg_get_serial_sequence(f"{postgresql.SCHEMA}.{table.name}", "id")
                new.execute(select(func.setval(sequence, last)))
    return copied


def _copy(table: Table, old: Connection, new: Connection) -> int:
    count = 0
    for rows in old.execution_options(yield_per=500).execute(select(table)).mappings().partitions():
        new.execute(insert(table), [dict(row) for row in rows])
        count += len(rows)
    return count
