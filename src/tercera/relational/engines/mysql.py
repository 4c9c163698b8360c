"""MariaDB and MySQL, by PyMySQL, which is all Python.

Neither has TRY_CAST. What is read is looked at by a pattern first, and with an empty `sql_mode` what still
can't be read is null and a warning. Columns compare by what their collation says (`ana` is `ANA `); here
every text is made to compare by code point, trailing spaces and all. MariaDB runs in the tests, MySQL does
not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends.sql.compilers.base import SQLGlotCompiler
from ibis.backends.sql.compilers.mysql import MySQLCompiler

from tercera.errors import SourceError
from tercera.model import Period
from tercera.notation.dates import DateFormat
from tercera.orders import LONGEST_TEXT, SAMPLE_LENGTH
from tercera.relational.engines._pymysql import EXACT, MySQLConnection, connect
from tercera.relational.expressions.dialect import BLANKS, Dialect
from tercera.relational.expressions.native import NativeSql, apart, native
from tercera.relational.expressions.patterns import PERL, lower_cases, portable

__all__ = ["COMPILER", "DIALECT", "EXTRA", "SCHEMES", "MySQLConnection", "connect"]

_CLOCK = dt.Timestamp()
_MONEY = dt.Decimal(20, 4)
_DIRECTIVES = {"Y": "%Y", "m": "%m", "d": "%d", "H": "%H", "M": "%i", "S": "%s", "f": "%f"}
_WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_OFFSET = "(Z|[+-][0-9]{2}:?[0-9]{2})$"
_NUMBER = "([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,9})?"

_OPENS = {
    Period.DAY: "CAST({0} AS DATE)",
    Period.WEEK: "CAST({0} - INTERVAL WEEKDAY({0}) DAY AS DATE)",
    Period.MONTH: "CAST({0} - INTERVAL DAYOFMONTH({0}) - 1 DAY AS DATE)",
    Period.QUARTER: "MAKEDATE(YEAR({0}), 1) + INTERVAL QUARTER({0}) - 1 QUARTER",
    Period.YEAR: "MAKEDATE(YEAR({0}), 1)",
}

# A tie to the even one is the number cut off where that is even; in all other cases rounding does what it
# should. MariaDB has a -0 that is not 0, so it is asked of the absolute number.
_ROUNDED = """CASE
    WHEN ABS({0}) >= 100000000000000 THEN NULL
    WHEN ABS({0} - TRUNCATE({0}, 4)) = 0.00005 AND MOD(TRUNCATE(ABS({0}), 4) * 10000, 2) = 0
        THEN CAST(TRUNCATE({0}, 4) AS DECIMAL(20, 4))
    ELSE CAST({0} AS DECIMAL(20, 4)) END"""


class MySQLDialect(Dialect):
    """`dialect.Dialect` for both."""

    clock_type = _CLOCK

    def apart(self, table: ir.Table) -> ir.Table:
        """A subquery with a limit is not merged into what asks it."""
        return apart(table)

    def exact(self, text: ir.StringValue) -> ir.StringValue:
        """Whatever the column's character set and collation."""
        return _text(f"CONVERT({{0}} USING utf8mb4) {EXACT}", text)

    def is_blank(self, text: ir.StringValue) -> ir.BooleanValue:
        """Most texts begin with a visible ASCII letter, which a comparison tells faster than a search."""
        return _true(
            "CASE WHEN {0} >= '!' AND {0} < '\x7f' THEN FALSE ELSE COALESCE({0} REGEXP {1}, TRUE) END",
            text,
            rf"\A[{BLANKS}]*\z",
        )

    def without_long(self, text: ir.StringValue) -> ir.StringValue:
        """By characters."""
        return _text(f"CASE WHEN CHAR_LENGTH({{0}}) <= {LONGEST_TEXT} THEN {{0}} END", text)

    def is_plain(self, text: ir.StringValue) -> ir.BooleanValue:
        """It begins with a visible ASCII letter and has few bytes."""
        return _true(f"{{0}} >= '!' AND {{0}} < '\x7f' AND LENGTH({{0}}) <= {LONGEST_TEXT}", text)

    def contains(self, text: ir.StringValue, pattern: str) -> ir.BooleanValue:
        """PCRE in MariaDB, ICU in MySQL."""
        return _true("{0} REGEXP {1}", text, portable(pattern, PERL))

    def is_in_any_case(self, text: ir.StringValue, values: Sequence[str]) -> ir.BooleanValue:
        """Letter by letter."""
        lower = sorted({each for value in values for each in lower_cases(value)})
        return _text("LOWER({0})", text).isin(lower)

    def shown(self, value: ir.Value) -> ir.StringValue:
        """Cut by characters."""
        return _text(f"LEFT(CONVERT({{0}} USING utf8mb4), {SAMPLE_LENGTH})", value)

    def packed(self, texts: Sequence[ir.StringValue]) -> ir.StringValue:
        """A JSON array keeps what is null."""
        places = ", ".join(f"{{{place}}}" for place in range(len(texts)))
        return _text(f"JSON_ARRAY({places})", *texts)

    def slot(self, text: ir.StringValue) -> ir.IntegerValue:
        """Of a checksum."""
        return cast("ir.IntegerValue", native("CRC32({0}) % 1024", text, kind="int64"))

    def number_text(self, number: ir.FloatingValue) -> ir.StringValue:
        """Neither knows infinity, or what is no number."""
        return _text(
            "CASE WHEN {0} = FLOOR({0}) AND ABS({0}) < 1e37 THEN CAST(CAST({0} AS DECIMAL(65, 0)) AS CHAR)"
            " ELSE CAST({0} AS CHAR) END",
            number,
        )

    def money(self, written: ir.Value) -> ir.NumericValue:
        """Of text, the number between blanks; what is too large stays so when it is cut to 65 digits."""
        if written.type().is_string():
            written = native(
                "CAST(CASE WHEN {0} REGEXP {1} THEN REGEXP_SUBSTR({0}, {2}) END AS DECIMAL(65, 30))",
                written,
                rf"\A[{BLANKS}]*[+-]?{_NUMBER}[{BLANKS}]*\z",
                f"[+-]?{_NUMBER}",
                kind=dt.Decimal(65, 30),
            )
        return cast("ir.NumericValue", native(_ROUNDED, written, kind=_MONEY))

    def fits(self, text: ir.StringValue, form: DateFormat, moment: ir.Value | None = None) -> ir.BooleanValue:
        """By a pattern that knows the length of every month."""
        return _true("{0} REGEXP {1}", text, portable(f"^({form.strict_pattern})$", PERL))

    def moment(self, text: ir.StringValue, form: DateFormat) -> ir.Value:
        """STR_TO_DATE knows no offsets, so they are taken out and taken off."""
        written = _written(form)
        if not form.has_offset:
            return native("CAST(STR_TO_DATE({0}, {1}) AS DATETIME(6))", text, written, kind=_CLOCK)
        rest = _width_after_offset(form)
        body = _text(f"LEFT({{0}}, CHAR_LENGTH({{0}}) - {rest})", text) if rest else text
        offset = _text("REGEXP_SUBSTR({0}, {1})", body, _OFFSET)
        local = native(
            "CAST(STR_TO_DATE(CONCAT(LEFT({0}, CHAR_LENGTH({0}) - CHAR_LENGTH({1})), RIGHT({2}, {3})), {4})"
            " AS DATETIME(6))",
            *(body, offset, text, rest, written),
            kind=_CLOCK,
        )
        return native(
            "CASE LEFT({1}, 1) WHEN '+' THEN {0} - INTERVAL {2} MINUTE"
            " WHEN '-' THEN {0} + INTERVAL {2} MINUTE ELSE {0} END",
            *(local, offset, native("SUBSTR({0}, 2, 2) * 60 + RIGHT({0}, 2)", offset, kind="int64")),
            kind=_CLOCK,
        )

    def stored(self, value: ir.Value) -> ir.Value:
        """The session's zone is UTC. A day 0 is no day."""
        return native(
            "CASE WHEN MONTH({0}) > 0 AND DAYOFMONTH({0}) > 0 THEN CAST({0} AS DATETIME(6)) END",
            value,
            kind=_CLOCK,
        )

    def at(self, clock: datetime) -> ir.Value:
        """A constant, whatever it looks like."""
        return native("CAST({0} AS DATETIME(6))", clock.isoformat(" "), kind=_CLOCK)

    def later(self, clock: ir.Value, seconds: int) -> ir.Value:
        """Null beyond the year 9999."""
        return native(f"{{0}} + INTERVAL {seconds:d} SECOND", clock, kind=_CLOCK)

    def midnight(self, clock: ir.Value) -> ir.Value:
        """Without its time."""
        return native("CAST(CAST({0} AS DATE) AS DATETIME(6))", clock, kind=_CLOCK)

    def opens(self, clock: ir.Value, within: Period) -> ir.Value:
        """WEEKDAY counts from Monday."""
        return native(_OPENS[within], clock, kind="date")

    def microseconds(self, clock: ir.Value) -> ir.IntegerValue:
        """Exact: it counts in whole numbers."""
        told = native("TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', {0})", clock, kind="int64")
        return cast("ir.IntegerValue", told)


class Compiler(NativeSql, MySQLCompiler):  # type: ignore[misc]  # Ibis has no types
    """Texts compare exactly already, so they are compared as they stand."""

    keeps_apart = f"LIMIT {2**64 - 1}"

    def visit_Equals(self, op: Any, *, left: Any, right: Any) -> Any:
        """Ibis would cast a text to bytes, which no index helps to find."""
        return SQLGlotCompiler.visit_Equals(self, op, left=left, right=right)


SCHEMES = ("mysql", "mariadb")
EXTRA = "mysql"
DIALECT = MySQLDialect()
COMPILER = Compiler()


def _written(form: DateFormat) -> str:
    """The format in MySQL's words, without the offset."""
    return "".join(_DIRECTIVES.get(part, "") if is_directive else part for is_directive, part in form.parts)


def _width_after_offset(form: DateFormat) -> int:
    """How many characters stand behind the offset."""
    after = form.parts[form.parts.index((True, "z")) + 1 :]
    if (True, "f") in after:
        raise SourceError(f"the format {form.text!r} has %f behind %z, which MySQL can't read")
    return sum(_WIDTHS[part] if is_directive else len(part) for is_directive, part in after)


def _text(template: str, *arguments: object) -> ir.StringValue:
    return cast("ir.StringValue", native(template, *arguments, kind="string"))


def _true(template: str, *arguments: object) -> ir.BooleanValue:
    return cast("ir.BooleanValue", native(template, *arguments, kind="boolean"))
