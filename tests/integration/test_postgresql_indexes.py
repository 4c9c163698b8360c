"""Indexes of a real PostgreSQL: what there is, what a statement costs, how one is created."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tercera.indexes.needs import Fit, Index, Need, Proposal, Purpose, advise
from tercera.relational.connection import Address, Place
from tercera.relational.indexing import RefusedError
from tercera.relational.indexing.postgres import INVALID, PostgresTable, open_table
from tests.servers.postgresql import connection, empty_database

SWEEP = Need(Purpose.SWEEP, ("placed_at",))
LIVE = Need(Purpose.LIVE, ("customer_id", "placed_at"), equality=1)
ROWS = 20_000
MONTH = (
    "SELECT status, COUNT(*) FROM orders "
    "WHERE placed_at >= '2023-06-01' AND placed_at < '2023-07-01' GROUP BY 1"
)


@pytest.fixture
def database() -> Iterator[str]:
    """The address of one with twenty thousand orders of two years."""
    with empty_database() as uri:
        with connection(uri) as made:
            made.execute(
                "CREATE TABLE orders (order_id text, customer_id text, status text, placed_at timestamptz)"
            )
            made.execute(
                "INSERT INTO orders SELECT 'o' || n, 'c' || n % 700, 'returned', "
                f"timestamptz '2022-01-01' + n * interval '2 years' / {ROWS} "
                f"FROM generate_series(1, {ROWS}) n"
            )
            made.execute("VACUUM ANALYZE orders")
        yield uri


@pytest.fixture
def table(database: str) -> Iterator[PostgresTable]:
    """The orders, by who may create indexes."""
    with open_table(Address(database, Path()), Place("orders", "orders")) as opened:
        yield opened


def nothing(*_: int | None) -> None:
    """Hears of no progress."""


def test_a_statement_costs_what_postgresql_read_for_it(table: PostgresTable) -> None:
    """Every row without an index, the month's with one; the index is created while others write."""
    before = table.cost(MONTH, 10)
    assert before is not None
    assert (before.rows, before.keys, before.unfinished) == (ROWS, 0, False)
    assert table.stored() == ROWS
    [advice] = advise(table.indexes(SWEEP), [SWEEP])
    assert advice.proposal is not None
    assert (
        table.statement(advice.proposal)
        == 'CREATE INDEX CONCURRENTLY "tercera_sweep" ON "orders" ("placed_at")'
    )
    table.create(advice.proposal, nothing)
    after = table.cost(MONTH, 10)
    assert after is not None
    assert 800 < after.keys < 850
    assert after.rows == after.keys
    assert (after.seconds or 1) < (before.seconds or 0)
    assert (table.size("tercera_sweep") or 0) > 100_000
    [again] = advise(table.indexes(SWEEP), [SWEEP])
    assert (again.fit, again.index and again.index.name, again.proposal) == (
        Fit.COVERING,
        "tercera_sweep",
        None,
    )


@pytest.mark.parametrize(
    ("created", "need", "fit"),
    [
        ("CREATE INDEX own ON orders (placed_at DESC)", SWEEP, Fit.COVERING),
        ("CREATE INDEX own ON orders USING brin (placed_at)", SWEEP, Fit.COVERING),
        ("CREATE INDEX own ON orders (placed_at) WHERE status = 'returned'", SWEEP, Fit.NONE),
        ("CREATE INDEX own ON orders (date_trunc('day', placed_at, 'UTC'))", SWEEP, Fit.NONE),
        ("CREATE INDEX own ON orders (customer_id, placed_at DESC) INCLUDE (status)", LIVE, Fit.COVERING),
        ("CREATE INDEX own ON orders (customer_id) INCLUDE (placed_at)", LIVE, Fit.PARTLY),
        ('CREATE INDEX own ON orders (customer_id COLLATE "C", placed_at)', LIVE, Fit.NONE),
        ("CREATE INDEX own ON orders USING hash (customer_id)", LIVE, Fit.NONE),
        ("CREATE UNIQUE INDEX own ON orders (customer_id, placed_at, order_id)", LIVE, Fit.COVERING),
    ],
)
def test_what_there_is_is_judged_by_what_it_can_do(
    database: str, table: PostgresTable, created: str, need: Need, fit: Fit
) -> None:
    """Descending, wider and of ranges serve; partial, computed, of another collation or kind do not."""
    with connection(database) as made:
        made.execute(created.encode())
    [advice] = advise(table.indexes(need), [need])
    assert (advice.fit, bool(advice.proposal)) == (fit, fit is not Fit.COVERING)


def test_what_an_interrupted_creation_left_is_replaced(database: str, table: PostgresTable) -> None:
    """It is invalid and serves nothing; that of somebody else is named, and stays."""
    with connection(database) as made:
        made.execute("INSERT INTO orders VALUES ('o1', 'c1', 'returned', now())")
        for name in ("tercera_sweep", "theirs"):
            with pytest.raises(psycopg.errors.UniqueViolation):
                made.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON orders (order_id)".encode())
        made.execute("UPDATE pg_index SET indkey = '4' WHERE indexrelid = 'theirs'::regclass")
    [advice] = advise(table.indexes(SWEEP), [SWEEP])
    assert advice.proposal == Proposal("tercera_sweep", ("placed_at",))
    assert advice.passed_over == (Index("theirs", ("placed_at",), INVALID, 1),)
    table.create(advice.proposal, nothing)
    with connection(database) as made:
        found = made.execute(
            "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid ORDER BY 1"
        ).fetchall()
    assert [row for row in found if row[0] in ("tercera_sweep", "theirs")] == [
        ("tercera_sweep", True),
        ("theirs", False),
    ]


def test_who_may_not_is_told_who_may(database: str) -> None:
    """A user that only reads sees what it costs, and is refused in the server's words."""
    with connection(database) as made:
        made.execute("CREATE ROLE looks LOGIN PASSWORD 'pass'")
        made.execute("GRANT SELECT ON orders TO looks")
    uri = make_url(database).set(username="looks", password="pass").render_as_string(hide_password=False)
    try:
        with open_table(Address(uri, Path()), Place("orders", "orders")) as table:
            assert table.cost(MONTH, 10)
            with pytest.raises(RefusedError, match="must be owner of table orders") as caught:
                table.create(Proposal("tercera_sweep", ("placed_at",)), nothing)
            assert "the table's owner" in caught.value.remedy
    finally:
        with connection(database) as made:
            made.execute("DROP OWNED BY looks")
            made.execute("DROP ROLE looks")


def test_a_statement_that_takes_too_long_is_stopped(table: PostgresTable) -> None:
    """What it would have read is told from the plan."""
    cost = table.cost("SELECT COUNT(*) FROM orders, generate_series(1, 100000000) n", 0.05)
    assert cost is not None
    assert (cost.unfinished, cost.rows) == (True, ROWS)


def test_views_have_no_indexes_and_partitions_are_left_to_people(database: str) -> None:
    """A view is made of tables; the index of a partitioned table would lock out who writes."""
    with connection(database) as made:
        made.execute("CREATE VIEW seen AS SELECT * FROM orders")
        made.execute(
            "CREATE TABLE parts (order_id text, placed_at timestamptz) PARTITION BY RANGE (placed_at)"
        )
    with open_table(Address(database, Path()), Place("orders", "seen")) as table:
        assert not table.is_table
    with open_table(Address(database, Path()), Place("orders", "parts")) as table:
        assert table.is_table
        proposal = Proposal("tercera_sweep", ("placed_at",))
        assert table.statement(proposal) == 'CREATE INDEX "tercera_sweep" ON "parts" ("placed_at")'
        with pytest.raises(RefusedError, match="partitioned"):
            table.create(proposal, nothing)


def test_progress_is_told_while_it_is_created(database: str, table: PostgresTable) -> None:
    """Creation waits for an older transaction, and says that it is under way."""
    heard, told = threading.Event(), []
    with psycopg.connect(database.replace("+psycopg", "")) as older:
        older.execute("LOCK TABLE orders IN ROW EXCLUSIVE MODE")

        def tell(done: int | None, total: int | None) -> None:
            told.append((done, total))
            heard.set()

        making = threading.Thread(target=table.create, args=(Proposal("tercera_sweep", ("placed_at",)), tell))
        making.start()
        assert heard.wait(60)
        older.rollback()
        making.join(60)
    assert told
    assert table.size("tercera_sweep")
