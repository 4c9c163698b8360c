"""DuckDB, the engine that comes with the product: how it reads dates and patterns, and a database of it.

Nothing is fetched from anywhere: extensions that are not built in are neither installed nor loaded.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler
from ibis.backends.sql.datatypes import DuckDBType

from tercera.dates import DateFormat
from tercera.orders import LONGEST_TEXT
from tercera.relational.cells import Cell, whole_number_text

_BLANK = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
"""Everything that Python calls white space."""


def _engines_own(name: str, takes: tuple[dt.DataType, ...], gives: dt.DataType) -> Callable[..., Any]:
    """A function that DuckDB has and Ibis does not know."""
    if len(takes) == 1:
        made = ibis.udf.scalar.builtin(lambda value: None, name=name, signature=(takes, gives))
    else:
        made = ibis.udf.scalar.builtin(lambda value, other: None, name=name, signature=(takes, gives))
    return cast("Callable[..., Any]", made)


_DAY = "%Y-%m-%d"
_TEXTS = (dt.string, dt.string)
_CLOCK = dt.Timestamp()

_hash = _engines_own("hash", (dt.string,), dt.uint64)
_bytes = _engines_own("strlen", (dt.string,), dt.int64)
_trim = _engines_own("trim", _TEXTS, dt.string)
_contains = _engines_own("regexp_matches", _TEXTS, dt.boolean)
_fits = _engines_own("regexp_full_match", _TEXTS, dt.boolean)
_extract = _engines_own("regexp_extract", _TEXTS, dt.string)
_read_clock = _engines_own("try_strptime", _TEXTS, _CLOCK)
_read_instant = _engines_own("try_strptime", _TEXTS, dt.Timestamp(timezone="UTC"))
_write_clock = _engines_own("strftime", (_CLOCK, dt.string), dt.string)
_microseconds = _engines_own("epoch_us", (dt.timestamp,), dt.int64)
_clock = _engines_own("make_timestamp", (dt.int64,), _CLOCK)
_json_type = _engines_own("json_type", (dt.json, dt.string), dt.string)
_json_text = _engines_own("json_extract_string", (dt.json, dt.string), dt.string)


class DuckDialect:
    """`cells.Dialect` for DuckDB."""

    def is_blank(self, text: ir.StringValue) -> ir.BooleanValue:
        """Most texts begin with a visible ASCII letter, which a comparison tells faster than a search."""
        return ibis.cases(
            ((text >= "!") & (text < "\x7f"), False),
            else_=(_trim(text, _BLANK) == "").fill_null(True),
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

    def moment(self, text: ir.StringValue, form: DateFormat) -> ir.TimestampValue:
        """DuckDB reads leniently, a day fastest by a cast."""
        if form.text == _DAY:
            return text.try_cast("date").try_cast(_CLOCK)  # a date may be later than any time
        if _has_rest(form):
            return self._with_rest(text, form)
        return cast("ir.TimestampValue", _read_clock(text, form.text))

    def fits(self, text: ir.StringValue, moment: ir.TimestampValue, form: DateFormat) -> ir.BooleanValue:
        """DuckDB reads `2023-6-1 ` too, so what it read must be written the same again, or fit a pattern."""
        if form.text == _DAY:
            is_same = moment.date().cast("string") == text
            return (text < "21") & (text >= "19") & (_bytes(text) == len("2023-06-01")) & is_same
        if _has_rest(form):
            return cast("ir.BooleanValue", _fits(text, form.pattern)) & moment.notnull()
        year = moment.year()
        return (_write_clock(moment, form.text) == text) & (year >= 1900) & (year < 2100)

    def in_utc(self, instant: ir.TimestampValue) -> ir.TimestampValue:
        """Through the number of microseconds, which no session setting changes."""
        clock: ir.TimestampValue = _clock(_microseconds(instant))
        return clock

    def microseconds(self, clock: ir.TimestampValue) -> ir.IntegerValue:
        """Since the beginning of 1970, of a wall clock."""
        number: ir.IntegerValue = _microseconds(clock)
        return number

    def clock(self, microseconds: ir.IntegerValue) -> ir.TimestampValue:
        """What `microseconds` was given."""
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
        return self.in_utc(_read_instant(text, form.text))


def _has_rest(form: DateFormat) -> bool:
    """Whether it names more than the same text can be written from again."""
    return form.has_offset or "f" in form.directives


def _plain_pattern(parts: tuple[tuple[bool, str], ...]) -> str:
    """Part of a format as a pattern without groups of its own."""
    return "".join(
        DateFormat("", ((True, part),)).pattern.replace("(", "(?:") if is_directive else re.escape(part)
        for is_directive, part in parts
    )


def fingerprint(text: ir.StringValue) -> ir.IntegerValue:
    """A number that equal texts share, and different ones hardly ever."""
    number: ir.IntegerValue = _hash(text)
    return number


class Documents:
    """Rows of JSON documents in one column. A path leads into them by the names of fields."""

    def __init__(self, table: ir.Table, column: str) -> None:
        self.table = table
        self._column = column
        self._document = table[column]

    def cell(self, path: str) -> Cell:
        """The value at a path; a document that has none there has it missing."""
        pointer = "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in path.split("."))
        kind, text = _json_type(self._document, pointer), _json_text(self._document, pointer)
        number = ibis.ifelse(text.re_search("^-?[0-9]+$"), text, whole_number_text(text.try_cast("float64")))
        words = ibis.ifelse(kind == "VARCHAR", text, ibis.null(dt.string))
        told = ibis.cases(
            (kind == "VARCHAR", DuckDialect().without_long(text)),
            (kind.isin(["BIGINT", "UBIGINT", "DOUBLE", "HUGEINT", "UHUGEINT"]), number),
            else_=ibis.null(dt.string),
        )
        is_something = kind.notnull() & (kind != "NULL")
        is_blank = (kind == "VARCHAR") & DuckDialect().is_blank(words)
        return Cell(is_something & ~is_blank, told, words, told)

    def over(self, table: ir.Table) -> Documents:
        """The same of a table that has the documents and more."""
        return Documents(table, self._column)

    def readable(self) -> ir.BooleanValue | None:
        """Whether the line was a JSON object."""
        return (_json_type(self._document, "") == "OBJECT").fill_null(False)


class Database:
    """An empty database in memory, with a place to spill to."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._compiler = DuckDBCompiler()

    def relation(self, name: str) -> ir.Table:
        """A table or view, as an expression."""
        columns = self.rows(f"DESCRIBE {quoted(name)}")
        return ibis.table({each[0]: DuckDBType.from_string(each[1]) for each in columns}, name=name)

    def sql(self, expression: ir.Expr) -> str:
        """What the engine is asked for an expression, step by step as it was built."""
        with _steps_apart():
            return str(self._compiler.to_sqlglot(expression.unbind()).sql("duckdb"))

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
        yield from self._connection.sql(self.sql(question)).to_arrow_reader(20_000)

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
def _steps_apart() -> Iterator[None]:
    """Keeps Ibis from fusing projections: a column that was given a name is worked out once for each row,
    or less often, not wherever it is used."""
    fused, ibis.options.sql.fuse_selects = ibis.options.sql.fuse_selects, False
    try:
        yield
    finally:
        ibis.options.sql.fuse_selects = fused


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
