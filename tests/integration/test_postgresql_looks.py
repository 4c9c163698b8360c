"""What a look at some customers reads of a PostgreSQL table, whatever its planner believes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from tercera.fields import OrderFields
from tercera.indexes.costs import Cost
from tercera.model import CUSTOMER, Counting, Match, Pair, Period, SubjectId, WindowId
from tercera.orders import Scope
from tercera.relational.connection import Address, Place
from tercera.relational.databases.session import Session, Tables
from tercera.relational.engines import load
from tercera.relational.expressions.tally import Question
from tercera.relational.indexing.postgres import open_table
from tests.servers.postgresql import connection, empty_database

ROWS, DAYS = 20_000, 5_844
MONTH = Counting((Match("status", ("returned",)),), CUSTOMER, Period.MONTH, "UTC")
ORDERS = Place("orders", "orders")
BOTH = ("(customer_id, placed_at)", "(placed_at)")


@pytest.fixture(params=["text", "varchar(20)", "char(12)"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Sixteen years of 1,250 orders, in no order, and one whose date is a word: it sorts behind all."""
    with empty_database() as uri:
        with connection(uri) as made:
            made.execute(
                "CREATE TABLE orders (order_id text, customer_id text, status text, "
                f"placed_at {request.param})".encode()
            )
            made.execute(
                "INSERT INTO orders SELECT 'o' || n, 'c' || n % 700, 'returned', "
                "CASE n WHEN 1 THEN 'yesterday' WHEN 701 THEN '2023-12-05' "
                f"ELSE (date '2008-01-01' + n * 11 % {DAYS})::text END "
                f"FROM generate_series(1, {ROWS}) n ORDER BY hashint4(n)".encode()
            )
        yield uri


def look(uri: str, *indexes: str) -> Cost | None:
    """What PostgreSQL reads for the newest month of three customers, when a table has these indexes."""
    address = Address(uri, Path(), 10, 60)
    with connection(uri) as made:
        for index in indexes:
            made.execute(f"CREATE INDEX ON orders {index}".encode())
        made.execute("VACUUM ANALYZE orders")
    names = ["c1", "c2", "c3"]
    pairs: set[Pair] = {(SubjectId(name), WindowId("2023-12")) for name in names}
    scope = Scope(date(2023, 12, 1), date(2024, 1, 1), at_least=0, pairs=pairs)
    fields, engine = OrderFields(formats=["%Y-%m-%d"]), load("postgres")
    with closing(engine.connect(address)) as connected, open_table(address, ORDERS) as table:
        session = Session(engine, connected, Tables(ORDERS, fields))
        return table.cost(session.statement(Question(fields, MONTH, scope), (), names), 10)


def test_the_orders_of_the_customers_are_read_and_no_others(database: str) -> None:
    """Not those of everybody in the month, which its statistics believe to be none: the last that they know
    of is a stretch from some day to `yesterday`."""
    cost = look(database, *BOTH)
    assert cost is not None
    assert 1 <= cost.keys <= 10
    assert cost.rows <= 10


def test_where_only_the_time_has_an_index_that_is_used(database: str) -> None:
    """What is kept from the planner does not make it read the whole table."""
    cost = look(database, "(placed_at)")
    assert cost is not None
    assert 50 < cost.keys < 150
