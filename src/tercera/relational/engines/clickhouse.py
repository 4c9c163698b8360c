"""ClickHouse 24 or newer. Compiled, not run here: its SQL is held in tests/snapshots/sql/clickhouse.

What can't be read is null by the functions `…OrNull`; a DateTime is an instant, so its clock is that of UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, cast
from urllib.parse import unquote, urlsplit

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends.sql.compilers.clickhouse import ClickHouseCompiler
from ibis.backends.sql.datatypes import ClickHouseType

from tercera.model import Period
from tercera.relational.connection import Address
from tercera.relational.engines._counted import DAY, MONEY, NOTHING_ELSE, NUMBER, CountedDialect
from tercera.relational.engines._warehouse import Warehouse, explained, known_type
from tercera.relational.expressions.native import NativeSql, native
from tercera.relational.expressions.patterns import RE2

_DATE = "addDays(toDate32('1970-01-01'), {0})"


class ClickHouseDialect(CountedDialect):
    """See the module."""

    flavour = RE2
    matches = "match({0}, {1})"
    extracted = "extract({0}, {1})"
    characters = "lengthUTF8({0})"
    octets = "length({0})"
    lower = "lowerUTF8({0})"
    as_text = "toString({0})"
    part = "substringUTF8({0}, {1}, {2})"
    padded = "rightPad({0}, 6, '0')"
    joined = "concat({0}, '-', {1}, '-', {2})"
    whole = "toInt64OrNull({0})"
    days = "toInt64(toInt32(toDate32OrNull({0})))"
    remainder = f"positiveModulo({{0}}, {DAY})"
    quotient = f"intDiv({{0}}, {DAY})"
    firsts: ClassVar = {
        Period.DAY: _DATE,
        Period.WEEK: f"toMonday({_DATE})",
        Period.MONTH: f"toStartOfMonth({_DATE})",
        Period.QUARTER: f"toStartOfQuarter({_DATE})",
        Period.YEAR: f"toStartOfYear({_DATE})",
    }

    def packed(self, texts: Sequence[ir.StringValue]) -> ir.StringValue:
        """An array keeps what is null."""
        places = ", ".join(f"{{{place}}}" for place in range(len(texts)))
        return self._text(f"toJSONString([{places}])", *texts)

    def slot(self, text: ir.StringValue) -> ir.IntegerValue:
        """Of a hash."""
        return self._number("toInt64(cityHash64({0}) % 1024)", text)

    def number_text(self, number: ir.FloatingValue) -> ir.StringValue:
        """ClickHouse writes the shortest text that is read as the same number."""
        return self._text(
            "multiIf(isNaN({0}) OR isInfinite({0}), NULL, {0} = floor({0}) AND abs({0}) < 1e37,"
            " toString(toInt128({0})), toString({0}))",
            number,
        )

    def money(self, written: ir.Value) -> ir.NumericValue:
        """A decimal rounds a tie to the even one by roundBankers."""
        if written.type().is_string():
            fine = native(
                "if(match({0}, {1}), toDecimal128OrNull(extract({0}, {2}), 18), NULL)",
                *(written, NOTHING_ELSE, f"({NUMBER.replace('(', '(?:')})"),
                kind=dt.Decimal(38, 18),
            )
        else:
            fine = native("toDecimal128OrNull(toString({0}), 18)", written, kind=dt.Decimal(38, 18))
        return cast(
            "ir.NumericValue",
            native(
                "if(abs({0}) < 100000000000000, toDecimal128OrNull(toString(roundBankers({0}, 4)), 4), NULL)",
                fine,
                kind=MONEY,
            ),
        )

    def stored(self, value: ir.Value) -> ir.Value:
        """A day, or an instant."""
        if value.type().is_date():
            return self._number(f"toInt64(toInt32(toDate32({{0}}))) * {DAY}", value)
        return self._number("toUnixTimestamp64Micro(toDateTime64({0}, 6, 'UTC'))", value)


class Compiler(NativeSql, ClickHouseCompiler):  # type: ignore[misc]  # Ibis has no types
    """ClickHouse works out an expression that stands in several places once."""

    keeps_apart = ""


SCHEMES = ("clickhouse",)
EXTRA = "clickhouse"
RUNS_HERE = False
DIALECT = ClickHouseDialect()
COMPILER = Compiler()


def connect(address: Address) -> Warehouse:
    """`clickhouse://user:password@host:8123/shop`, or `?secure=true` and port 8443."""
    import clickhouse_connect

    parts = urlsplit(address.uri)
    with explained(address):
        client = clickhouse_connect.get_client(
            host=parts.hostname or "localhost",
            port=parts.port or 0,
            username=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            database=unquote(parts.path.strip("/")) or "default",
            secure="secure=true" in parts.query,
            connect_timeout=max(1, round(address.timeout)),
            send_receive_timeout=round(address.patience),
            settings={
                "readonly": 2,
                "session_timezone": "UTC",
                "max_execution_time": round(address.patience),
                "enable_extended_results_for_datetime_functions": 1,  # windows before 1970
            },
        )

    def rows(statement: str) -> Iterator[tuple[Any, ...]]:
        with client.query_rows_stream(statement) as stream:
            for row in stream:
                yield tuple(row)

    def columns(asked: str) -> dict[str, dt.DataType]:
        described = client.query(f"DESCRIBE TABLE ({asked})").result_rows
        return {name: known_type(ClickHouseType, kind) for name, kind, *_ in described}

    return Warehouse(address, rows, columns, client.close)
