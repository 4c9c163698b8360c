"""The rival of a commit: the rows that it wrote, prepared beforehand, by `executemany` into a file with the
same tables and indexes, in one transaction that reaches the disk.

Prints the seconds and how many rows they were.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from pathlib import Path

TABLES = ("alerts", "transitions", "messages", "notices")


def insert(ledger: Path, copy: Path) -> tuple[float, int]:
    """Seconds and rows."""
    source = sqlite3.connect(ledger)
    schema = source.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
    )
    statements = [statement for (statement,) in schema]
    rows = {table: source.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    source.close()
    copy.unlink(missing_ok=True)
    target = sqlite3.connect(copy, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        target.execute(f"PRAGMA {pragma}")
    for statement in statements:
        target.execute(statement)
    began = time.perf_counter()
    target.execute("BEGIN IMMEDIATE")
    for table in TABLES:
        marks = ",".join("?" * len(rows[table][0]))
        target.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[table])
    target.execute("COMMIT")
    took = time.perf_counter() - began
    target.close()
    return took, sum(map(len, rows.values()))


if __name__ == "__main__":
    print(*insert(Path(sys.argv[1]), Path(sys.argv[2])))
