"""Spark 3.5 and 4, classic or by Spark Connect.

In Spark 4 a cast that can't be done fails, so whatever comes from a row is read by `try_` functions. The
session's zone is UTC, so a time without one reads as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends.sql.compilers.base import SQLGlotCompiler
from ibis.backends.sql.compilers.pyspark import PySparkCompiler

from tercera.model import Period, RejectReason
from tercera.notation.dates import DateFormat
from tercera.orders import SAMPLES
from tercera.relational.engines._counted import DAY, MONEY, NUMBER, CountedDialect
from tercera.relational.engines._sessions import SparkConnection, connect
from tercera.relational.expressions.dialect import BLANKS
from tercera.relational.expressions.native import NativeSql, native

__all__ = ["COMPILER", "DIALECT", "EXTRA", "SCHEMES", "SparkConnection", "connect"]

_OF_A_TASK = 2**33 - 1
"""Behind these bits stands the number of the task."""

_DATE = "DATE_FROM_UNIX_DATE(CAST({0} AS INT))"


class SparkDialect(CountedDialect):
    """See the module."""

    reads_first = True
    avoids_sorting = True
    matches = "{0} RLIKE {1}"
    extracted = "REGEXP_EXTRACT({0}, {1}, 1)"
    characters = "CHAR_LENGTH({0})"
    octets = "OCTET_LENGTH({0})"
    as_text = "CAST({0} AS STRING)"
    whole = "TRY_CAST({0} AS BIGINT)"
    days = "CAST(UNIX_DATE(TRY_CAST({0} AS DATE)) AS BIGINT)"
    remainder = f"PMOD({{0}}, {DAY})"
    quotient = f"({{0}}) DIV {DAY}"
    firsts: ClassVar = {
        Period.DAY: _DATE,
        Period.WEEK: f"TRUNC({_DATE}, 'WEEK')",
        Period.MONTH: f"TRUNC({_DATE}, 'MONTH')",
        Period.QUARTER: f"TRUNC({_DATE}, 'QUARTER')",
        Period.YEAR: f"TRUNC({_DATE}, 'YEAR')",
    }

    def apart(self, table: ir.Table) -> ir.Table:
        """Spark would copy columns into filters, and work a subquery out wherever it is asked, if it did not
        take it for something that may come out otherwise each time. That of these which costs a row least."""
        return table.filter(native("SPARK_PARTITION_ID() >= {0}", 0, kind="boolean"))

    def exact(self, text: ir.StringValue) -> ir.StringValue:
        """Spark compares bytes of UTF-8, which is by code point."""
        return text

    def packed(self, texts: Sequence[ir.StringValue]) -> ir.StringValue:
        """A JSON array keeps what is null."""
        places = ", ".join(f"{{{place}}}" for place in range(len(texts)))
        return self._text(f"TO_JSON(ARRAY({places}))", *texts)

    def slot(self, text: ir.StringValue) -> ir.IntegerValue:
        """Of Spark's own hash."""
        return self._number("CAST(PMOD(HASH({0}), 1024) AS BIGINT)", text)

    def few(self, sample: ir.StringValue, reason: ir.IntegerValue) -> ir.StringValue:
        """The first of each task. What counts its rows stands in a branch for each reason, and counts the
        rows that come there; where it counted all of them, fewer rejects would be shown."""
        counts = " ".join(
            f"WHEN {place} THEN MONOTONICALLY_INCREASING_ID()" for place in range(len(RejectReason))
        )
        return self._text(
            f"IF({{1}} IS NOT NULL AND (CASE {{1}} {counts} END & {_OF_A_TASK}) < {SAMPLES}, {{0}}, NULL)",
            *(sample, reason),
        )

    def number_text(self, number: ir.FloatingValue) -> ir.StringValue:
        """Java writes large and small ones with an exponent where Python writes their digits."""
        return self._text(
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
            written = self._text(
                "CASE WHEN {0} RLIKE {1} THEN TRIM(BOTH {2} FROM {0}) END",
                *(written, rf"\A[{BLANKS}]*{NUMBER}[{BLANKS}]*\z", BLANKS),
            )
        fine = native("TRY_CAST({0} AS DECIMAL(38, 18))", written, kind=dt.Decimal(38, 18))
        rounded = native(
            "CASE WHEN ABS({0}) < 100000000000000 THEN CAST(BROUND({0}, 4) AS DECIMAL(20, 4)) END",
            fine,
            kind=MONEY,
        )
        return cast("ir.NumericValue", rounded)

    def fits(self, text: ir.StringValue, form: DateFormat, moment: ir.Value | None = None) -> ir.BooleanValue:
        """A day as most write it is told by where its signs stand: Spark read it, so the rest are digits of a
        day that there is. All else by a pattern."""
        if form.text != "%Y-%m-%d":
            return super().fits(text, form)
        return self._truth(
            "{1} IS NOT NULL AND OCTET_LENGTH({0}) = 10 AND {0} >= '19' AND {0} < '21'"
            " AND SUBSTR({0}, 5, 1) = '-' AND SUBSTR({0}, 8, 1) = '-'"
            " AND SUBSTR({0}, 10) BETWEEN '0' AND '9'",
            *(text, moment),
        )

    def moment(self, text: ir.StringValue, form: DateFormat) -> ir.Value:
        """Spark reads a day as most write it, and others that `fits` refuses, some of them too late for a
        number of microseconds. It takes longer to read a time."""
        if form.text != "%Y-%m-%d":
            return super().moment(text, form)
        return self._number(f"TRY_MULTIPLY({self.days}, {DAY})", text)

    def stored(self, value: ir.Value) -> ir.Value:
        """A day, a time in UTC, or a time without a zone."""
        if value.type().is_date():
            return self._number(f"TRY_MULTIPLY(CAST(UNIX_DATE({{0}}) AS BIGINT), {DAY})", value)
        return self._number("UNIX_MICROS(CAST({0} AS TIMESTAMP))", value)


class Compiler(NativeSql, PySparkCompiler):  # type: ignore[misc]  # Ibis has no types
    """Spark works out a costly column once when it is used more than once, so no step needs to be apart."""

    keeps_apart = ""

    def visit_Field(self, op: Any, *, rel: Any, name: str) -> Any:
        """As every engine does: what Ibis asks here of its options is known when it has connected itself."""
        return SQLGlotCompiler.visit_Field(self, op, rel=rel, name=name)


SCHEMES = ("sc", "spark")
EXTRA = "spark"
DIALECT = SparkDialect()
COMPILER = Compiler()
