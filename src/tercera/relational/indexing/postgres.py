"""Indexes of PostgreSQL: created CONCURRENTLY, which waits for older transactions and locks out no writer.

An index whose creation was interrupted stays behind, invalid: it costs every write and serves nothing. One of
ours is replaced.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from tercera.errors import SourceError
from tercera.indexes.costs import Cost
from tercera.indexes.needs import Index, Need, Proposal
from tercera.relational.connection import Address, Place
from tercera.relational.indexing import RefusedError

SHELL = "psql"

INVALID = "invalid: its creation was interrupted"
"""The flaw of what an interrupted CREATE INDEX CONCURRENTLY leaves behind."""

_OURS = "tercera_"
_PAUSE = 0.5
_INDEXES = """
    SELECT relation.relname, index.indisvalid AND index.indisready, index.indpred IS NOT NULL,
        0 = ANY(index.indkey), method.amname, index.indnkeyatts,
        ARRAY(SELECT attribute.attname FROM UNNEST(index.indkey) WITH ORDINALITY AS key(number, place)
            LEFT JOIN pg_attribute attribute
                ON attribute.attrelid = index.indrelid AND attribute.attnum = key.number ORDER BY key.place),
        EXISTS (SELECT FROM UNNEST(index.indkey, index.indcollation) AS key(number, collation_)
            JOIN pg_attribute attribute
                ON attribute.attrelid = index.indrelid AND attribute.attnum = key.number
            WHERE key.collation_ <> 0 AND key.collation_ <> attribute.attcollation)
    FROM pg_index index
    JOIN pg_class relation ON relation.oid = index.indexrelid
    JOIN pg_am method ON method.oid = relation.relam
    WHERE index.indrelid = %s
"""
_SCANS = {"Seq Scan", "Sample Scan", "Tid Scan", "Foreign Scan"}


@contextmanager
def open_table(address: Address, place: Place) -> Iterator[PostgresTable]:
    """A connection of its own: the source's only reads, and creating an index takes no transaction."""
    uri = re.sub(r"^[a-z]+(\+\w+)?://", "postgresql://", address.uri)
    patience = max(2, round(address.timeout))
    with (
        _explained(address),
        psycopg.connect(
            uri, autocommit=True, connect_timeout=patience, application_name="tercera check"
        ) as made,
    ):
        yield PostgresTable(made, address, place)


class PostgresTable:
    """`indexing.Indexing`."""

    def __init__(self, made: psycopg.Connection, address: Address, place: Place) -> None:
        self._made = made
        self._address = address
        self._place = place
        found = None
        if place.table:
            named = sql.Identifier(*place.name).as_string(made)
            found = made.execute(
                "SELECT oid, relkind, relnamespace FROM pg_class WHERE oid = TO_REGCLASS(%s)", [named]
            ).fetchone()
        self._table, self._kind, self._schema = found or (None, "", None)
        self.is_table = self._kind in ("r", "m", "p")

    def stored(self) -> int:
        """See `indexing.Indexing`. A table that was never analysed is counted by its size."""
        found = self._made.execute(
            "SELECT SUM(CASE WHEN reltuples > 0 THEN reltuples ELSE PG_RELATION_SIZE(oid) / 100 END)::bigint "
            "FROM pg_class WHERE oid = %s OR oid IN (SELECT relid FROM PG_PARTITION_TREE(%s) WHERE isleaf)",
            [self._table, self._table],
        ).fetchone()
        return int(found[0] or 0) if found else 0

    def indexes(self, need: Need) -> list[Index]:
        """See `indexing.Indexing`."""
        told = self._made.execute(_INDEXES, [self._table]).fetchall()
        found = [Index(row[0], tuple(row[6]), _flaw(row, need), row[5]) for row in told]
        names = {index.name for index in found if index.flaw != INVALID or not index.name.startswith(_OURS)}
        taken = self._made.execute("SELECT relname FROM pg_class WHERE relnamespace = %s", [self._schema])
        known = {index.name for index in found}
        return [*(each for each in found if each.name in names), *self._left(found)] + [
            Index(name, ()) for (name,) in taken if name not in known
        ]

    def _left(self, found: Sequence[Index]) -> Iterator[Index]:
        """Invalid ones of ours, whose names are free to be used again."""
        for index in found:
            if index.flaw == INVALID and index.name.startswith(_OURS):
                yield Index(f"{index.name} (left over)", index.paths, INVALID)

    def cost(self, statement: str, seconds: float) -> Cost | None:
        """See `indexing.Indexing`."""
        with self._made.transaction():
            self._made.execute("SET TRANSACTION READ ONLY")
            self._made.execute(
                "SELECT SET_CONFIG('statement_timeout', %s, TRUE), SET_CONFIG('TimeZone', 'UTC', TRUE), "
                "SET_CONFIG('DateStyle', 'ISO', TRUE), SET_CONFIG('jit', 'off', TRUE), "
                "SET_CONFIG('work_mem', '32MB', TRUE)",
                [f"{round(seconds * 1000)}ms"],
            )
            try:
                with self._made.transaction():
                    asked = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}"
                    [(told,)] = self._made.execute(asked.encode()).fetchall()
            except psycopg.errors.QueryCanceled:
                [(guessed,)] = self._made.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode()).fetchall()
                rows = self.stored() if scans(guessed[0]["Plan"]) else 0
                return Cost(rows, 0, seconds, estimated=True, unfinished=True)
        return read_cost(told[0])

    def statement(self, proposal: Proposal) -> str:
        """See `indexing.Indexing`. A partitioned table knows no CONCURRENTLY."""
        while_orders_go_on = sql.SQL("" if self._kind == "p" else "CONCURRENTLY ")
        return (
            sql.SQL("CREATE INDEX {}{} ON {} ({})")
            .format(
                while_orders_go_on,
                sql.Identifier(proposal.name),
                sql.Identifier(*self._place.name),
                sql.SQL(", ").join(sql.Identifier(path) for path in proposal.paths),
            )
            .as_string(self._made)
        )

    def create(self, proposal: Proposal, tell: Callable[[int | None, int | None], None]) -> None:
        """See `indexing.Indexing`. Of a partitioned table none is created: that would lock out who writes."""
        if self._kind == "p":
            raise RefusedError(
                "it is partitioned, so that creating an index would lock out who writes",
                "run it in a quiet hour",
            )
        done = threading.Event()
        watching = threading.Thread(target=self._watch, args=(done, tell), name="watch index", daemon=True)
        try:
            self._drop_left_over(proposal.name)
            self._made.execute("SET statement_timeout = 0")
            watching.start()
            self._made.execute(self.statement(proposal).encode())
        except psycopg.errors.InsufficientPrivilege as error:
            owner = "this user may not: the table's owner has to run it"
            raise RefusedError(_first_line(error), owner) from error
        except psycopg.Error as error:
            raise RefusedError(_first_line(error), "put that right, and run it again") from error
        finally:
            done.set()

    def _drop_left_over(self, name: str) -> None:
        """What an interrupted creation of ours left behind, unless somebody is creating it just now."""
        found = self._made.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE index_relid = relation.oid) "
            "FROM pg_class relation JOIN pg_index index ON index.indexrelid = relation.oid "
            "WHERE relname = %s AND index.indrelid = %s AND NOT index.indisvalid",
            [name, self._table],
        ).fetchone()
        if found is None:
            return
        if found[0]:
            raise RefusedError(f"{name} is being created by somebody just now", "wait for it")
        schema = self._place.name[:-1]
        named = sql.Identifier(*schema, name)
        self._made.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(named))

    def _watch(self, done: threading.Event, tell: Callable[[int | None, int | None], None]) -> None:
        """Tells how far it is, over a connection of its own."""
        uri = re.sub(r"^[a-z]+(\+\w+)?://", "postgresql://", self._address.uri)
        try:
            with psycopg.connect(uri, autocommit=True, connect_timeout=5) as made:
                while not done.wait(_PAUSE):
                    found = made.execute(
                        "SELECT NULLIF(blocks_done, 0), NULLIF(blocks_total, 0) "
                        "FROM pg_stat_progress_create_index WHERE relid = %s",
                        [self._table],
                    ).fetchone()
                    tell(*(found or (None, None)))
        except psycopg.Error:
            return  # it is only to be seen

    def size(self, name: str) -> int | None:
        """See `indexing.Indexing`."""
        found = self._made.execute(
            "SELECT PG_RELATION_SIZE(oid) FROM pg_class WHERE relname = %s AND relnamespace = %s",
            [name, self._schema],
        ).fetchone()
        return int(found[0]) if found else None

    def show(self, index: Index) -> str | None:
        """PostgreSQL hides none."""
        return None


def read_cost(told: Mapping[str, Any]) -> Cost:
    """Of what EXPLAIN ANALYZE told: every row that was opened and every entry of an index that was read."""
    rows = keys = 0
    wanted: int | None = None
    for node in _nodes(told["Plan"]):
        loops = node.get("Actual Loops", 1)
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        read = round((node.get("Actual Rows", 0) + removed) * loops)
        kind = node["Node Type"]
        if kind in _SCANS or kind == "Bitmap Heap Scan":
            rows += read
            if kind in _SCANS:
                wanted = (wanted or 0) + round(node.get("Actual Rows", 0) * loops)
        elif kind == "Index Only Scan":
            keys, rows = keys + read, rows + node.get("Heap Fetches", 0)
        elif kind == "Index Scan":
            keys, rows = keys + read, rows + read
        elif kind == "Bitmap Index Scan":
            keys += read
    seconds = (told.get("Planning Time", 0) + told.get("Execution Time", 0)) / 1000
    return Cost(rows, keys, seconds, wanted=wanted)


def scans(plan: Mapping[str, Any]) -> bool:
    """Whether a plan reads a whole table."""
    return any(node["Node Type"] in _SCANS for node in _nodes(plan))


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def _flaw(row: Sequence[Any], need: Need) -> str | None:
    _, valid, partial, computed, method, _, _, collated = row
    if not valid:
        return INVALID
    if partial:
        return "partial"
    if computed:
        return "of an expression"
    if collated:
        return "of another collation"
    if (
        method == "btree"
        or (method == "brin" and need.equality == 0)
        or (method == "hash" and need.equality == 1 and len(need.leading) == 1)
    ):
        return None
    return f"of kind {method}"


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


@contextmanager
def _explained(address: Address) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        reason = address.redacted(_first_line(error))
        raise SourceError(f"PostgreSQL at {address.shown} can't tell of its indexes: {reason}") from error
