"""A look at a database of tables, through the same engines and dialects as the `sql` source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.errors import SourceError
from tercera.profile import Cell, Counted, Kind, Sample
from tercera.profile.values import cell_of, sample_of
from tercera.relational import connection as databases
from tercera.relational.connection import Connection, Place
from tercera.relational.engines import engine_of, load
from tercera.relational.expressions.cells import Columns
from tercera.relational.expressions.native import compiled
from tercera.sampling.listing import Table, drawn, listing
from tercera.sampling.sampler import PEEKED, Address, Bounds, Origin, Progress, likely_first, looked_closer

_MOST_TABLES = 200
_MOST_COLUMNS = 300
_MOST_TEXTS = 200
_ASKED_AT_ONCE = 100
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock
_FIRST, _LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 - wall clocks

Read = Callable[[Any], Cell | None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One column of a question, and how its answers become cells."""

    expression: ir.Value
    read: Read


class SqlSampler:
    """`sampling.Sampler` over the tables and views of a database."""

    def __init__(
        self, address: Address, schema: str | None, folder: Path, named: frozenset[str], bounds: Bounds
    ) -> None:
        self._engine_name = engine_of(address.uri)
        self._engine: Any = load(self._engine_name)
        self._address = address
        self._database = databases.Address(address.uri, folder, bounds.reach, bounds.question)
        self._schema = schema
        self._named = named
        self._bounds = bounds
        self._tables: dict[str, Table] = {}
        self._remarks: list[str] = []
        self._connection: Connection | None = None

    def origin(self) -> Origin:
        """See `Sampler`."""
        return Origin(
            "sql",
            self._database.shown,
            {"uri": self._address.reference},
            {name: {"table": name} for name in self._tables},
            self._address.secret,
            tuple(self._remarks),
        )

    def samples(self, progress: Progress) -> list[Sample]:
        """See `Sampler`. A table that can't be read is told of, and left out."""
        by_name = {table.name: table for table in listing(self._engine_name, self._rows, self._schema)}
        found = [by_name[name] for name in likely_first(by_name, self._named)]
        peeked: list[Sample] = []
        for table in found[:_MOST_TABLES]:
            if peeked and self._bounds.are_spent and table.name not in self._named:
                self._remarks.append(f"no time was left to look at {len(found) - len(peeked)} tables")
                break
            progress(table.name)
            try:
                peeked.append(self._sample(table, PEEKED))
                self._tables[table.name] = table
            except SourceError as error:
                self._remarks.append(str(error))

        def look(name: str) -> Sample:
            progress(name)
            return self._sample(self._tables[name], self._bounds.rows)

        return looked_closer(peeked, self._named, self._bounds, look)

    def count(self, place: str, path: str) -> Counted | None:
        """See `profile.Looks`."""
        try:
            columns = self._columns(Place("orders", place))
            cell = columns.cell(path)
            told = columns.table.select(text=ibis.ifelse(cell.present, cell.text, ibis.null(dt.string)))
            counted = told.group_by("text").aggregate(rows=ibis._.count())
            found = list(self._asked(counted.order_by(ibis.desc("rows")).limit(_MOST_TEXTS)))
        except (SourceError, KeyError):
            return None
        texts = {str(text): int(rows) for text, rows in found if text is not None}
        return Counted(texts, sum(int(rows) for _, rows in found), exact=True)

    def found(self, place: str, path: str, ids: Sequence[str]) -> frozenset[str] | None:
        """See `profile.Looks`."""
        known: set[str] = set()
        try:
            columns = self._columns(Place("customers", place))
            told = columns.table.select(text=columns.cell(path).text)
            for start in range(0, len(ids), _ASKED_AT_ONCE):
                some = list(ids[start : start + _ASKED_AT_ONCE])
                known |= {str(text) for (text,) in self._asked(told.filter(told.text.isin(some)).distinct())}
        except (SourceError, KeyError):
            return None
        return frozenset(known) & frozenset(ids)

    def close(self) -> None:
        """See `Sampler`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _sample(self, table: Table, rows: int) -> Sample:
        peeks = rows <= PEEKED
        query = None if peeks or table.is_view else drawn(self._engine_name, table, rows)
        place = Place("rows", None, query) if query else Place("rows", table.name)
        columns = self._columns(place)
        asked = {name: self._cell(columns, name) for name in columns.table.columns[:_MOST_COLUMNS]}
        # A name of ours for each, since engines cut long ones and have words of their own.
        renamed = {f"c{number}": each.expression for number, each in enumerate(asked.values())}
        answers = self._asked(columns.table.select(**renamed).limit(rows + 1))
        read = list(self._read(answers, asked, rows + 1))
        is_all = query is None and len(read) <= rows and not self._bounds.are_spent
        total = len(read) if is_all else table.rows
        which = "sampled at random" if query else "read as they come"
        counted = which if total is None else f"{min(len(read), rows):,} {which}"
        how = "all of them read" if is_all else counted
        return sample_of(table.name, read[:rows], max(total, len(read)) if total is not None else None, how)

    def _read(
        self, answers: Iterator[tuple[Any, ...]], asked: Mapping[str, _Asked], most: int
    ) -> Iterator[dict[str, Cell | None]]:
        size = 0
        for number, answer in enumerate(answers):
            pairs = zip(asked.items(), answer, strict=True)
            yield {name: each.read(value) for (name, each), value in pairs}
            size += sum(len(value) for value in answer if isinstance(value, str))
            if number + 1 >= most or size > self._bounds.bytes or self._bounds.are_spent:
                return

    def _cell(self, columns: Columns, name: str) -> _Asked:
        """Texts no longer than an id can be, times as numbers that no driver can stumble over, and of
        anything else only whether it is there."""
        cell, value = columns.cell(name), columns.table[name]
        kind = value.type()
        if kind.is_timestamp() or kind.is_date():
            return _Asked(self._moment(value), _reader(kind))
        if kind.is_string() or kind.is_unknown():
            return _Asked(ibis.ifelse(cell.present, cell.text, ibis.null(dt.string)), cell_of)
        if kind.is_uuid():
            return _Asked(cell.text, lambda text: None if text is None else Cell(Kind.UUID, str(text)))
        if kind.is_numeric() and not kind.is_boolean():
            return _Asked(value, cell_of)
        other = Kind.TRUTH if kind.is_boolean() else Kind.OTHER
        return _Asked(ibis.ifelse(value.notnull(), 1, 0), lambda there: Cell(other) if there else None)

    def _moment(self, value: ir.Value) -> ir.Value:
        dialect = self._engine.DIALECT
        clock = dialect.stored(value)
        inside = (clock >= dialect.at(_FIRST)) & (clock <= dialect.at(_LAST))
        return ibis.ifelse(inside, dialect.microseconds(clock), ibis.null(dt.int64))

    def _columns(self, place: Place) -> Columns:
        return Columns(self._connected().relation(place), self._engine.DIALECT)

    def _asked(self, expression: ir.Table) -> Iterator[tuple[Any, ...]]:
        return self._rows(compiled(self._engine.COMPILER, expression))

    def _rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        return self._connected().rows(statement)

    def _connected(self) -> Connection:
        if self._connection is None:
            made: Connection = self._engine.connect(self._database)
            self._connection = made
        return self._connection


def _reader(kind: dt.DataType) -> Read:
    """Microseconds since 1970 as what a column of this type holds."""

    def read(microseconds: Any) -> Cell | None:
        if microseconds is None:
            return None
        clock = _EPOCH + timedelta(microseconds=int(microseconds))
        if kind.is_date():
            return Cell(Kind.DAY, None, clock.date())
        if isinstance(kind, dt.Timestamp) and kind.timezone:
            return Cell(Kind.INSTANT, None, clock.replace(tzinfo=UTC))
        return Cell(Kind.CLOCK, None, clock)

    return read
