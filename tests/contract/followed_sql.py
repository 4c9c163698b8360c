"""Orders in tables: noted by the triggers of a real PostgreSQL, or told by a column that grows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tercera.sources.sql import Settings
from tercera.sources.sql import open_source as open_sql
from tests.contract.followed import Followed, Row
from tests.servers import postgresql

VARIANTS = ("noted by PostgreSQL", "a time in PostgreSQL", "a number in SQLite")

_COLUMNS = ("order_id", "customer_id", "placed_at", "status", "seller")
_UPSERT = f"""INSERT INTO orders ({", ".join(_COLUMNS)}) VALUES ({{values}}) ON CONFLICT (order_id) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}, version = {{version}}"""


@contextmanager
def shop(variant: str) -> Iterator[Followed]:
    """An empty one."""
    if variant == "a number in SQLite":
        with TemporaryDirectory() as folder:
            yield from _sqlite(Path(folder) / "shop.db")
    else:
        yield from _postgresql(noted=variant == "noted by PostgreSQL")


def _sqlite(file: Path) -> Iterator[Followed]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        columns = ", ".join(f"{name} TEXT" for name in _COLUMNS[1:])
        connection.execute(f"CREATE TABLE orders (order_id TEXT PRIMARY KEY, {columns}, version INTEGER)")
        connection.execute("CREATE TABLE counter (n INTEGER)")
        connection.execute("INSERT INTO counter VALUES (0)")
        last = "(SELECT n FROM counter)"
        statement = _UPSERT.format(values="?, ?, ?, ?, ?", version=last)

        def write(row: Row) -> None:
            connection.execute("UPDATE counter SET n = n + 1")
            connection.execute(statement, [row[name] for name in _COLUMNS])
            connection.execute(f"UPDATE orders SET version = {last} WHERE order_id = ?", [row["order_id"]])

        settings = _settings(f"sqlite:///{file}", {"cursor": "version", "every": "100ms"})
        yield _followed(
            settings,
            write,
            lambda order: connection.execute("DELETE FROM orders WHERE order_id = ?", [order]),
        )


def _postgresql(*, noted: bool) -> Iterator[Followed]:
    with postgresql.empty_database() as address, postgresql.connection(address) as connection:
        columns = ", ".join(f"{name} TEXT" for name in _COLUMNS[1:])
        now = "TIMESTAMPTZ DEFAULT clock_timestamp()"
        connection.execute(
            f"CREATE TABLE orders (order_id TEXT PRIMARY KEY, {columns}, version {now})".encode()
        )
        statement = _UPSERT.format(values=", ".join(["%s"] * len(_COLUMNS)), version="clock_timestamp()")

        def write(row: Row) -> None:
            connection.execute(statement.encode(), [row[name] for name in _COLUMNS])

        changes = {"listen": True} if noted else {"cursor": "version", "every": "100ms"}
        settings = _settings(address, changes)
        if noted:
            with closing(open_sql(settings, "UTC")) as source:
                assert [each.ok for each in source.check_changes(["customer", "seller"], fix=True)] == [True]
        yield _followed(
            settings,
            write,
            lambda order: connection.execute("DELETE FROM orders WHERE order_id = %s", [order]),
            knows_former=noted,
        )


def _settings(uri: str, changes: dict[str, Any]) -> Settings:
    orders = {"table": "orders", "fields": {"seller": "seller"}}
    return Settings.model_validate({"kind": "sql", "uri": uri, "orders": orders, "changes": changes})


def _followed(
    settings: Settings,
    write: Callable[[Row], object],
    remove: Callable[[str], object],
    *,
    knows_former: bool = False,
) -> Followed:
    def write_all(rows: list[Row]) -> None:
        for row in rows:
            write(row)

    def remove_all(orders: list[str]) -> None:
        for order in orders:
            remove(order)

    return Followed(
        lambda: open_sql(settings, "UTC"),
        write_all,
        remove_all,
        knows_former=knows_former,
        sees_removed=knows_former,
        tells_again=not knows_former,
    )
