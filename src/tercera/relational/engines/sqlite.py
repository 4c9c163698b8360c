"""Files of SQLite. Any column may hold values of any type, so all are read as texts; and functions of
Python's do what SQLite has none for, so that they mean what they mean elsewhere."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from time import monotonic
from typing import Any, cast
from urllib.parse import quote
from zlib import crc32

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends.sql.compilers.sqlite import SQLiteCompiler

from tercera.errors import SourceError
from tercera.model import Period
from tercera.notation.dates import DateFormat, parse_format
from tercera.orders import LONGEST_TEXT, SAMPLE_LENGTH
from tercera.relational.connection import STREAMED, Address, Place, not_there
from tercera.relational.expressions.dialect import Dialect
from tercera.relational.expressions.native import NativeSql, named_apart, native, native_reduction
from tercera.relational.expressions.shifts import Step

_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock
_MONEY = dt.Decimal(18, 4)
_SECONDS = f"{{0}} / {_DAY} * 86400, 'unixepoch'"
_FIRSTS = {
    Period.DAY: f"DATE({_SECONDS})",
    Period.WEEK: f"DATE({_SECONDS}, '-6 days', 'weekday 1')",
    Period.MONTH: f"STRFTIME('%Y-%m-01', {_SECONDS})",
    Period.QUARTER: f"PRINTF('%s-%02d-01', STRFTIME('%Y', {_SECONDS}), "
    f"(CAST(STRFTIME('%m', {_SECONDS}) AS INTEGER) - 1) / 3 * 3 + 1)",
    Period.YEAR: f"STRFTIME('%Y-01-01', {_SECONDS})",
}
_INSTRUCTIONS = 200_000
"""Of SQLite's machine, after which it is asked whether the time is up."""


class SqliteDialect(Dialect):
    """`dialect.Dialect` for SQLite. A clock is the microseconds since 1970."""

    clock_type = dt.int64

    def apart(self, table: ir.Table) -> ir.Table:
        """SQLite flattens subqueries, too; and its parser has no room for many within one another."""
        return named_apart(table)

    def exact(self, text: ir.StringValue) -> ir.StringValue:
        """An expression, other than a column, compares by its bytes."""
        return _text("CASE TYPEOF({0}) WHEN 'text' THEN {0} ELSE TERCERA_TEXT({0}) END", text)

    def is_blank(self, text: ir.StringValue) -> ir.BooleanValue:
        """Most texts begin with a visible ASCII letter."""
        return _truth(
            "CASE WHEN {0} >= '!' AND {0} < {1} THEN 0 "
            "ELSE COALESCE(TERCERA_IS_BLANK(CAST({0} AS BLOB)), 1) END",
            text,
            "\x7f",
        )

    def without_long(self, text: ir.StringValue) -> ir.StringValue:
        """By characters."""
        return _text(f"CASE WHEN LENGTH({{0}}) <= {LONGEST_TEXT} THEN {{0}} END", text)

    def is_plain(self, text: ir.StringValue) -> ir.BooleanValue:
        """It begins with a visible ASCII letter and is short."""
        return _truth(f"{{0}} >= '!' AND {{0}} < {{1}} AND LENGTH({{0}}) <= {LONGEST_TEXT}", text, "\x7f")

    def contains(self, text: ir.StringValue, pattern: str) -> ir.BooleanValue:
        """By Python's own."""
        return _truth("TERCERA_CONTAINS(CAST({0} AS BLOB), {1})", text, pattern)

    def is_in_any_case(self, text: ir.StringValue, values: Sequence[str]) -> ir.BooleanValue:
        """By Python's own small letters."""
        lower = _text("TERCERA_LOWER(CAST({0} AS BLOB))", text)
        return lower.isin(sorted({value.lower() for value in values}))

    def shown(self, value: ir.Value) -> ir.StringValue:
        """Cut by characters."""
        return _text(f"SUBSTR(CAST({{0}} AS TEXT), 1, {SAMPLE_LENGTH})", value)

    def packed(self, texts: Sequence[ir.StringValue]) -> ir.StringValue:
        """By JSON_ARRAY."""
        return _text(f"JSON_ARRAY({', '.join(f'{{{place}}}' for place in range(len(texts)))})", *texts)

    def slot(self, text: ir.StringValue) -> ir.IntegerValue:
        """By a checksum."""
        return cast("ir.IntegerValue", native("TERCERA_SLOT(CAST({0} AS BLOB))", text, kind=dt.int64))

    def number_text(self, number: ir.FloatingValue) -> ir.StringValue:
        """As a text of any other type."""
        return _text("TERCERA_TEXT({0})", number)

    def money(self, written: ir.Value) -> ir.NumericValue:
        """Ten-thousandths, as a whole number: SQLite has no decimals."""
        return cast("ir.NumericValue", native("TERCERA_MONEY(CAST({0} AS BLOB))", written, kind=_MONEY))

    def total(self, money: ir.NumericValue) -> ir.NumericValue:
        """In Python, where whole numbers have no end."""
        total = native_reduction("TERCERA_TOTAL({0})", money, kind=_MONEY)
        return cast("ir.NumericValue", total)

    def fits(self, text: ir.StringValue, form: DateFormat, moment: ir.Value | None = None) -> ir.BooleanValue:
        """As `DateFormat.read` does."""
        return _truth("TERCERA_MOMENT(CAST({0} AS BLOB), {1}) IS NOT NULL", text, form.text)

    def moment(self, text: ir.StringValue, form: DateFormat) -> ir.Value:
        """As `DateFormat.read` does."""
        return native("TERCERA_MOMENT(CAST({0} AS BLOB), {1})", text, form.text, kind=dt.int64)

    def stored(self, value: ir.Value) -> ir.Value:
        """Nothing is stored as a time."""
        return native("CAST({0} AS INTEGER)", value, kind=dt.int64)

    def at(self, clock: datetime) -> ir.Value:
        """A number."""
        return native(str((clock - _EPOCH) // timedelta(microseconds=1)), 0, kind=dt.int64)

    def later(self, clock: ir.Value, seconds: int) -> ir.Value:
        """By as many microseconds."""
        return native(f"{{0}} + ({seconds * 1_000_000})", clock, kind=dt.int64)

    def shifted(self, clock: ir.Value, choices: Sequence[Step]) -> ir.Value:
        """The latest first, one after the other: SQLite's parser has no room for a tree."""
        first, *others = choices
        ways = "".join(
            f" WHEN {{0}} >= {(each.since - _EPOCH) // timedelta(microseconds=1)} THEN {_ahead(each)}"
            for each in reversed(others)
        )
        text = f"CASE{ways} ELSE {_ahead(first)} END" if ways else _ahead(first)
        return native(text, clock, kind=dt.int64)

    def midnight(self, clock: ir.Value) -> ir.Value:
        """Also before 1970, where SQLite divides towards zero."""
        return native(f"{{0}} - (({{0}} % {_DAY}) + {_DAY}) % {_DAY}", clock, kind=dt.int64)

    def opens(self, clock: ir.Value, within: Period) -> ir.Value:
        """By SQLite's own calendar, as text."""
        return native(_FIRSTS[within], self.midnight(clock), kind=dt.date)

    def microseconds(self, clock: ir.Value) -> ir.IntegerValue:
        """It is a number already."""
        return cast("ir.IntegerValue", clock)

    def stored_ids(self, kind: dt.DataType, text: str) -> list[Any]:
        """As a text or as a number."""
        if re.fullmatch("-?(0|[1-9][0-9]{0,17})", text, re.ASCII):
            return [text, int(text)]
        return [text, float(text)] if re.fullmatch(r"-?[0-9]{1,15}\.[0-9]{1,9}", text, re.ASCII) else [text]

    def told_money(self, value: Any) -> Decimal | None:
        """From ten-thousandths."""
        return None if value is None else Decimal(int(value)).scaleb(-4)


def _ahead(step: Step) -> str:
    return f"{{0}} + ({int(step.ahead.total_seconds()) * 1_000_000})"


def _text(template: str, *arguments: Any) -> ir.StringValue:
    return cast("ir.StringValue", native(template, *arguments, kind=dt.string))


def _truth(template: str, *arguments: Any) -> ir.BooleanValue:
    return cast("ir.BooleanValue", native(template, *arguments, kind=dt.boolean))


class Compiler(NativeSql, SQLiteCompiler):  # type: ignore[misc]  # Ibis has no types
    """A limit, even none, keeps a subquery one."""

    keeps_apart = "LIMIT -1 OFFSET 0"


SCHEMES = ("sqlite",)
EXTRA = "sqlite"
DIALECT = SqliteDialect()
COMPILER = Compiler()


def connect(address: Address) -> SqliteConnection:
    """Opens the file to read; others may write to it."""
    if not address.file.is_file():
        raise SourceError(f"there is no file {address.file}; correct source.uri ({address.shown})")
    with _explained(address):
        uri = f"file:{quote(str(address.file))}?mode=ro"
        made = sqlite3.connect(uri, uri=True, timeout=address.timeout, check_same_thread=False)
        made.execute("PRAGMA query_only = ON")
        made.text_factory = _decoded
        for name, arguments, function in _FUNCTIONS:
            made.create_function(name, arguments, function, deterministic=True)
        made.create_aggregate("TERCERA_TOTAL", 1, _Total)  # type: ignore[arg-type]  # its type wants a step that counts its arguments
        return SqliteConnection(made, address)


class SqliteConnection:
    """`connection.Connection` to a file of SQLite."""

    def __init__(self, made: sqlite3.Connection, address: Address) -> None:
        self._made = made
        self._address = address

    def relation(self, place: Place) -> ir.Table:
        """See `connection.Connection`. Whatever type a column is declared to have, it holds texts here."""
        asked = f"({place.query})" if place.query else ".".join(map(_quoted, place.name))
        with _explained(self._address):
            try:
                names = [each[0] for each in self._made.execute(f"SELECT * FROM {asked} LIMIT 0").description]  # noqa: S608 - the configured table, quoted, or query
            except sqlite3.OperationalError as error:
                if "no such" not in str(error) and "syntax" not in str(error):
                    raise
                tables = self._made.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
                raise not_there(self._address, place, [name for (name,) in tables], str(error)) from error
        return place.over(dict.fromkeys(names, dt.string))

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """See `connection.Connection`."""
        deadline = monotonic() + self._address.patience
        with _explained(self._address):
            self._made.set_progress_handler(lambda: monotonic() > deadline, _INSTRUCTIONS)
            answer = self._made.execute(statement)
            while rows := answer.fetchmany(STREAMED):
                yield from rows

    def can_write(self, place: Place) -> bool | None:
        """Files have no users."""
        return None

    def close(self) -> None:
        """See `connection.Connection`."""
        self._made.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _decoded(value: bytes) -> str:
    """What is no UTF-8 must not stop a sweep."""
    return value.decode("utf-8", "replace")


@contextmanager
def _explained(address: Address) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise SourceError(
                f"{address.shown} took longer than {address.patience:g} s for one question; add an index on "
                "the customer and the time of an order, or raise source.operation_timeout"
            ) from error
        held = "; another program is writing: let it end that, or use PRAGMA journal_mode = WAL"
        helps = held if "locked" in str(error) else ""
        raise SourceError(f"{address.shown} can't be read: {error}{helps}") from error
    except sqlite3.Error as error:
        helps = "; correct source.uri" if "not a database" in str(error) else ""
        raise SourceError(f"{address.shown} can't be read: {error}{helps}") from error


def _as_text(value: Any) -> str | None:
    """A number as an id is written: 17850.0 is 17850."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value) if abs(value) < float("inf") else None
    return str(value) if isinstance(value, int) else None


def _is_blank(value: bytes | None) -> bool | None:
    return None if value is None else not _decoded(value).strip()


def _contains(value: bytes | None, pattern: str) -> bool | None:
    return None if value is None else bool(_compiled(pattern).search(_decoded(value)))


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    strict = pattern.endswith("$") and not pattern.endswith(r"\$")
    return re.compile(rf"{pattern[:-1]}\Z" if strict else pattern, re.ASCII)


def _lower(value: bytes | None) -> str | None:
    return None if value is None else _decoded(value).lower()


def _slot(value: bytes | None) -> int | None:
    return None if value is None else crc32(value) & 1023


_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def _money(value: bytes | None) -> int | None:
    """Ten-thousandths, a tie to the even one."""
    if value is None or len(value) > LONGEST_TEXT or not _NUMBER.fullmatch(text := _decoded(value).strip()):
        return None
    number = Decimal(text)
    return int(number.scaleb(4).to_integral_value(ROUND_HALF_EVEN)) if abs(number) < 10**14 else None


@lru_cache(maxsize=65_536)
def _moment(value: bytes | None, form: str) -> int | None:
    """Microseconds of what a clock shows, in UTC when there is an offset."""
    read = None if value is None or len(value) > LONGEST_TEXT else parse_format(form).read(_decoded(value))
    if read is None:
        return None
    if not isinstance(read, datetime):
        return (read - date(1970, 1, 1)).days * _DAY
    ahead = read.utcoffset() or timedelta(0)
    return (read.replace(tzinfo=None) - ahead - _EPOCH) // timedelta(microseconds=1)


_FUNCTIONS: tuple[tuple[str, int, Callable[..., Any]], ...] = (
    ("TERCERA_TEXT", 1, _as_text),
    ("TERCERA_IS_BLANK", 1, _is_blank),
    ("TERCERA_CONTAINS", 2, _contains),
    ("TERCERA_LOWER", 1, _lower),
    ("TERCERA_SLOT", 1, _slot),
    ("TERCERA_MONEY", 1, _money),
    ("TERCERA_MOMENT", 2, _moment),
)


class _Total:
    """The sum of whole numbers, as text: it may have more digits than SQLite can hold."""

    def __init__(self) -> None:
        self._total: int | None = None

    def step(self, value: int | None) -> None:
        if value is not None:
            self._total = value + (self._total or 0)

    def finalize(self) -> str | None:
        return None if self._total is None else str(self._total)
