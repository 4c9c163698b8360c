"""Snowflake. Compiled, not run here: its SQL is held in tests/snapshots/sql/snowflake.

Its patterns are extended POSIX ones, with groups that all hold something and no `\\x`:
https://docs.snowflake.com/en/sql-reference/functions-regexp
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, cast
from urllib.parse import parse_qs, unquote, urlsplit

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends.sql.compilers.snowflake import SnowflakeCompiler

from tercera.model import Period
from tercera.notation.dates import DateFormat
from tercera.relational.connection import STREAMED, Address
from tercera.relational.engines._counted import DAY, MONEY, NOTHING_ELSE, NUMBER, CountedDialect
from tercera.relational.engines._warehouse import Warehouse, explained, fetched
from tercera.relational.expressions.native import NativeSql, native
from tercera.relational.expressions.patterns import Flavour, portable
from tercera.relational.expressions.pieces import Piece

_DATE = "DATEADD('day', {0}, TO_DATE('1970-01-01'))"
_FLAVOUR = Flavour(
    start="^", end="$", boundary=r"\b", no_boundary=r"\B", looks_around=False, refers_back=False
)
_WRITTEN = re.compile(r"\\x([0-9a-f]{2})")
_GROUP = re.compile(r"(?<!\\)\((?!\?)")


class SnowflakeDialect(CountedDialect):
    """See the module."""

    matches = "REGEXP_INSTR({0}, {1}) > 0"
    extracted = "REGEXP_SUBSTR({0}, {1}, 1, 1, 'e', 1)"
    octets = "OCTET_LENGTH({0})"
    as_text = "TO_VARCHAR({0})"
    whole = "TRY_TO_NUMBER({0})"
    days = "DATEDIFF('day', TO_DATE('1970-01-01'), TRY_TO_DATE({0}, 'YYYY-MM-DD'))"
    quotient = f"TRUNC(({{0}}) / {DAY})"
    firsts: ClassVar = {
        Period.DAY: _DATE,
        Period.WEEK: f"DATEADD('day', 1 - DAYOFWEEKISO({_DATE}), {_DATE})",
        Period.MONTH: f"DATE_TRUNC('MONTH', {_DATE})",
        Period.QUARTER: f"DATE_TRUNC('QUARTER', {_DATE})",
        Period.YEAR: f"DATE_TRUNC('YEAR', {_DATE})",
    }

    def contains(self, text: ir.StringValue, pattern: str) -> ir.BooleanValue:
        """REGEXP_LIKE asks of the whole text, REGEXP_INSTR of any part."""
        return self._truth(self.matches, text, _extended(portable(pattern, _FLAVOUR)))

    def packed(self, texts: Sequence[ir.StringValue]) -> ir.StringValue:
        """Null in an array would be undefined, which is no JSON."""
        each = ", ".join(
            f"COALESCE(TO_VARIANT({{{place}}}), PARSE_JSON('null'))" for place in range(len(texts))
        )
        return self._text(f"TO_JSON(ARRAY_CONSTRUCT({each}))", *texts)

    def slot(self, text: ir.StringValue) -> ir.IntegerValue:
        """Of a hash."""
        return self._number("MOD(ABS(HASH({0})), 1024)", text)

    def number_text(self, number: ir.FloatingValue) -> ir.StringValue:
        """Not-a-number is equal to itself here."""
        return self._text(
            "CASE WHEN {0} = 'NaN'::FLOAT OR ABS({0}) = 'inf'::FLOAT THEN NULL"
            " WHEN {0} = FLOOR({0}) AND ABS({0}) < 1e37 THEN TO_VARCHAR(CAST({0} AS NUMBER(38, 0)))"
            " ELSE TO_VARCHAR({0}) END",
            number,
        )

    def money(self, written: ir.Value) -> ir.NumericValue:
        """ROUND takes a tie to the even one when it is told to."""
        if written.type().is_string():
            fine = native(
                "TRY_TO_DECIMAL(IFF(REGEXP_INSTR({0}, {1}) > 0, REGEXP_SUBSTR({0}, {2}), NULL), 38, 18)",
                *(written, NOTHING_ELSE, NUMBER),
                kind=dt.Decimal(38, 18),
            )
        else:
            fine = native("CAST({0} AS NUMBER(38, 18))", written, kind=dt.Decimal(38, 18))
        told = "IFF(ABS({0}) < 100000000000000, CAST(ROUND({0}, 4, 'HALF_TO_EVEN') AS NUMBER(18, 4)), NULL)"
        return cast("ir.NumericValue", native(told, fine, kind=MONEY))

    def fits(self, text: ir.StringValue, form: DateFormat, moment: ir.Value | None = None) -> ir.BooleanValue:
        """By a pattern that knows the length of every month."""
        return self.contains(text, f"^({form.strict_pattern})$")

    def stored(self, value: ir.Value) -> ir.Value:
        """A day, a time without a zone, or an instant."""
        kind = value.type()
        if kind.is_date():
            return self._number(f"DATEDIFF('day', TO_DATE('1970-01-01'), {{0}}) * {DAY}", value)
        return self._number("DATE_PART(EPOCH_MICROSECOND, {0})", value)

    def _piece(self, text: ir.StringValue, piece: Piece) -> ir.StringValue:
        """The group that is asked for, among those that the pattern has now."""
        if piece.start is not None:
            return super()._piece(text, piece)
        found = _GROUP.search(piece.pattern)
        assert found
        number = piece.pattern[: found.start()].count("(?:") + 1
        return self._text(f"REGEXP_SUBSTR({{0}}, {{1}}, 1, 1, 'e', {number})", text, _extended(piece.pattern))


def _extended(pattern: str) -> str:
    """A pattern in Snowflake's words."""
    return _WRITTEN.sub(lambda found: chr(int(found[1], 16)), pattern).replace("(?:", "(")


class Compiler(NativeSql, SnowflakeCompiler):  # type: ignore[misc]  # Ibis has no types
    """Snowflake works out a column of a subquery once."""

    keeps_apart = ""


SCHEMES = ("snowflake",)
EXTRA = "snowflake"
RUNS_HERE = False
DIALECT = SnowflakeDialect()
COMPILER = Compiler()

_TYPES: dict[str, dt.DataType] = {
    "FIXED": dt.Decimal(38, 9),
    "REAL": dt.float64,
    "DATE": dt.date,
    "TIMESTAMP_NTZ": dt.Timestamp(),
    "TIMESTAMP_LTZ": dt.Timestamp("UTC"),
    "TIMESTAMP_TZ": dt.Timestamp("UTC"),
    "BOOLEAN": dt.boolean,
    "BINARY": dt.binary,
    "TIME": dt.time,
}


def connect(address: Address) -> Warehouse:
    """`snowflake://user:password@account/database/schema?warehouse=…&role=…`."""
    import snowflake.connector
    from snowflake.connector.constants import FIELD_ID_TO_NAME

    parts = urlsplit(address.uri)
    database, _, schema = parts.path.strip("/").partition("/")
    more = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    with explained(address):
        made = snowflake.connector.connect(
            account=parts.hostname,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=unquote(database) or None,
            schema=unquote(schema) or None,
            login_timeout=round(address.timeout),
            session_parameters={
                "TIMEZONE": "UTC", "STATEMENT_TIMEOUT_IN_SECONDS": round(address.patience),
            },
            **more,
        )  # fmt: skip

    def columns(asked: str) -> dict[str, dt.DataType]:
        cursor: Any = made.cursor()
        told = cursor.describe(asked)
        return {each.name: _type(FIELD_ID_TO_NAME[each.type_code], each.scale) for each in told}

    return Warehouse(address, lambda asked: fetched(made.cursor(), asked, STREAMED), columns, made.close)


def _type(name: str, scale: int | None) -> dt.DataType:
    return dt.int64 if name == "FIXED" and not scale else _TYPES.get(name, dt.string)
