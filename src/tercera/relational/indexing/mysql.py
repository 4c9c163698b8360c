"""Indexes of MariaDB and MySQL (InnoDB): created in place, without a lock; an interrupted one is gone.

MariaDB counts what a statement read (ANALYZE); of MySQL the plan's own guess is told, as an estimate. MariaDB
runs in the tests, MySQL does not.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlglot import expressions as sge

from tercera.errors import SourceError
from tercera.indexes.costs import Cost
from tercera.indexes.needs import HIDDEN, Index, Need, Proposal
from tercera.relational.connection import Address, Connection, Place
from tercera.relational.engines._pymysql import connect
from tercera.relational.indexing import RefusedError

SHELL = "mysql"

_LONGEST = 7 * 86_400.0
"""Seconds that an index may take to be created."""

_DENIED = (1142, 1044, 1227)
_TOO_LONG = (1969, 3024)
_PREFIX = 64
"""Characters of a text without a length that an index holds."""


@contextmanager
def open_table(address: Address, place: Place) -> Iterator[MySQLTable]:
    """Connects when it is asked something."""
    opened = connect(address)
    try:
        yield MySQLTable(opened, address, place)
    finally:
        opened.close()


class MySQLTable:
    """`indexing.Indexing`."""

    def __init__(self, opened: Connection, address: Address, place: Place) -> None:
        self._opened = opened
        self._address = address
        self._place = place
        self._where = f"table_name = {_text(place.name[-1])} AND table_schema = " + (
            _text(place.name[-2]) if len(place.name) > 1 else "DATABASE()"
        )
        kinds = self._rows(f"SELECT table_type FROM information_schema.tables WHERE {self._where}")  # noqa: S608 - quoted
        self.is_table = bool(place.table) and [kind for (kind,) in kinds] == ["BASE TABLE"]
        [(version,)] = self._rows("SELECT VERSION()")
        self._counts = "mariadb" in version.lower()

    def stored(self) -> int:
        """See `indexing.Indexing`."""
        found = self._rows(f"SELECT table_rows FROM information_schema.tables WHERE {self._where}")  # noqa: S608 - quoted
        return int(found[0][0] or 0) if found else 0

    def indexes(self, need: Need) -> list[Index]:
        """See `indexing.Indexing`."""
        columns = {
            str(row[0]).upper() for row in self._rows("SHOW COLUMNS FROM information_schema.statistics")
        }
        hidden = "ignored = 'YES'" if "IGNORED" in columns else "is_visible = 'NO'"
        if not columns & {"IGNORED", "IS_VISIBLE"}:
            hidden = "FALSE"
        told = self._rows(
            f"SELECT index_name, index_type, {hidden}, column_name FROM information_schema.statistics "  # noqa: S608 - our own text; what is named is quoted
            f"WHERE {self._where} ORDER BY index_name, seq_in_index"
        )
        found: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for row in told:
            found[row[0]].append(row)
        return [
            Index(name, tuple(str(row[3] or "") for row in rows), _flaw(rows[0]))
            for name, rows in found.items()
        ]

    def cost(self, statement: str, seconds: float) -> Cost | None:
        """See `indexing.Indexing`."""
        opened = connect(replace(self._address, patience=seconds + 10))  # the server gives up before we do
        asked = "ANALYZE FORMAT=JSON" if self._counts else "EXPLAIN FORMAT=JSON"
        try:
            list(opened.rows(self._limit(seconds)))
            [(told,)] = list(opened.rows(f"{asked} {statement}"))
        except SourceError as error:
            if _code(error) not in _TOO_LONG:
                raise
            return Cost(self.stored(), 0, seconds, estimated=True, unfinished=True)
        finally:
            opened.close()
        return read_cost(json.loads(told))

    def statement(self, proposal: Proposal) -> str:
        """See `indexing.Indexing`. Of a text without a length its beginning."""
        listed = ", ".join(_text(path) for path in proposal.paths)
        unbounded = {
            str(name)
            for (name,) in self._rows(
                f"SELECT column_name FROM information_schema.columns WHERE {self._where} "  # noqa: S608 - our own text; what is named is quoted
                f"AND column_name IN ({listed}) AND data_type LIKE '%text'"
            )
        }
        columns = ", ".join(
            f"{_quoted(path)}({_PREFIX})" if path in unbounded else _quoted(path) for path in proposal.paths
        )
        table = ".".join(map(_quoted, self._place.name))
        return f"CREATE INDEX {_quoted(proposal.name)} ON {table} ({columns}) ALGORITHM=INPLACE LOCK=NONE"

    def create(self, proposal: Proposal, tell: Callable[[int | None, int | None], None]) -> None:
        """See `indexing.Indexing`. The server does not say how far it is."""
        tell(None, None)
        opened = connect(replace(self._address, patience=_LONGEST))
        try:
            for each in (
                "SET SESSION TRANSACTION READ WRITE",
                self._limit(0),
                self.statement(proposal),
            ):
                list(opened.rows(each))
        except SourceError as error:
            reason = self._address.redacted(str(error.__cause__ or error))
            remedy = "put that right, and run it again"
            if _code(error) in _DENIED:
                remedy = "this user may not; it takes the right INDEX on the table"
            raise RefusedError(reason, remedy) from error
        finally:
            opened.close()

    def size(self, name: str) -> int | None:
        """See `indexing.Indexing`. Not every user may know."""
        where = self._where.replace("table_schema", "database_name")
        try:
            [(pages,)] = self._rows(
                f"SELECT stat_value * @@innodb_page_size FROM mysql.innodb_index_stats "  # noqa: S608 - our own text; what is named is quoted
                f"WHERE stat_name = 'size' AND index_name = {_text(name)} AND {where}"
            )
        except (SourceError, ValueError):
            return None
        return int(pages)

    def show(self, index: Index) -> str | None:
        """See `indexing.Indexing`."""
        table = ".".join(map(_quoted, self._place.name))
        shown = "NOT IGNORED" if self._counts else "VISIBLE"
        return f"ALTER TABLE {table} ALTER INDEX {_quoted(index.name)} {shown}"

    def _limit(self, seconds: float) -> str:
        if self._counts:
            return f"SET SESSION max_statement_time = {seconds:f}"
        return f"SET SESSION max_execution_time = {seconds * 1000:.0f}"

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        return list(self._opened.rows(statement))


def read_cost(told: Mapping[str, Any]) -> Cost:
    """Of a plan: what was counted as it ran, else what the planner guesses."""
    total = Cost(0, 0, None)
    for table in _tables(told):
        counted = "r_rows" in table
        rows = (table.get("r_rows") or 0) * (table.get("r_loops") or 0)
        read = round(rows if counted else table.get("rows_examined_per_scan", table.get("rows", 0)))
        by_key = table.get("access_type") not in ("ALL", None) and table.get("key") != "PRIMARY"
        opened = 0 if by_key and table.get("using_index") else read
        wanted = total.wanted
        if counted and not by_key:
            wanted = (wanted or 0) + round(read * (table.get("r_filtered") or 0) / 100)
        keys = total.keys + (read if by_key else 0)
        total = Cost(total.rows + opened, keys, None, not counted, wanted=wanted)
    block = told.get("query_block", {})
    if "r_total_time_ms" in block:
        return replace(total, seconds=block["r_total_time_ms"] / 1000)
    return total


def _tables(part: Any) -> Iterator[Mapping[str, Any]]:
    """The stored tables of a plan; what it makes for itself is called <…>."""
    if isinstance(part, Mapping):
        if "table_name" in part and not str(part["table_name"]).startswith("<"):
            yield part
        for each in part.values():
            yield from _tables(each)
    elif isinstance(part, list):
        for each in part:
            yield from _tables(each)


def _flaw(row: tuple[Any, ...]) -> str | None:
    _, kind, hidden, column = row
    if hidden:
        return HIDDEN
    if column is None:
        return "of an expression"
    return None if kind == "BTREE" else f"of kind {str(kind).lower()}"


def _code(error: SourceError) -> int | None:
    """The server's number for what went wrong."""
    cause = error.__cause__
    return cause.args[0] if cause is not None and cause.args and isinstance(cause.args[0], int) else None


def _text(text: str) -> str:
    return sge.Literal.string(text).sql("mysql")


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
