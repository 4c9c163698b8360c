"""DuckDB: how it reads dates and patterns. It comes with the product, and reads files as well."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler
from ibis.backends.sql.datatypes import DuckDBType

from tercera.errors import SourceError
from tercera.model import Period
from tercera.notation.dates import DateFormat
from tercera.orders import LONGEST_TEXT, SAMPLE_LENGTH
from tercera.relational.connection import STREAMED, Address, Place, not_there
from tercera.relational.expressions.amounts import rounded
from tercera.relational.expressions.dialect import BLANKS, Dialect
from tercera.relational.expressions.native import NativeSql, native
from tercera.relational.expressions.patterns import lower_cases

_UNITS = {Period.DAY: "D", Period.WEEK: "W", Period.MONTH: "M", Period.QUARTER: "Q", Period.YEAR: "Y"}


def engines_own(name: str, takes: tuple[dt.DataType, ...], gives: dt.DataType) -> Callable[..., Any]:
    """A function that DuckDB has and Ibis does not know."""
    if len(takes) == 1:
        made = ibis.udf.scalar.builtin(lambda value: None, name=name, signature=(takes, gives))
    else:
        made = ibis.udf.scalar.builtin(lambda value, other: None, name=name, signature=(takes, gives))
    return cast("Callable[..., Any]", made)


_DAY = "%Y-%m-%d"
_TEXTS = (dt.string, dt.string)
_CLOCK = dt.Timestamp()

_bytes = engines_own("strlen", (dt.string,), dt.int64)
_trim = engines_own("trim", _TEXTS, dt.string)
_contains = engines_own("regexp_matches", _TEXTS, dt.boolean)
_fits = engines_own("regexp_full_match", _TEXTS, dt.boolean)
_extract = engines_own("regexp_extract", _TEXTS, dt.string)
_read_clock = engines_own("try_strptime", _TEXTS, _CLOCK)
_read_instant = engines_own("try_strptime", _TEXTS, dt.Timestamp(timezone="UTC"))
_write_clock = engines_own("strftime", (_CLOCK, dt.string), dt.string)
_microseconds = engines_own("epoch_us", (dt.timestamp,), dt.int64)
_clock = engines_own("make_timestamp", (dt.int64,), _CLOCK)


class DuckDialect(Dialect):
    """`dialect.Dialect` for DuckDB."""

    reads_first = True

    def exact(self, text: ir.StringValue) -> ir.StringValue:
        """Texts compare by their bytes as they are."""
        return text

    def is_blank(self, text: ir.StringValue) -> ir.BooleanValue:
        """Most texts begin with a visible ASCII letter, which a comparison tells faster than a search."""
        return ibis.cases(
            ((text >= "!") & (text < "\x7f"), False),
            else_=(_trim(text, BLANKS) == "").fill_null(True),
        )

    def without_long(self, text: ir.StringValue) -> ir.StringValue:
        """The number of bytes is known, that of characters has to be counted."""
        longest = LONGEST_TEXT
        fitting = ibis.cases((_bytes(text) <= longest, text), (text.length() <= longest, text))
        return cast("ir.StringValue", fitting)

    def is_plain(self, text: ir.StringValue) -> ir.BooleanValue:
        """It begins with a visible ASCII letter and has few bytes."""
        return (text >= "!") & (text < "\x7f") & (_bytes(text) <= LONGEST_TEXT)

    def contains(self, text: ir.StringValue, pattern: str) -> ir.BooleanValue:
        """RE2, whose `$` is the very end."""
        found: ir.BooleanValue = _contains(text, pattern)
        return found

    def plainly_contains(self, text: ir.StringValue, pattern: str) -> ir.BooleanValue:
        """Something fits that is not empty. Of a value that stands in a Parquet file many times, DuckDB
        extracts once, but would search each time."""
        found: ir.BooleanValue = _extract(text, pattern) != ""
        return found

    def is_in_any_case(self, text: ir.StringValue, values: Sequence[str]) -> ir.BooleanValue:
        """DuckDB knows all of Unicode's letters."""
        return text.lower().isin(sorted({each for value in values for each in lower_cases(value)}))

    def shown(self, value: ir.Value) -> ir.StringValue:
        """Everything has a text."""
        return cast("ir.StringValue", value.cast("string").substr(0, SAMPLE_LENGTH))

    def packed(self, texts: Sequence[ir.StringValue]) -> ir.StringValue:
        """A list, as JSON."""
        places = ", ".join(f"{{{place}}}" for place in range(len(texts)))
        packed: ir.StringValue = native(f"CAST(to_json([{places}]) AS VARCHAR)", *texts, kind=dt.string)
        return packed

    def slot(self, text: ir.StringValue) -> ir.IntegerValue:
        """By its hash."""
        number: ir.IntegerValue = native("hash({0}) % 1024", text, kind=dt.int64)
        return number

    def number_text(self, number: ir.FloatingValue) -> ir.StringValue:
        """DuckDB writes the shortest text that is read as the same number."""
        is_whole = (number % 1.0 == 0) & (number.abs() < 1e37)
        small = number.abs() < 1e18
        digits = ibis.cases(
            (number.isnan() | number.isinf(), ibis.null(dt.string)),
            (is_whole & small, number.try_cast("int64").cast("string")),
            (is_whole, number.try_cast("decimal(38, 0)").cast("string")),
            else_=number.cast("string"),
        )
        return cast("ir.StringValue", digits)

    def money(self, written: ir.Value) -> ir.NumericValue:
        """By TRY_CAST."""
        return rounded(written)

    def moment(self, text: ir.StringValue, form: DateFormat) -> ir.TimestampValue:
        """DuckDB reads leniently, a day fastest by a cast."""
        if form.text == _DAY:
            return text.try_cast("date").try_cast(_CLOCK)  # a date may be later than any time
        if _has_rest(form):
            return self._with_rest(text, form)
        return cast("ir.TimestampValue", _read_clock(text, form.text))

    def fits(self, text: ir.StringValue, form: DateFormat, moment: ir.Value | None = None) -> ir.BooleanValue:
        """DuckDB reads `2023-6-1 ` too, so what it read must be written the same again, or fit a pattern."""
        assert isinstance(moment, ir.TimestampValue)
        if form.text == _DAY:
            is_same = moment.date().cast("string") == text
            return (text < "21") & (text >= "19") & (_bytes(text) == len("2023-06-01")) & is_same
        if _has_rest(form):
            return cast("ir.BooleanValue", _fits(text, form.pattern)) & moment.notnull()
        year = moment.year()
        return (_write_clock(moment, form.text) == text) & (year >= 1900) & (year < 2100)

    def stored(self, value: ir.Value) -> ir.Value:
        """An instant through the number of microseconds, which no session setting changes."""
        kind = value.type()
        return _in_utc(value) if kind.is_timestamp() and kind.timezone else value.cast(_CLOCK)

    def at(self, clock: datetime) -> ir.Value:
        """A timestamp."""
        return ibis.literal(clock, _CLOCK)

    def later(self, clock: ir.Value, seconds: int) -> ir.Value:
        """By an interval."""
        return clock + ibis.interval(seconds, unit="s")

    def midnight(self, clock: ir.Value) -> ir.Value:
        """Cut off."""
        return cast("ir.TimestampValue", clock).truncate("D")

    def opens(self, clock: ir.Value, within: Period) -> ir.Value:
        """Cut off, as a day."""
        return cast("ir.TimestampValue", clock).truncate(_UNITS[within]).date()

    def microseconds(self, clock: ir.Value) -> ir.IntegerValue:
        """DuckDB keeps them."""
        number: ir.IntegerValue = _microseconds(clock)
        return number

    def clock(self, microseconds: ir.IntegerValue) -> ir.Value:
        """DuckDB keeps them."""
        clock: ir.TimestampValue = _clock(microseconds)
        return clock

    def _with_rest(self, text: ir.StringValue, form: DateFormat) -> ir.TimestampValue:
        if not form.has_offset:
            clock: ir.TimestampValue = _read_clock(text, form.text)
            return clock
        # DuckDB knows no Z.
        place = form.parts.index((True, "z"))
        before, after = _plain_pattern(form.parts[:place]), _plain_pattern(form.parts[place + 1 :])
        text = text.re_replace(f"^({before})Z({after})$", r"\1+00:00\2")
        return _in_utc(_read_instant(text, form.text))


def _in_utc(instant: ir.Value) -> ir.TimestampValue:
    clock: ir.TimestampValue = _clock(_microseconds(instant))
    return clock


def _has_rest(form: DateFormat) -> bool:
    """Whether it names more than the same text can be written from again."""
    return form.has_offset or "f" in form.directives


def _plain_pattern(parts: tuple[tuple[bool, str], ...]) -> str:
    """Part of a format as a pattern without groups of its own."""
    return "".join(
        DateFormat("", ((True, part),)).pattern.replace("(", "(?:") if is_directive else re.escape(part)
        for is_directive, part in parts
    )


class Compiler(NativeSql, DuckDBCompiler):  # type: ignore[misc]  # Ibis has no types
    """DuckDB works a named column out once, so steps need nothing to keep them apart."""

    keeps_apart = ""


SCHEMES = ("duckdb",)
EXTRA = ""
DIALECT = DuckDialect()
COMPILER = Compiler()


def connect(address: Address) -> DuckConnection:
    """Opens the file, which nobody may be writing to."""
    if not address.file.is_file():
        raise SourceError(f"there is no file {address.file}; correct source.uri ({address.shown})")
    settings: dict[str, Any] = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    with _explained(address):
        made = duckdb.connect(str(address.file), read_only=True, config=settings)
        made.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
        return DuckConnection(made, address)


class DuckConnection:
    """`connection.Connection` to a file of DuckDB."""

    def __init__(self, made: duckdb.DuckDBPyConnection, address: Address) -> None:
        self._made = made
        self._address = address

    def relation(self, place: Place) -> ir.Table:
        """See `connection.Connection`."""
        asked = f"({place.query})" if place.query else ".".join(map(_quoted, place.name))
        with _explained(self._address):
            try:
                columns = self._made.execute(f"DESCRIBE FROM {asked}").fetchall()
            except (duckdb.CatalogException, duckdb.ParserException, duckdb.BinderException) as error:
                tables = self._made.execute("SELECT table_name FROM duckdb_tables()").fetchall()
                reason = str(error).split("\n")[0]
                raise not_there(self._address, place, [name for (name,) in tables], reason) from error
        return place.over({name: _type(kind) for name, kind, *_ in columns})

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """See `connection.Connection`."""
        with _explained(self._address):
            answer = self._made.execute(statement)
            while rows := answer.fetchmany(STREAMED):
                yield from rows

    def can_write(self, place: Place) -> bool | None:
        """Whoever opens a file of DuckDB here only reads it."""
        return False

    def close(self) -> None:
        """See `connection.Connection`."""
        self._made.close()


def _type(kind: str) -> dt.DataType:
    try:
        return DuckDBType.from_string(kind)
    except Exception:  # noqa: BLE001 - sqlglot and Ibis raise what they like for a type that they don't know
        return dt.string


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _explained(address: Address) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        reason = str(error).strip().split("\n")[0]
        held = "; DuckDB lets nobody else in while a program may write: let that one close it"
        helps = held if "Conflicting lock" in reason else ""
        said = reason.partition(" See also")[0].rstrip(".")
        raise SourceError(f"{address.shown} can't be read: {said}{helps}") from error
