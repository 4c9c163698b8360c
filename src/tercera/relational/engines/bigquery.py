"""BigQuery. Compiled, not run here: its SQL is held in tests/snapshots/sql/bigquery."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, cast
from urllib.parse import unquote, urlsplit

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends.sql.compilers.bigquery import BigQueryCompiler
from ibis.backends.sql.datatypes import BigQueryType

from tercera.model import Period
from tercera.relational.connection import STREAMED, Address
from tercera.relational.engines._counted import DAY, MONEY, NOTHING_ELSE, NUMBER, CountedDialect
from tercera.relational.engines._warehouse import Warehouse, explained, known_type
from tercera.relational.expressions.native import NativeSql, native
from tercera.relational.expressions.patterns import RE2

_DATE = "DATE_FROM_UNIX_DATE({0})"


class BigQueryDialect(CountedDialect):
    """See the module."""

    flavour = RE2
    matches = "REGEXP_CONTAINS({0}, {1})"
    extracted = "REGEXP_EXTRACT({0}, {1})"
    characters = "CHAR_LENGTH({0})"
    octets = "BYTE_LENGTH({0})"
    as_text = "CAST({0} AS STRING)"
    whole = "SAFE_CAST({0} AS INT64)"
    days = "UNIX_DATE(SAFE_CAST({0} AS DATE))"
    quotient = f"DIV({{0}}, {DAY})"
    firsts: ClassVar = {
        Period.DAY: _DATE,
        Period.WEEK: f"DATE_TRUNC({_DATE}, ISOWEEK)",
        Period.MONTH: f"DATE_TRUNC({_DATE}, MONTH)",
        Period.QUARTER: f"DATE_TRUNC({_DATE}, QUARTER)",
        Period.YEAR: f"DATE_TRUNC({_DATE}, YEAR)",
    }

    def shown(self, value: ir.Value) -> ir.StringValue:
        """What holds more than one value has a text as JSON."""
        return super().shown(self._text("TO_JSON_STRING({0})", value) if value.type().is_nested() else value)

    def packed(self, texts: Sequence[ir.StringValue]) -> ir.StringValue:
        """An array that is not stored keeps what is null."""
        places = ", ".join(f"{{{place}}}" for place in range(len(texts)))
        return self._text(f"TO_JSON_STRING([{places}])", *texts)

    def slot(self, text: ir.StringValue) -> ir.IntegerValue:
        """Of a hash."""
        return self._number("FARM_FINGERPRINT({0}) & 1023", text)

    def number_text(self, number: ir.FloatingValue) -> ir.StringValue:
        """BigQuery writes the shortest text that is read as the same number."""
        return self._text(
            "CASE WHEN IS_NAN({0}) OR IS_INF({0}) THEN NULL"
            " WHEN {0} = FLOOR({0}) AND ABS({0}) < 1e37 THEN CAST(CAST({0} AS BIGNUMERIC) AS STRING)"
            " ELSE CAST({0} AS STRING) END",
            number,
        )

    def money(self, written: ir.Value) -> ir.NumericValue:
        """A BIGNUMERIC rounds a tie to the even one when it is told to."""
        if written.type().is_string():
            written = self._text(
                "IF(REGEXP_CONTAINS({0}, {1}), REGEXP_EXTRACT({0}, {2}), NULL)",
                *(written, NOTHING_ELSE, f"({NUMBER.replace('(', '(?:')})"),
            )
        fine = native("SAFE_CAST({0} AS BIGNUMERIC)", written, kind=dt.Decimal(76, 38))
        told = "IF(ABS({0}) < 100000000000000, CAST(ROUND({0}, 4, 'ROUND_HALF_EVEN') AS NUMERIC), NULL)"
        return cast("ir.NumericValue", native(told, fine, kind=MONEY))

    def stored(self, value: ir.Value) -> ir.Value:
        """A DATE, a DATETIME (a clock), or a TIMESTAMP (an instant)."""
        kind = value.type()
        if kind.is_date():
            return self._number(f"UNIX_DATE({{0}}) * {DAY}", value)
        return self._number("UNIX_MICROS({0})" if kind.timezone else "UNIX_MICROS(TIMESTAMP({0}))", value)


class Compiler(NativeSql, BigQueryCompiler):  # type: ignore[misc]  # Ibis has no types
    """BigQuery works out a column of a subquery once."""

    keeps_apart = ""


SCHEMES = ("bigquery",)
EXTRA = "bigquery"
RUNS_HERE = False
DIALECT = BigQueryDialect()
COMPILER = Compiler()


def connect(address: Address) -> Warehouse:
    """`bigquery://project/dataset`, with the credentials of the machine."""
    from google.cloud import bigquery

    parts = urlsplit(address.uri)
    dataset = unquote(parts.path.strip("/"))
    default = f"{parts.netloc}.{dataset}" if dataset else None
    with explained(address):
        client = bigquery.Client(
            project=parts.netloc, default_query_job_config=bigquery.QueryJobConfig(default_dataset=default)
        )

    def rows(statement: str) -> Iterator[tuple[Any, ...]]:
        job = client.query(statement, timeout=address.timeout)
        for row in job.result(page_size=STREAMED, timeout=address.patience):
            yield tuple(row.values())

    def columns(asked: str) -> dict[str, dt.DataType]:
        dry = client.query(asked, job_config=bigquery.QueryJobConfig(dry_run=True, default_dataset=default))
        return {field.name: known_type(BigQueryType, field.field_type) for field in dry.schema}

    return Warehouse(address, rows, columns, client.close, quote="`")
