"""PostgreSQL 12 or newer, and what speaks its language. Nothing in it may fail: there is no TRY_CAST, so what
is read is told by a pattern first, inside of CASE, which PostgreSQL works out in its order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import psycopg
from ibis.backends.sql.compilers.postgres import PostgresCompiler
from psycopg import sql

from tercera.errors import SourceError
from tercera.model import Period
from tercera.notation.dates import DateFormat
from tercera.orders import LONGEST_TEXT, SAMPLE_LENGTH
from tercera.relational.connection import Address, LostError, Place, not_there
from tercera.relational.expressions.dialect import BLANKS, Dialect
from tercera.relational.expressions.native import NativeSql, apart, native
from tercera.relational.expressions.patterns import Flavour, in_any_case, portable
from tercera.relational.expressions.pieces import Piece, pieces
from tercera.relational.expressions.shifts import Step, tree

_CLOCK = dt.Timestamp()
_AT_ONCE = 1_000 if psycopg.capabilities.has_stream_chunked() else 1
"""Rows that the driver takes from the server together."""

_MONEY = dt.Decimal(18, 4)
_CHAR = dt.String(length=1)
"""CHAR of any length, which PostgreSQL compares in its own way; other texts have no length here."""

_FLAVOUR = Flavour(start="^", end="$", boundary=None, no_boundary=None)
_PLAIN_NUMBER = r"^[0-9]{1,14}(\.[0-9]{1,4})?$"
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"
_ISO = frozenset(f"%Y-%m-%d{between}%H:%M{rest}" for between in " T" for rest in ("", ":%S", ":%S.%f"))
"""Formats whose texts PostgreSQL reads as they are."""

_WRITTEN = re.compile(r"\\(?:x([0-9a-f]{2})|.)|\((?!\?)", re.DOTALL)
"""A character behind a backslash, also in sets; or the beginning of a group."""


class PostgresDialect(Dialect):
    """`dialect.Dialect` for PostgreSQL."""

    def apart(self, table: ir.Table) -> ir.Table:
        """PostgreSQL would pull a subquery up, and copy its columns to wherever they are used."""
        return apart(table)

    def since(self, column: ir.Column, bound: ir.Value) -> ir.BooleanValue:
        """A subquery's value is not known when a plan is made, and stands for a third of the rows."""
        return _truth(f"{{0}} >= {_hidden(column)}", column, bound)

    def until(self, column: ir.Column, bound: ir.Value) -> ir.BooleanValue:
        """The same of any of one value: of two plain bounds PostgreSQL would make one stretch, and guess that
        it holds a 200th of the rows, which is less than 100 customers seem to have."""
        return _truth(f"{{0}} < ANY(ARRAY[{_hidden(column)}])", column, bound)

    def exact(self, text: ir.StringValue) -> ir.StringValue:
        """In the order of bytes, which is that of code points in UTF-8."""
        return _text('CAST({0} AS TEXT) COLLATE "C"', text)

    def is_blank(self, text: ir.StringValue) -> ir.BooleanValue:
        """Most texts begin with a visible ASCII letter, which a comparison tells faster than a search."""
        return _truth(
            "CASE WHEN {0} >= '!' AND {0} < {1} THEN FALSE ELSE COALESCE(BTRIM({0}, {2}) = '', TRUE) END",
            text,
            "\x7f",
            BLANKS,
        )

    def without_long(self, text: ir.StringValue) -> ir.StringValue:
        """The number of bytes is known, that of characters has to be counted."""
        fits = f"OCTET_LENGTH({{0}}) <= {LONGEST_TEXT} OR LENGTH({{0}}) <= {LONGEST_TEXT}"
        return _text(f"CASE WHEN {fits} THEN {{0}} END", text)

    def is_plain(self, text: ir.StringValue) -> ir.BooleanValue:
        """It begins with a visible ASCII letter and has few bytes."""
        return _truth(
            f"{{0}} >= '!' AND {{0}} < {{1}} AND OCTET_LENGTH({{0}}) <= {LONGEST_TEXT}", text, "\x7f"
        )

    def contains(self, text: ir.StringValue, pattern: str) -> ir.BooleanValue:
        """By its own regular expressions, in which `$` is the very end."""
        return _truth("{0} ~ {1}", text, _posix(portable(pattern, _FLAVOUR)))

    def is_in_any_case(self, text: ir.StringValue, values: Sequence[str]) -> ir.BooleanValue:
        """Not by LOWER, which knows as many letters as the database's locale."""
        return _truth("{0} ~ {1}", text, _posix(in_any_case(values, _FLAVOUR)))

    def shown(self, value: ir.Value) -> ir.StringValue:
        """Every type has a text."""
        return _text(f"LEFT(CAST({{0}} AS TEXT), {SAMPLE_LENGTH})", value)

    def packed(self, texts: Sequence[ir.StringValue]) -> ir.StringValue:
        """By JSON_BUILD_ARRAY."""
        places = ", ".join(f"{{{place}}}" for place in range(len(texts)))
        return _text(f'CAST(JSON_BUILD_ARRAY({places}) AS TEXT) COLLATE "C"', *texts)

    def slot(self, text: ir.StringValue) -> ir.IntegerValue:
        """By the hash that hashed indexes use."""
        return cast("ir.IntegerValue", native("HASHTEXT({0}) & 1023", text, kind=dt.int32))

    def number_text(self, number: ir.FloatingValue) -> ir.StringValue:
        """PostgreSQL writes the shortest text that is read as the same number."""
        return _text(
            "CASE WHEN {0} = 'NaN' OR ABS({0}) = 'Infinity' THEN NULL "
            "WHEN {0} = TRUNC({0}) AND ABS({0}) < 9e18 THEN CAST(CAST({0} AS BIGINT) AS TEXT) "
            "WHEN {0} = TRUNC({0}) AND ABS({0}) < 1e37 THEN CAST(CAST(CAST({0} AS TEXT) AS NUMERIC) AS TEXT) "
            "ELSE CAST({0} AS TEXT) END",
            number,
        )

    def money(self, written: ir.Value) -> ir.NumericValue:
        """NUMERIC holds whatever number there is."""
        kind = written.type()
        if kind.is_decimal() and kind.precision and kind.scale <= 4 and kind.precision - kind.scale <= 14:
            return cast("ir.NumericValue", native("NULLIF({0}, 'NaN')", written, kind=_MONEY))
        if not kind.is_string():
            return cast("ir.NumericValue", native(_to_money("{0}"), written, kind=_MONEY))
        trimmed = "BTRIM({0}, {1})"
        number = f"CAST({trimmed} AS NUMERIC)"
        told = (
            f"CASE WHEN {{0}} ~ {{2}} THEN CAST({{0}} AS NUMERIC) "
            f"WHEN LENGTH({{0}}) <= 500 AND {trimmed} ~ {{3}} THEN {_to_money(number)} END"
        )
        return cast("ir.NumericValue", native(told, written, BLANKS, _PLAIN_NUMBER, _NUMBER, kind=_MONEY))

    def fits(self, text: ir.StringValue, form: DateFormat, moment: ir.Value | None = None) -> ir.BooleanValue:
        """By the strict pattern."""
        return _truth("{0} ~ {1}", text, f"^(?:{form.strict_pattern.replace('(', '(?:')})$")

    def moment(self, text: ir.StringValue, form: DateFormat) -> ir.Value:
        """By a cast of the text, or of its parts put in order."""
        return native(_moment(form), text, kind=_CLOCK)

    def stored(self, value: ir.Value) -> ir.Value:
        """A date may be later than any time."""
        kind = value.type()
        if kind.is_date():
            inside = "{0} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'"
            return native(f"CASE WHEN {inside} THEN CAST({{0}} AS TIMESTAMP) END", value, kind=_CLOCK)
        return native("{0} AT TIME ZONE 'UTC'", value, kind=_CLOCK) if kind.timezone else value

    def at(self, clock: datetime) -> ir.Value:
        """A timestamp."""
        return native("CAST({0} AS TIMESTAMP)", clock.isoformat(" "), kind=_CLOCK)

    def later(self, clock: ir.Value, seconds: int) -> ir.Value:
        """By an interval."""
        return native("{0} + CAST({1} AS INTERVAL)", clock, f"{seconds} seconds", kind=_CLOCK)

    def shifted(self, clock: ir.Value, choices: Sequence[Step]) -> ir.Value:
        """See `dialect.Dialect`."""
        text = tree(
            choices,
            lambda since: f"{{0}} < TIMESTAMP '{since.isoformat(' ')}'",
            lambda seconds: f"{{0}} + INTERVAL '{seconds} seconds'" if seconds else "{0}",
        )
        return native(text, clock, kind=_CLOCK)

    def midnight(self, clock: ir.Value) -> ir.Value:
        """Cut off."""
        return native("DATE_TRUNC('day', {0})", clock, kind=_CLOCK)

    def opens(self, clock: ir.Value, within: Period) -> ir.Value:
        """Cut off, as a day."""
        return native(f"CAST(DATE_TRUNC('{within.value}', {{0}}) AS DATE)", clock, kind=dt.date)

    def microseconds(self, clock: ir.Value) -> ir.IntegerValue:
        """From the exact number of seconds."""
        number = native("CAST(EXTRACT(EPOCH FROM {0}) * 1000000 AS BIGINT)", clock, kind=dt.int64)
        return cast("ir.IntegerValue", number)


def _hidden(column: ir.Column) -> str:
    """A bound as a subquery, of a type that the column is compared with as it stands, as in its index."""
    return "(SELECT CAST({1} AS BPCHAR))" if column.type() == _CHAR else "(SELECT {1})"


def _text(template: str, *arguments: Any) -> ir.StringValue:
    return cast("ir.StringValue", native(template, *arguments, kind=dt.string))


def _truth(template: str, *arguments: Any) -> ir.BooleanValue:
    return cast("ir.BooleanValue", native(template, *arguments, kind=dt.boolean))


def _posix(pattern: str) -> str:
    r"""A portable pattern in the words of PostgreSQL, where `\x0a` takes as many digits as follow. Groups
    that nobody refers to are not kept, which costs less."""
    whole = pattern.replace(r"[\x00-\x{10ffff}]", "(?:.|\n)")
    group = "(" if re.search(r"\\[1-9]", whole) else "(?:"

    def told(found: re.Match[str]) -> str:
        if found[0] == "(":
            return group
        return rf"\u00{found[1]}" if found[1] else found[0]

    return _WRITTEN.sub(told, whole)


def _to_money(number: str) -> str:
    """To four decimals, a tie to the even one: half of it is rounded, and doubled. Not-a-number is more than
    any number."""
    return (
        f"CASE WHEN ABS({number}) >= 100000000000000 THEN NULL "
        f"WHEN ABS({number} * 10000 - TRUNC({number} * 10000)) = 0.5 "
        f"THEN ROUND(2 * ROUND({number} * 5000) / 10000, 4) ELSE ROUND({number}, 4) END"
    )


def _moment(form: DateFormat) -> str:
    """The SQL that reads a text which fits a format."""
    found = {letter: _piece(piece) for letter, piece in pieces(form).items()}
    day = f"{found['Y']} || '-' || {found['m']} || '-' || {found['d']}"
    if form.text == "%Y-%m-%d" or form.text in _ISO:
        return "CAST({0} AS TIMESTAMP)"
    clock = ":".join(f"' || {found[letter]} || '" for letter in "HMS" if letter in found)
    if "M" not in found and "H" in found:
        clock += ":00"
    if "f" in found:
        clock += f".' || {found['f']} || '"
    told = f"CAST({day} || ' {clock}' AS TIMESTAMP)"
    if not form.has_offset:
        return told
    offset = found["z"]
    hours, minutes = f"CAST(SUBSTR({offset}, 2, 2) AS INT)", f"CAST(RIGHT({offset}, 2) AS INT)"
    seconds = f"({hours} * 3600 + {minutes} * 60)"
    ahead = f"CASE WHEN {offset} LIKE '-%' THEN -{seconds} ELSE {seconds} END"
    shifted = f"{told} - {ahead} * INTERVAL '1 second'"
    return f"CASE WHEN {offset} = 'Z' THEN {told} ELSE {shifted} END"


def _piece(piece: Piece) -> str:
    if piece.start is not None:
        return f"SUBSTR({{0}}, {piece.start + 1}, {piece.length})"
    pattern = piece.pattern.replace("'", "''").replace("{", "{{").replace("}", "}}")
    return f"SUBSTRING({{0}} FROM '{pattern}')"


class Compiler(NativeSql, PostgresCompiler):  # type: ignore[misc]  # Ibis has no types
    """OFFSET 0 keeps a subquery one, and costs nothing."""


SCHEMES = ("postgresql", "postgres")
EXTRA = "postgresql"
DIALECT = PostgresDialect()
COMPILER = Compiler()

_KINDS: dict[str, dt.DataType] = {
    "int2": dt.int16,
    "int4": dt.int32,
    "int8": dt.int64,
    "float4": dt.float32,
    "float8": dt.float64,
    "text": dt.string,
    "varchar": dt.string,
    "bpchar": _CHAR,
    "uuid": dt.uuid,
    "bool": dt.boolean,
    "date": dt.date,
    "timestamp": dt.Timestamp(),
    "timestamptz": dt.Timestamp(timezone="UTC"),
}


def connect(address: Address) -> PostgresConnection:
    """A session that only reads, in UTC."""
    uri = re.sub(r"^[a-z]+(\+\w+)?://", "postgresql://", address.uri)
    with _explained(address):
        made = psycopg.connect(
            uri,
            connect_timeout=max(2, round(address.timeout)),
            application_name="tercera",
            prepare_threshold=None,
        )
        made.read_only = True
        return PostgresConnection(made, address)


class PostgresConnection:
    """`connection.Connection` to PostgreSQL. Each question is a transaction of its own, so that a pooler may
    stand between."""

    def __init__(self, made: psycopg.Connection, address: Address) -> None:
        self._made = made
        self._address = address

    def relation(self, place: Place) -> ir.Table:
        """See `connection.Connection`."""
        asked = sql.SQL("({})").format(sql.SQL(place.query)) if place.query else sql.Identifier(*place.name)
        with _explained(self._address), self._asking() as cursor:
            try:
                cursor.execute(sql.SQL("SELECT * FROM {} AS asked LIMIT 0").format(asked))
            except (psycopg.ProgrammingError, psycopg.NotSupportedError) as error:
                reason = str(error).split("\n")[0]
                self._made.rollback()
                raise not_there(self._address, place, self._tables(), reason) from error
            return place.over({each.name: _kind(each) for each in cursor.description or ()})

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """See `connection.Connection`. Not by a cursor of the server's, which would rule out that it works
        in parallel."""
        with _explained(self._address), self._asking() as cursor:
            yield from cursor.stream(statement.encode(), size=_AT_ONCE)

    def can_write(self, place: Place) -> bool | None:
        """By the privileges of the user, whatever this connection may do."""
        if not place.table:
            return None
        asked = sql.Identifier(*place.name).as_string(self._made)
        with _explained(self._address), self._asking() as cursor:
            cursor.execute("SELECT HAS_TABLE_PRIVILEGE(%s, 'INSERT, UPDATE, DELETE, TRUNCATE')", [asked])
            found = cursor.fetchone()
        return bool(found and found[0])

    def close(self) -> None:
        """See `connection.Connection`."""
        self._made.close()

    @contextmanager
    def _asking(self) -> Iterator[psycopg.Cursor[Any]]:
        """A transaction for one question. Just-in-time compilation takes longer than most of them."""
        try:
            with self._made.cursor() as cursor:
                cursor.execute(
                    "SELECT SET_CONFIG('statement_timeout', %s, TRUE), SET_CONFIG('TimeZone', 'UTC', TRUE), "
                    "SET_CONFIG('DateStyle', 'ISO', TRUE), SET_CONFIG('jit', 'off', TRUE), "
                    "SET_CONFIG('work_mem', '32MB', TRUE)",
                    [f"{round(self._address.patience * 1000)}ms"],
                )
                yield cursor
        finally:
            if not self._made.closed:
                self._made.rollback()

    def _tables(self) -> list[str]:
        with self._asking() as cursor:
            cursor.execute(
                "SELECT CASE WHEN table_schema = CURRENT_SCHEMA THEN table_name "
                "ELSE table_schema || '.' || table_name END FROM information_schema.tables "
                "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1 LIMIT 1000"
            )
            return [name for (name,) in cursor]


def _kind(column: psycopg.Column) -> dt.DataType:
    """A type that is not known has a text in any case."""
    known = psycopg.adapters.types.get(column.type_code)
    if known is not None and known.name == "numeric" and known.oid == column.type_code:
        return dt.Decimal(column.precision, column.scale) if column.precision else dt.Decimal()
    if known is None or known.oid != column.type_code:  # an array has its own number
        return dt.unknown
    return _KINDS.get(known.name, dt.unknown)


@contextmanager
def _explained(address: Address) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise SourceError(
            f"PostgreSQL at {address.shown} took longer than {address.patience:g} s for one question; add an "
            "index on the customer and the time of an order, or raise source.operation_timeout"
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        reason = address.redacted(str(error).strip().split("\n")[0])
        raise LostError(f"PostgreSQL at {address.shown} {_refusal(reason)}") from error
    except psycopg.Error as error:
        reason = address.redacted(str(error).strip().split("\n")[0])
        raise SourceError(f"PostgreSQL at {address.shown} refused: {reason}") from error


def _refusal(reason: str) -> str:
    """What became of a connection, and what helps. Before there is one, the driver has words and no code."""
    said = _PLACE.sub("", reason).removeprefix("FATAL:").strip()
    if "authentication failed" in said or "no password supplied" in said:
        return f"refused the login ({said}); check user and password in source.uri"
    if _NO_DATABASE.search(said):
        return f"has no such database ({said}); correct the name at the end of source.uri"
    return f"can't be reached: {said}; see that it runs, and check host and port in source.uri"


_PLACE = re.compile(r'^connection failed: (connection to server at "[^"]*"( \([^)]*\))?, port \d+ failed: )?')
_NO_DATABASE = re.compile(r'^database ".*" does not exist$')
