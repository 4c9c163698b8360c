"""Indexes of a real MariaDB: what there is, what a statement costs, how one is created."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tercera.indexes.costs import Cost
from tercera.indexes.needs import HIDDEN, Fit, Index, Need, Proposal, Purpose, advise
from tercera.relational.connection import Address, Place
from tercera.relational.indexing import RefusedError
from tercera.relational.indexing.mysql import MySQLTable, open_table, read_cost
from tests.servers.mariadb import connection, empty_database

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
        run(
            uri,
            "CREATE TABLE orders (order_id varchar(50) PRIMARY KEY, customer_id text, status varchar(20), "
            "placed_at datetime)",
            "INSERT INTO orders SELECT CONCAT('o', seq), CONCAT('c', seq MOD 700), 'returned', "
            f"'2022-01-01' + INTERVAL seq * 52 MINUTE FROM seq_1_to_{ROWS}",
            "ANALYZE TABLE orders",
        )
        yield uri


def run(uri: str, *statements: str) -> None:
    """As the administrator."""
    with connection(uri) as made, made.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def table(database: str) -> Iterator[MySQLTable]:
    """The orders, by who may create indexes."""
    with open_table(Address(database, Path()), Place("orders", "orders")) as opened:
        yield opened


def nothing(*_: int | None) -> None:
    """Hears of no progress."""


def test_a_statement_costs_what_mariadb_read_for_it(table: MySQLTable) -> None:
    """Every row without an index, the month's with one, and only entries where it holds all that is asked."""
    before = table.cost(MONTH, 10)
    assert before is not None
    assert (before.rows, before.keys, before.estimated) == (ROWS, 0, False)
    assert table.stored() == pytest.approx(ROWS, rel=0.5)  # InnoDB guesses from a few pages
    [advice] = advise(table.indexes(SWEEP), [SWEEP])
    assert advice.proposal is not None
    created = "CREATE INDEX `tercera_sweep` ON `orders` (`placed_at`) ALGORITHM=INPLACE LOCK=NONE"
    assert table.statement(advice.proposal) == created
    table.create(advice.proposal, nothing)
    after = table.cost(MONTH, 10)
    assert after is not None
    assert (after.rows, after.keys) == (830, 830)
    assert (table.size("tercera_sweep") or 0) > 100_000
    [again] = advise(table.indexes(SWEEP), [SWEEP])
    assert (again.fit, again.index and again.index.name, again.proposal) == (
        Fit.COVERING,
        "tercera_sweep",
        None,
    )
    table.create(Proposal("wide", ("placed_at", "status")), nothing)
    covered = table.cost(MONTH, 10)
    assert covered is not None
    assert (covered.rows, covered.keys) == (0, 830)


def test_a_text_without_a_length_is_indexed_by_its_beginning(table: MySQLTable) -> None:
    """The server takes no other; the index serves."""
    [advice] = advise(table.indexes(LIVE), [LIVE])
    assert advice.proposal is not None
    assert "(`customer_id`(64), `placed_at`)" in table.statement(advice.proposal)
    table.create(advice.proposal, nothing)
    look = "SELECT COUNT(*) FROM orders WHERE customer_id IN ('c1', 'c2') AND placed_at >= '2023-06-01'"
    cost = table.cost(look, 10)
    assert cost is not None
    assert 0 < cost.rows < 40


def test_a_hidden_index_is_to_be_shown_again(database: str, table: MySQLTable) -> None:
    """MariaDB calls it ignored."""
    run(database, "CREATE INDEX away ON orders (placed_at) IGNORED")
    [advice] = advise(table.indexes(SWEEP), [SWEEP])
    assert advice.unhide == Index("away", ("placed_at",), HIDDEN)
    assert table.show(advice.unhide) == "ALTER TABLE `orders` ALTER INDEX `away` NOT IGNORED"


def test_who_may_not_is_told_what_it_takes(database: str) -> None:
    """A user that only reads sees what it costs, and is refused in the server's words."""
    run(database, "CREATE OR REPLACE USER looks IDENTIFIED BY 'pass'", "GRANT SELECT ON orders TO looks")
    uri = make_url(database).set(username="looks", password="pass").render_as_string(hide_password=False)
    try:
        with open_table(Address(uri, Path()), Place("orders", "orders")) as table:
            assert table.cost(MONTH, 10)
            with pytest.raises(RefusedError, match="INDEX command denied") as caught:
                table.create(Proposal("tercera_sweep", ("placed_at",)), nothing)
            assert "the right INDEX" in caught.value.remedy
    finally:
        run(database, "DROP USER looks")


def test_a_statement_that_takes_too_long_is_stopped(table: MySQLTable) -> None:
    """What it would have read is told from the server's own count of the rows."""
    cost = table.cost(
        "SELECT COUNT(*) FROM orders, seq_1_to_100000000 n WHERE n.seq % 7 = LENGTH(status)", 0.05
    )
    assert cost is not None
    assert cost.unfinished
    assert cost.rows == pytest.approx(ROWS, rel=0.5)


def test_a_view_has_no_indexes(database: str) -> None:
    """It is made of tables."""
    run(database, "CREATE VIEW seen AS SELECT * FROM orders")
    with open_table(Address(database, Path()), Place("orders", "seen")) as table:
        assert not table.is_table


def test_mysql_only_guesses() -> None:
    """After MySQL's description of EXPLAIN FORMAT=JSON: no such server was run."""
    plan = {
        "query_block": {
            "grouping_operation": {
                "table": {
                    "table_name": "orders",
                    "access_type": "range",
                    "key": "own",
                    "using_index": True,
                    "rows_examined_per_scan": 830,
                }
            }
        }
    }
    assert read_cost(plan) == Cost(0, 830, None, estimated=True)
