"""Trino. Compiled, not run here: its SQL is held in tests/snapshots/sql/trino."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast
from urllib.parse import unquote, urlsplit

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends.sql.compilers.trino import TrinoCompiler
from ibis.backends.sql.datatypes import TrinoType

from tercera.model import Period
from tercera.orders import SAMPLE_LENGTH
from tercera.relational.connection import STREAMED, Address
from tercera.relational.engines._counted import DAY, MONEY, NOTHING_ELSE, NUMBER, CountedDialect
from tercera.relational.engines._warehouse import Warehouse, explained, fetched, known_type
from tercera.relational.expressions.native import NativeSql, native

_DATE = "date_add('day', {0}, DATE '1970-01-01')"
_SINCE = "date_diff('day', DATE '1970-01-01', {0})"
_CLOCK = (
    f"date_diff('day', DATE '1970-01-01', CAST({{0}} AS DATE)) * {DAY}"
    " + (hour({0}) * 3600 + minute({0}) * 60 + second({0})) * 1000000"
    " + CAST(date_format({0}, '%f') AS BIGINT)"
)


class TrinoDialect(CountedDialect):
    """See the module."""

    matches = "regexp_like({0}, {1})"
    extracted = "regexp_extract({0}, {1}, 1)"
    characters = "length({0})"
    octets = "length(to_utf8({0}))"
    as_text = "CAST({0} AS VARCHAR)"
    padded = "rpad({0}, 6, '0')"
    whole = "TRY_CAST({0} AS BIGINT)"
    days = _SINCE.replace("{0}", "TRY_CAST({0} AS DATE)")
    quotient = f"({{0}}) / {DAY}"
    firsts: ClassVar = {
        Period.DAY: _DATE,
        Period.WEEK: f"date_trunc('week', {_DATE})",
        Period.MONTH: f"date_trunc('month', {_DATE})",
        Period.QUARTER: f"date_trunc('quarter', {_DATE})",
        Period.YEAR: f"date_trunc('year', {_DATE})",
    }

    def shown(self, value: ir.Value) -> ir.StringValue:
        """What holds more than one value has a text as JSON."""
        if value.type().is_nested():
            value = self._text("json_format(CAST({0} AS JSON))", value)
        return self._text(f"SUBSTR(CAST({{0}} AS VARCHAR), 1, {SAMPLE_LENGTH})", value)

    def packed(self, texts: Sequence[ir.StringValue]) -> ir.StringValue:
        """An array keeps what is null."""
        places = ", ".join(f"{{{place}}}" for place in range(len(texts)))
        return self._text(f"json_format(CAST(ARRAY[{places}] AS JSON))", *texts)

    def slot(self, text: ir.StringValue) -> ir.IntegerValue:
        """Of a checksum."""
        return self._number("crc32(to_utf8({0})) % 1024", text)

    def number_text(self, number: ir.FloatingValue) -> ir.StringValue:
        """Trino writes 1.5E0; Java's format does not."""
        return self._text(
            "CASE WHEN is_nan({0}) OR is_infinite({0}) THEN NULL"
            " WHEN {0} = floor({0}) AND abs({0}) < 1e37 THEN CAST(CAST({0} AS DECIMAL(38, 0)) AS VARCHAR)"
            " ELSE format('%s', {0}) END",
            number,
        )

    def money(self, written: ir.Value) -> ir.NumericValue:
        """A decimal rounds a tie away from zero; half of it is rounded, and doubled."""
        if written.type().is_string():
            written = self._text(
                "CASE WHEN regexp_like({0}, {1}) THEN regexp_extract({0}, {2}) END",
                *(written, NOTHING_ELSE, NUMBER),
            )
        fine = native("TRY_CAST({0} AS DECIMAL(38, 18))", written, kind=dt.Decimal(38, 18))
        told = (
            "CASE WHEN abs({0}) >= 100000000000000 THEN NULL"
            " WHEN abs({0} - CAST({0} AS DECIMAL(38, 4))) = 0.00005"
            " THEN CAST(2 * CAST({0} / 2 AS DECIMAL(38, 4)) AS DECIMAL(18, 4))"
            " ELSE CAST({0} AS DECIMAL(18, 4)) END"
        )
        return cast("ir.NumericValue", native(told, fine, kind=MONEY))

    def stored(self, value: ir.Value) -> ir.Value:
        """A day, a time without a zone, or an instant."""
        kind = value.type()
        if kind.is_date():
            return self._number(f"{_SINCE} * {DAY}", value)
        return self._number(
            _CLOCK.replace("{0}", "({0} AT TIME ZONE 'UTC')") if kind.timezone else _CLOCK, value
        )


class Compiler(NativeSql, TrinoCompiler):  # type: ignore[misc]  # Ibis has no types
    """Trino works out a column of a subquery once."""

    keeps_apart = ""


SCHEMES = ("trino",)
EXTRA = "trino"
RUNS_HERE = False
DIALECT = TrinoDialect()
COMPILER = Compiler()


def connect(address: Address) -> Warehouse:
    """`trino://user@host:8080/catalog/schema`; with a password, or `?https=true`, encrypted."""
    import trino

    parts = urlsplit(address.uri)
    catalog, _, schema = parts.path.strip("/").partition("/")
    user = unquote(parts.username or "tercera")
    with explained(address):
        made = trino.dbapi.connect(
            host=parts.hostname or "localhost",
            port=parts.port or 8080,
            user=user,
            auth=trino.auth.BasicAuthentication(user, unquote(parts.password)) if parts.password else None,
            http_scheme="https" if parts.password or "https=true" in parts.query else "http",
            catalog=unquote(catalog) or None,
            schema=unquote(schema) or None,
            timezone="UTC",
            request_timeout=address.timeout,
            session_properties={"query_max_run_time": f"{address.patience:.0f}s"},
        )

    def columns(asked: str) -> dict[str, dt.DataType]:
        cursor: Any = made.cursor()
        cursor.execute(f"SELECT * FROM ({asked}) LIMIT 0")  # noqa: S608 - the user's own query
        cursor.fetchall()
        return {each[0]: known_type(TrinoType, each[1]) for each in cursor.description}

    return Warehouse(address, lambda asked: fetched(made.cursor(), asked, STREAMED), columns, made.close)
