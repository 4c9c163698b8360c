"""A database of DuckDB, the engine that comes with the product.

Nothing is fetched from anywhere: extensions that are not built in are neither installed nor loaded.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.sql.datatypes import DuckDBType

from tercera.relational.engines.duckdb import COMPILER, engines_own
from tercera.relational.expressions.native import compiled

_hash = engines_own("hash", (dt.string,), dt.uint64)


def fingerprint(text: ir.StringValue) -> ir.IntegerValue:
    """A number that equal texts share, and different ones hardly ever."""
    number: ir.IntegerValue = _hash(text)
    return number


class Database:
    """An empty database in memory, with a place to spill to."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @property
    def memory(self) -> int:
        """How much it may take, in bytes."""
        [(text,)] = self.rows("SELECT current_setting('memory_limit')")
        number, unit = text.split()
        return int(float(number) * 1024 ** ("bytes", "KiB", "MiB", "GiB", "TiB").index(unit))

    def relation(self, name: str) -> ir.Table:
        """A table or view, as an expression."""
        columns = self.rows(f"DESCRIBE {quoted(name)}")
        return ibis.table({each[0]: DuckDBType.from_string(each[1]) for each in columns}, name=name)

    def sql(self, expression: ir.Expr) -> str:
        """What the engine is asked for an expression, step by step as it was built."""
        return compiled(COMPILER, expression)

    def view(self, name: str, expression: ir.Table) -> ir.Table:
        """Gives a relation a name."""
        self.run(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {self.sql(expression)}")
        return ibis.table(expression.schema(), name=name)

    def keep(self, name: str, expression: ir.Table) -> ir.Table:
        """Computes a relation once."""
        self.run(f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS {self.sql(expression)}")
        return self.relation(name)

    def run(self, statement: str, parameters: object = None) -> None:
        """Runs a statement for its effect."""
        self._connection.execute(statement, parameters)

    def rows(self, question: ir.Table | str, parameters: object = None) -> list[tuple[Any, ...]]:
        """A small answer, whole."""
        statement = question if isinstance(question, str) else self.sql(question)
        return self._connection.execute(statement, parameters).fetchall()

    def stream(self, question: ir.Table, names: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
        """The rows of a large answer."""
        for batch in self.batches(question):
            yield from zip(*(batch.column(name).to_pylist() for name in names), strict=True)

    def batches(self, question: ir.Table) -> Iterator[pa.RecordBatch]:
        """A large answer, a batch at a time."""
        yield from self.batches_of(self.sql(question))

    def batches_of(self, statement: str) -> Iterator[pa.RecordBatch]:
        """The same of a statement that is written out."""
        yield from self._connection.sql(statement).to_arrow_reader(20_000)

    @contextmanager
    def stopped_after(self, seconds: float) -> Iterator[None]:
        """Breaks off what the engine is at when the time is up; that raises its error."""
        timer = threading.Timer(seconds, self._connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def add(self, name: str, table: pa.Table) -> ir.Table:
        """More rows for a table, which is made for the first ones."""
        self._connection.register("more", table)
        self.run(f"CREATE TEMP TABLE IF NOT EXISTS {quoted(name)} AS FROM more LIMIT 0")
        self.run(f"INSERT INTO {quoted(name)} FROM more")
        self._connection.unregister("more")
        return self.relation(name)

    def given(self, name: str, table: pa.Table) -> ir.Table:
        """Makes an Arrow table known by a name."""
        self._connection.register(name, table)
        return self.relation(name)


@contextmanager
def database(memory_limit: str, threads: int | None) -> Iterator[Database]:
    """A new database; it and what it spilled are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tercera-", ignore_cleanup_errors=True) as spill:
        settings: dict[str, Any] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": memory_limit,
            "preserve_insertion_order": False,
            "temp_directory": spill,
        }
        if threads:
            settings["threads"] = threads
        with duckdb.connect(":memory:", config=settings) as connection:
            connection.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
            yield Database(connection)


def quoted(name: str) -> str:
    """A name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"
