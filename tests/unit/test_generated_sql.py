"""What engines are asked that do not run here: their SQL is kept, is SQL to who knows the engine, and reads
whatever comes from a row by functions that give null where others fail.

With TERCERA_WRITE_SNAPSHOTS=1 the files in tests/snapshots/sql are written anew.
"""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path

import ibis
import pytest
import sqlglot

from tercera.fields import OrderFields
from tercera.model import CUSTOMER, Counting, Match, Period
from tercera.orders import Scope
from tercera.relational import engines
from tercera.relational.databases.whole import whole
from tercera.relational.expressions.cells import Columns
from tercera.relational.expressions.native import compiled
from tercera.relational.expressions.tally import Question

NOT_RUN = ("bigquery", "clickhouse", "snowflake", "trino")
FAILING = {
    "bigquery": r"PARSE_|(?<!SAFE_)CAST\(\(?SUBSTR|(?<!SAFE_)CAST\((?!NULL)[^()]* AS (DATE|INT64)\)",
    "clickhouse": r"\b(toInt64|toDate32|toDecimal128|toDateTime)\(\(?(substring|extract|concat)",
    "snowflake": r"(?<!TRY_)TO_(DATE|NUMBER|DECIMAL|TIMESTAMP)\(\(?(SUBSTR|REGEXP|CONCAT)",
    "trino": r"(?<!TRY_)CAST\(\(?(SUBSTR|regexp_extract|CONCAT)|date_parse|from_iso8601",
}
"""Reading a text in a way that fails where it can't be read."""

SNAPSHOTS = Path(__file__).parent.parent / "snapshots" / "sql"
FIELDS = {"order_id": "string", "customer_id": "string", "status": "string", "amount": "string"}
SWEEP = Question(
    OrderFields(amount="amount", valid={"customer_id": r"^\w+_\d+$"}, formats=("%Y-%m-%d",)),
    Counting((Match("status", ("returned", "cancelled")),), CUSTOMER, Period.MONTH, "UTC", evidence=5),
    Scope(date(2023, 6, 1), date(2023, 7, 1), 3),
)
STORED = Question(
    OrderFields(timezone="America/Bogota", timestamps="local"),
    Counting((Match("status", ("devuelto",), True),), CUSTOMER, Period.WEEK, "Europe/Madrid", evidence=0),
    Scope(date(2023, 6, 5), date(2023, 6, 12), 3, None, False),
)
QUESTIONS = {"text_dates": (SWEEP, "string"), "stored_times": (STORED, "timestamp")}


def test_a_question_that_is_asked_again_is_written_once() -> None:
    """Built anew it has the same text; a type, a limit or a value more makes another of it."""
    table = ibis.table({"id": "string", "at": "timestamp"}, name="orders")
    compiler = engines.load("trino").COMPILER

    def asked(table: ibis.Table, limit: int, value: object) -> str:
        return compiled(compiler, table.mutate(one=ibis.literal(value)).limit(limit))

    first = asked(table, 1, 1)
    assert asked(ibis.table(dict(table.schema()), name="orders"), 1, 1) is first
    others = {asked(table, 1, True), asked(table, 2, 1), asked(table, 1, 1.0), asked(table, 1, "1")}
    assert len(others | {first}) == 5


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("engine", NOT_RUN)
def test_what_is_asked_is_kept(engine: str, name: str) -> None:
    """A change of it is seen in review; it parses; nothing in it fails of a text that can't be read."""
    module = engines.load(engine)
    question, kind = QUESTIONS[name]
    table = ibis.table({**FIELDS, "placed_at": kind}, name="orders")
    statement = compiled(
        module.COMPILER,
        whole(Columns(table, module.DIALECT), module.DIALECT, question, ("order_id", "status")),
    )
    assert sqlglot.parse_one(statement, read=engine).find(sqlglot.exp.Select)
    assert not re.search(FAILING[engine], statement)
    assert not module.RUNS_HERE
    kept = SNAPSHOTS / engine / f"{name}.sql"
    written = _lines(statement).encode()
    if os.environ.get("TERCERA_WRITE_SNAPSHOTS"):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(written)
    assert written == kept.read_bytes()


def _lines(statement: str) -> str:
    """A step of the statement a line, its columns below."""
    text = re.sub(r" (FROM|WHERE|GROUP BY|ORDER BY|UNION ALL|WITH) ", r"\n\1 ", statement)
    return re.sub(r", (?=[\"`(]?[^\s]+ AS |\(CASE|CASE )", ",\n    ", text) + "\n"
