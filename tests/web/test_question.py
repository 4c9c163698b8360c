"""The query behind an alert, run by hand, gives the alert's numbers."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import duckdb
from bson import Decimal128, Int64, ObjectId, json_util
from playwright.sync_api import Browser

from tercera.model import Counting, Match, Period, SubjectId
from tercera.mongo.shell import written
from tercera.orders import Scope
from tercera.sources.mongodb import Settings, open_source
from tercera.sources.sql import Settings as SqlSettings
from tercera.sources.sql import open_source as open_sql
from tercera.windows import parse_window
from tests.servers.dashboard import Dashboard
from tests.servers.mongod import empty_database as empty_mongodb
from tests.servers.mongod import mongod_uri
from tests.servers.postgresql import connection, empty_database

JUNE = parse_window("2023-06", Period.MONTH)
JUNE_DAYS = (date(2023, 6, 1), date(2023, 6, 2), date(2023, 6, 30))
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")  # pasted into a shell, these are keys
HOSTILE = 'a"}]);db.dropDatabase();//\u2028\\ </script>$$ROOT'
SHELL = """text => {
  const asked = {};
  const ISODate = text => ({$date: text}), ObjectId = id => ({$oid: id}), Long = n => ({$numberLong: n});
  const Decimal128 = n => ({$numberDecimal: n}), EJSON = {parse: JSON.parse};
  const Double = n => ({$numberDouble: String(n)});
  const db = {getCollection: name => ({aggregate: (pipeline, options) => ({name, pipeline, options})})};
  const spelt = (_, v) => typeof v === "number" && !isFinite(v) ? {$numberDouble: String(v)} : v;
  return JSON.stringify(eval(text), spelt);
}"""
"""What the shell's words mean, in a browser."""


def _read(browser: Browser, text: str) -> Any:
    """A text of the shell, read by a real engine of its language."""
    page = browser.new_page()
    try:
        return json_util.loads(page.evaluate(SHELL, text), json_options=json_util.JSONOptions(tz_aware=True))
    finally:
        page.close()


def test_every_kind_of_value(browser: Browser) -> None:
    """Comes back as what it was, and stays in its place."""
    values = {
        "text": HOSTILE,
        "moment": datetime(2023, 6, 1, 5, 30, 1, 250_000, tzinfo=UTC),
        "numbers": [1, -7, 2**40, Int64(5), 1.5, float("inf")],
        "money": Decimal128("12.50"),
        "id": ObjectId("64b8f0f0f0f0f0f0f0f0f0f0"),
        "nothing": None,
        "really": True,
        "__proto__": {"$in": ["a b"]},
        HOSTILE: {},
    }
    assert _read(browser, f"({written(values)})") == values


def test_of_mongodb(browser: Browser) -> None:
    """What a browser reads of it is a pipeline that counts this customer in this window, and nothing else."""
    with empty_mongodb() as database:
        orders = [
            {"order_id": f"o{day}", "customer_id": customer, "status": "returned", "amount": 5,
             "placed_at": datetime(2023, month, day, 12, tzinfo=UTC)}
            for customer in (HOSTILE, "another")
            for month, day in ((5, 30), (6, 1), (6, 2), (6, 30))
        ]  # fmt: skip
        database["or'ders"].insert_many(orders)
        settings = Settings.model_validate(
            {
                "kind": "mongodb",
                "uri": mongod_uri(),
                "database": database.name,
                "orders": {"collection": "or'ders", "amount": "amount"},
            }
        )
        source = open_source(settings, "America/Bogota")
        counting = Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "America/Bogota")
        text = source.question(counting, Scope(JUNE.start, JUNE.end, 0, {(SubjectId(HOSTILE), JUNE.id)}))
        source.close()
        asked = _read(browser, text)
        assert asked["name"] == "or'ders"
        (answer,) = database[asked["name"]].aggregate(asked["pipeline"], **asked["options"])
    assert (answer["_id"], answer["k"], answer["t"]["m"]) == (HOSTILE, 3, 3)
    assert [each["o"] for each in answer["t"]["v"]] == ["o1", "o2", "o30"]


def test_of_sql() -> None:
    """PostgreSQL alone, asked with the text, counts this customer; what stands in an id stays in it."""
    hostile = "x'; DROP TABLE orders;\t\r\x1b[2J -- FROM (\\"
    with empty_database() as address, connection(address) as shell:
        shell.execute("CREATE TABLE orders (order_id text, customer_id text, status text, placed_at date)")
        for customer, day in product((hostile, "another"), (date(2023, 5, 31), *JUNE_DAYS)):
            row = (f"o{day:%m%d}", customer, "returned" if day.day < 9 else "delivered", day)
            shell.execute("INSERT INTO orders VALUES (%s, %s, %s, %s)", row)
        place = {"kind": "sql", "uri": address, "orders": {"table": "orders"}}
        source = open_sql(SqlSettings.model_validate(place), "UTC")
        counting = Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "UTC")
        text = source.question(counting, Scope(JUNE.start, JUNE.end, 0, {(SubjectId(hostile), JUNE.id)}))
        source.close()
        assert not CONTROL.search(text)
        found = shell.execute(text.encode())
        names = [each.name for each in found.description or ()]
        numbers = dict(zip(names, found.fetchall()[0], strict=True))
    assert (numbers["subject"], numbers["matched"], numbers["orders"]) == (hostile, 2, 3)


def test_of_files(standing: Dashboard) -> None:
    """DuckDB alone, asked with the text, gives the numbers of the alert."""
    rule = standing.app.settings.rules[0]
    window = parse_window("2026-11", Period.MONTH)
    scope = Scope(window.start, window.end, 0, {(SubjectId("bruno_2"), window.id)})
    source: Any = standing.app.source
    with duckdb.connect() as shell:
        question = source.question(rule.counting, scope)
        found = shell.execute(question)
        names = [each[0] for each in found.description or ()]
        numbers = dict(zip(names, found.fetchall()[0], strict=True))
    assert (numbers["subject"], numbers["matched"], numbers["orders"]) == ("bruno_2", 12, 12)
    assert not CONTROL.search(question)
    assert numbers["amount"] == Decimal(192)
