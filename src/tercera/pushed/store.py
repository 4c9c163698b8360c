"""Where orders that are handed in are kept: a file of SQLite. What was accepted is on the disk.

Each write of an order gets the next number (`seq`), by which changes are followed. An order that is gone
keeps its row, marked, so that its number tells that it went; `current_orders` leaves it out.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tercera.errors import SourceError
from tercera.pushed.order import PushedOrder

_TABLES = """
CREATE TABLE IF NOT EXISTS orders (
    order_id TEXT PRIMARY KEY, customer_id TEXT, status TEXT, placed_at TEXT, amount TEXT{fields},
    changed_at INTEGER, gone INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS orders_of_customer ON orders (customer_id, placed_at);
CREATE INDEX IF NOT EXISTS orders_by_time ON orders (placed_at);
CREATE UNIQUE INDEX IF NOT EXISTS orders_by_seq ON orders (seq);
CREATE TABLE IF NOT EXISTS customers (
    id TEXT PRIMARY KEY, name TEXT, email TEXT, language TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (last INTEGER NOT NULL);
INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT * FROM counter);
DROP VIEW IF EXISTS current_orders;
CREATE VIEW current_orders AS SELECT * FROM orders WHERE gone = 0;
"""
_OURS = ("order_id", "customer_id", "status", "placed_at", "amount")
_NEWER = (
    "WHERE excluded.changed_at IS NULL OR orders.changed_at IS NULL "
    "OR excluded.changed_at >= orders.changed_at"
)
_CUSTOMER = """
INSERT INTO customers (id, name, email, language) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
    name = coalesce(excluded.name, name), email = coalesce(excluded.email, email),
    language = coalesce(excluded.language, language)
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of orders that were handed in: `older` ones were left out, for what is there is newer."""

    accepted: int
    older: int


class OrderStore:
    """The file, made when it is missing. May be used by several threads, one writes at a time."""

    def __init__(self, path: Path, fields: Sequence[str] = ()) -> None:
        self.path = path
        self._fields = tuple(fields)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def put(self, orders: Iterable[PushedOrder]) -> Kept:
        """Keeps orders as they are now, all or none; on the disk when it returns. SourceError: it can't."""
        handed = list(orders)
        with self._writing() as connection:
            before = connection.total_changes
            last = _last(connection)
            rows = (self._row(order, last + number) for number, order in enumerate(handed, 1))
            connection.executemany(self._upsert(), rows)
            accepted = connection.total_changes - before
            connection.execute("UPDATE counter SET last = ?", [last + len(handed)])
            connection.executemany(
                _CUSTOMER,
                (
                    (each.customer_id, each.customer.name, each.customer.email, each.customer.language)
                    for each in handed
                    if each.customer is not None
                ),
            )
        return Kept(accepted, len(handed) - accepted)

    def forget(self, order_id: str, at: datetime) -> bool:
        """An order is gone; False when it was not there. What is handed in later of a time (`changed_at`)
        before `at` does not bring it back, also where the order was never seen."""
        with self._writing() as connection:
            last = _last(connection) + 1
            known = connection.execute("SELECT gone FROM orders WHERE order_id = ?", [order_id]).fetchone()
            connection.execute(
                "INSERT INTO orders (order_id, changed_at, gone, seq) VALUES (?, ?, 1, ?) "
                "ON CONFLICT (order_id) DO UPDATE SET gone = 1, changed_at = excluded.changed_at, "
                "seq = excluded.seq",
                [order_id, _microseconds(at), last],
            )
            connection.execute("UPDATE counter SET last = ?", [last])
            return bool(known == (0,))

    def forget_customer(self, customer_id: str) -> None:
        """Who somebody is (name, address) is kept no longer; their orders stay."""
        with self._writing() as connection:
            connection.execute("DELETE FROM customers WHERE id = ?", [customer_id])

    def prepare(self) -> None:
        """Makes the file, so that it can be read. SourceError: it can't be made."""
        with self._lock:
            self._opened()

    def close(self) -> None:
        """Lets go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _upsert(self) -> str:
        names = [*_OURS, *self._fields]
        every = [*map(_quoted, names), "changed_at", "gone", "seq"]
        renewed = ", ".join(f"{name} = excluded.{name}" for name in every[1:])
        return (
            f"INSERT INTO orders ({', '.join(every)}) VALUES ({', '.join('?' * len(every))}) "  # noqa: S608 - names of the configuration, quoted
            f"ON CONFLICT (order_id) DO UPDATE SET {renewed} {_NEWER}"
        )

    def _row(self, order: PushedOrder, seq: int) -> tuple[Any, ...]:
        more = (order.fields.get(name) for name in self._fields)
        amount = None if order.amount is None else str(order.amount)
        return (
            order.order_id,
            order.customer_id,
            order.status,
            written(order.placed_at),
            amount,
            *more,
            _microseconds(order.changed_at),
            0,
            seq,
        )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            with self._explained():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                made = sqlite3.connect(self.path, timeout=10, isolation_level=None, check_same_thread=False)
                self.path.chmod(0o600)  # names and addresses
                made.execute("PRAGMA journal_mode = WAL")
                made.execute("PRAGMA synchronous = FULL")
                self._make(made)
            self._connection = made
        return self._connection

    def _make(self, connection: sqlite3.Connection) -> None:
        more = "".join(f", {_quoted(name)} TEXT" for name in self._fields)
        connection.executescript(_TABLES.format(fields=more))
        with closing(connection.execute("SELECT * FROM orders LIMIT 0")) as cursor:
            known = {each[0] for each in cursor.description}
        for name in self._fields:
            if name not in known:
                connection.execute(f"ALTER TABLE orders ADD COLUMN {_quoted(name)} TEXT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise SourceError(
                f"the orders that were handed in can't be kept in {self.path}: {error}; see that the disk "
                "has room and the file may be written"
            ) from error


def written(placed: date) -> str:
    """A time in UTC, so that text sorts as time does; a day as it is."""
    return placed.astimezone(UTC).isoformat() if isinstance(placed, datetime) else placed.isoformat()


def _last(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT last FROM counter").fetchone()[0])


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1_000_000)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
