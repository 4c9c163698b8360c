"""Spark 3.5 and 4, classic or by Spark Connect.

A clock is a number of microseconds: Spark compares and adds whole numbers without looking at zones. In Spark
4 a cast that can't be done fails, so whatever comes from a row is read by `try_` functions. The session's
zone is UTC, so a time without one reads as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends.sql.compilers.base import SQLGlotCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

from tercera.dates import DateFormat
from tercera.errors import SourceError
from tercera.model import Period
from tercera.orders import LONGEST_TEXT, SAMPLE_LENGTH
from tercera.relational.dialect import BLANKS, Dialect
from tercera.relational.engines._sessions import SparkConnection, connect
from tercera.relational.native import NativeSql, native
from tercera.relational.patterns import PERL, lower_cases, portable

__all__ = ["COMPILER", "DIALECT", "EXTRA", "SCHEMES", "SparkConnection", "connect"]

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock
_DAY = 86_400_000_000
_MONEY = dt.Decimal(20, 4)
_NUMBER = r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"
_WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_ISO = (("Y", ""), ("m", "-"), ("d", "-"), ("H", " "), ("M", ":"), ("S", ":"))
_OFFSET = "(Z|[+-][0-9]{2}:?[0-9]{2})$"

_OPENS = {
    Period.DAY: "{0}",
    Period.WEEK: "TRUNC({0}, 'WEEK')",
    Period.MONTH: "TRUNC({0}, 'MONTH')",
    Period.QUARTER: "TRUNC({0}, 'QUARTER')",
    Period.YEAR: "TRUNC({0}, 'YEAR')",
}


class SparkDialect(Dialect):
    """See the module."""

    clock_type = dt.int64
    reads_first = True

    def exact(self, text: ir.StringValue) -> ir.StringValue:
        """Spark compares bytes of UTF-8, which is by code point."""
        return text

    def is_blank(self, text: ir.StringValue) -> ir.BooleanValue:
        """Most texts begin with a visible ASCII letter, which a comparison tells faster than a search."""
        return _true(
            "CASE WHEN {0} >= '!' AND {0} < {1} THEN FALSE"
            " ELSE COALESCE(TRIM(BOTH {2} FROM {0}) = '', TRUE) END",
            *(text, "\x7f", BLANKS),
        )

    def without_long(self, text: ir.StringValue) -> ir.StringValue:
        """By characters."""
        return _text(f"CASE WHEN CHAR_LENGTH({{0}}) <= {LONGEST_TEXT} THEN {{0}} END", text)

    def is_plain(self, text: ir.StringValue) -> ir.BooleanValue:
        """It begins with a visible ASCII letter and has few bytes."""
        return _true(
            f"{{0}} >= '!' AND {{0}} < {{1}} AND OCTET_LENGTH({{0}}) <= {LONGEST_TEXT}", text, "\x7f"
        )

    def contains(self, text: ir.StringValue, pattern: str) -> ir.BooleanValue:
        """Java's patterns."""
        return _true("{0} RLIKE {1}", text, portable(pattern, PERL))

    def is_in_any_case(self, text: ir.StringValue, values: Sequence[str]) -> ir.BooleanValue:
        """Java's small letters."""
        lower = sorted({each for value in values for each in lower_cases(value)})
        return _text("LOWER({0})", text).isin(lower)

    def shown(self, value: ir.Value) -> ir.StringValue:
        """Cut by characters."""
        return _text(f"SUBSTR(CAST({{0}} AS STRING), 1, {SAMPLE_LENGTH})", value)

    def packed(self, texts: Sequence[ir.StringValue]) -> ir.StringValue:
        """A JSON array keeps what is null."""
        return _text(f"TO_JSON(ARRAY({', '.join(f'{{{place}}}' for place in range(len(texts)))}))", *texts)

    def slot(self, text: ir.StringValue) -> ir.IntegerValue:
        """Of Spark's own hash."""
        return _number("CAST(PMOD(HASH({0}), 1024) AS BIGINT)", text)

    def number_text(self, number: ir.FloatingValue) -> ir.StringValue:
        """Java writes large and small ones with an exponent where Python writes their digits."""
        return _text(
            "CASE WHEN ISNAN({0}) OR ABS({0}) = DOUBLE('infinity') THEN NULL"
            " WHEN {0} % 1 = 0 AND ABS({0}) < 1e37 THEN CAST(CAST({0} AS DECIMAL(38, 0)) AS STRING)"
            " WHEN ABS({0}) >= 0.0001 AND ABS({0}) < 1e16"
            " THEN RTRIM('0', CAST(CAST({0} AS DECIMAL(38, 21)) AS STRING))"
            " ELSE CAST({0} AS STRING) END",
            number,
        )

    def money(self, written: ir.Value) -> ir.NumericValue:
        """BROUND takes a tie to the even one."""
        if written.type().is_string():
            written = _text(
                "CASE WHEN {0} RLIKE {1} THEN TRIM(BOTH {2} FROM {0}) END",
                *(written, rf"\A[{BLANKS}]*{_NUMBER}[{BLANKS}]*\z", BLANKS),
            )
        fine = native("TRY_CAST({0} AS DECIMAL(38, 18))", written, kind=dt.Decimal(38, 18))
        rounded = native(
            "CASE WHEN ABS({0}) < 100000000000000 THEN CAST(BROUND({0}, 4) AS DECIMAL(20, 4)) END",
            fine,
            kind=_MONEY,
        )
        return cast("ir.NumericValue", rounded)

    def fits(self, text: ir.StringValue, form: DateFormat, moment: ir.Value | None = None) -> ir.BooleanValue:
        """A day as most write it is told by where its signs stand: Spark read it, so the rest are digits of a
        day that there is. All else by a pattern that knows the length of every month."""
        if form.text == "%Y-%m-%d":
            return _true(
                "{1} IS NOT NULL AND OCTET_LENGTH({0}) = 10 AND {0} >= '19' AND {0} < '21'"
                " AND SUBSTR({0}, 5, 1) = '-' AND SUBSTR({0}, 8, 1) = '-'"
                " AND SUBSTR({0}, 10) BETWEEN '0' AND '9'",
                *(text, moment),
            )
        return _true("{0} RLIKE {1}", text, portable(f"^({form.strict_pattern})$", PERL))

    def moment(self, text: ir.StringValue, form: DateFormat) -> ir.Value:
        """What the format names is put in the order that Spark reads."""
        if form.text == "%Y-%m-%d":
            return _number("UNIX_MICROS(TRY_CAST({0} AS TIMESTAMP))", text)
        if not form.has_offset:
            return _number("UNIX_MICROS(TRY_CAST({0} AS TIMESTAMP))", _in_order(text, form))
        rest = _width_after_offset(form)
        body = _text(f"LEFT({{0}}, CHAR_LENGTH({{0}}) - {rest})", text) if rest else text
        offset = _text("REGEXP_EXTRACT({0}, {1}, 0)", body, _OFFSET)
        bare = _text(
            f"CONCAT(LEFT({{0}}, CHAR_LENGTH({{0}}) - CHAR_LENGTH({{1}})), RIGHT({{2}}, {rest}))",
            *(body, offset, text),
        )
        local = _number("UNIX_MICROS(TRY_CAST({0} AS TIMESTAMP))", _in_order(bare, form))
        ahead = _number(
            "TRY_CAST(SUBSTR({0}, 2, 2) AS BIGINT) * 60 + TRY_CAST(RIGHT({0}, 2) AS BIGINT)", offset
        )
        return _number(
            "CASE LEFT({1}, 1) WHEN '+' THEN {0} - {2} * 60000000"
            " WHEN '-' THEN {0} + {2} * 60000000 ELSE {0} END",
            *(local, offset, ahead),
        )

    def stored(self, value: ir.Value) -> ir.Value:
        """A day, a time in UTC, or a time without a zone."""
        if value.type().is_date():
            return _number(f"TRY_MULTIPLY(CAST(UNIX_DATE({{0}}) AS BIGINT), {_DAY})", value)
        return _number("UNIX_MICROS(CAST({0} AS TIMESTAMP))", value)

    def at(self, clock: datetime) -> ir.Value:
        """A number."""
        return _number("{0}", (clock - _EPOCH) // timedelta(microseconds=1))

    def later(self, clock: ir.Value, seconds: int) -> ir.Value:
        """By as many microseconds."""
        return _number(f"{{0}} + {seconds * 1_000_000}", clock)

    def midnight(self, clock: ir.Value) -> ir.Value:
        """Also before 1970."""
        return _number(f"{{0}} - PMOD({{0}}, {_DAY})", clock)

    def opens(self, clock: ir.Value, within: Period) -> ir.Value:
        """Spark's weeks begin on Monday."""
        day = native(
            f"DATE_FROM_UNIX_DATE(CAST(({{0}} - PMOD({{0}}, {_DAY})) DIV {_DAY} AS INT))", clock, kind="date"
        )
        return day if within is Period.DAY else native(_OPENS[within], day, kind="date")

    def microseconds(self, clock: ir.Value) -> ir.IntegerValue:
        """It is one already."""
        return cast("ir.IntegerValue", clock)

    def clock(self, microseconds: ir.IntegerValue) -> ir.Value:
        """And stays one."""
        return microseconds


class Compiler(NativeSql, PySparkCompiler):  # type: ignore[misc]
    """Spark works out a costly column once when it is used more than once, so no step needs to be apart."""

    keeps_apart = ""

    def visit_Field(self, op: Any, *, rel: Any, name: str) -> Any:
        """As every engine does: what Ibis asks here of its options is known when it has connected itself."""
        return SQLGlotCompiler.visit_Field(self, op, rel=rel, name=name)


SCHEMES = ("sc", "spark")
EXTRA = "spark"
DIALECT = SparkDialect()
COMPILER = Compiler()


def _in_order(text: ir.StringValue, form: DateFormat) -> ir.StringValue:
    """A text without its offset, as Spark reads times."""
    parts = [part for part in form.parts if part != (True, "z")]
    places, position = {}, 1
    for is_directive, part in parts:
        if is_directive:
            places[part] = position
        position += _WIDTHS.get(part, 0) if is_directive else len(part)
        if (is_directive, part) == (True, "f"):
            break
    pieces = [
        f"'{between}', SUBSTR({{0}}, {places[letter]}, {_WIDTHS[letter]})"
        for letter, between in _ISO
        if letter in places
    ]
    if "H" in places and "M" not in places:
        pieces.append("':00'")
    if "f" in places:
        pieces.append(f"'.', REGEXP_EXTRACT(SUBSTR({{0}}, {places['f']}), '^[0-9]+', 0)")
    return _text(f"CONCAT({', '.join(pieces)})", text)


def _width_after_offset(form: DateFormat) -> int:
    """How many characters stand behind the offset."""
    after = form.parts[form.parts.index((True, "z")) + 1 :]
    if (True, "f") in after:
        raise SourceError(f"the format {form.text!r} has %f behind %z, which Spark can't read")
    return sum(_WIDTHS[part] if is_directive else len(part) for is_directive, part in after)


def _text(template: str, *arguments: object) -> ir.StringValue:
    return cast("ir.StringValue", native(template, *arguments, kind="string"))


def _number(template: str, *arguments: object) -> ir.IntegerValue:
    return cast("ir.IntegerValue", native(template, *arguments, kind="int64"))


def _true(template: str, *arguments: object) -> ir.BooleanValue:
    return cast("ir.BooleanValue", native(template, *arguments, kind="boolean"))
