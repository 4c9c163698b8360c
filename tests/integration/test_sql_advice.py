"""What `tercera check` says of the indexes of tables, and what it makes of them, on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr

from tercera.indexes.advice import Asked, IndexCheck
from tercera.indexes.needs import Fit
from tercera.model import CUSTOMER, Counting, Match, Period
from tercera.orders import Scope
from tercera.sources.sql import Settings, open_source
from tests.servers import mariadb, postgresql

RETURNED = Counting((Match("status", ("returned",)),), CUSTOMER, Period.MONTH, "UTC")
SUMMER = Scope(date(2023, 6, 1), date(2023, 8, 1), at_least=3, totals=False)
ROWS, YEARS = 20_000, 2
NUMBERS = {
    "postgresql": f"generate_series(1, {ROWS}) n",
    "mysql": f"(SELECT seq AS n FROM seq_1_to_{ROWS}) numbers",
}
ORDERS = (
    "INSERT INTO orders SELECT CONCAT('o', n), CONCAT('c', MOD(n, 700)), 'returned', "
    "{since} + n * INTERVAL {step} FROM {numbers}"
)


@pytest.fixture(params=["postgresql", "mysql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of one with twenty thousand orders of two years, and a directory."""
    columns = "order_id varchar(40), customer_id varchar(40), status varchar(20), placed_at {}"
    table = f"CREATE TABLE orders ({columns})"
    directory = "CREATE TABLE customers (id varchar(40), name varchar(40), email varchar(40))"
    if request.param == "postgresql":
        with postgresql.empty_database() as uri, postgresql.connection(uri) as made:
            made.execute(table.format("timestamp").encode())
            made.execute(
                ORDERS.format(
                    since="timestamp '2022-01-01'", step="'53 minutes'", numbers=NUMBERS["postgresql"]
                ).encode()
            )
            made.execute(directory.encode())
            made.execute("VACUUM ANALYZE orders")
            yield uri
        return
    with mariadb.empty_database() as uri, mariadb.connection(uri) as server, server.cursor() as cursor:
        cursor.execute(table.format("datetime"))
        step = ORDERS.replace("n * INTERVAL {step}", "INTERVAL n * 53 MINUTE")
        cursor.execute(step.format(since="'2022-01-01'", numbers=NUMBERS["mysql"]))
        cursor.execute(directory)
        cursor.execute("ANALYZE TABLE orders")
        cursor.fetchall()
        yield uri


def advice(uri: str, *, fix: bool = False, live: bool = False, table: str = "orders") -> list[IndexCheck]:
    """Of one rule."""
    given = Settings(
        kind="sql",
        uri=SecretStr(uri),
        orders={"table": table, "order_id": "order_id"},
        customers={"table": "customers"},
    )
    with closing(open_source(given, "UTC", base=Path())) as source:
        asked = [Asked("r", RETURNED, SUMMER)]
        found = list(source.advise(asked, fix=fix, live=live, tell=lambda *_: None))
    assert all(isinstance(each, IndexCheck) for each in found)
    return [each for each in found if isinstance(each, IndexCheck)]


def test_a_sweep_and_a_look_are_told_before_and_after(database: str) -> None:
    """All rows without indexes; with what --fix creates no more than the watched months.

    MariaDB works a step that is used several times out each time, and so reads the orders as often.
    """
    sweep, look, directory = advice(database)
    assert (sweep.ok, look.ok, directory.ok) == (False, True, False)
    assert sweep.figures is not None
    assert sweep.figures.cost is not None
    times, rest = divmod(sweep.figures.cost.rows, ROWS)
    assert rest == 0
    assert times == 1 or (times > 1 and not database.startswith("postgresql"))
    assert sweep.figures.expected is not None
    assert 1_500 * times < sweep.figures.expected.rows < 2_000 * times
    assert look.figures is not None
    assert look.figures.cost is not None
    assert look.figures.cost.rows % ROWS == 0
    assert "CREATE INDEX" in sweep.remedy
    assert [each.ok for each in advice(database, live=True)] == [False, False, False]

    made = advice(database, fix=True, live=True)
    assert [(each.ok, each.index) for each in made] == [
        (True, "tercera_sweep"),
        (True, "tercera_live"),
        (True, "tercera_directory"),
    ]
    swept, looked = made[0].figures, made[1].figures
    assert swept is not None
    assert swept.before is not None
    assert swept.before.rows == ROWS * times
    assert swept.cost is not None
    assert 1_500 * times < swept.cost.rows < 2_000 * times
    assert looked is not None
    assert looked.cost is not None
    assert looked.cost.rows < 1_000 * times
    again = advice(database, fix=True, live=True)
    assert [(each.fit, each.remedy) for each in again] == [(Fit.COVERING, "")] * 3


def test_what_is_no_table_is_told_and_left(database: str) -> None:
    """The figures of a view are there; its indexes are those of its tables."""
    view = "CREATE VIEW seen AS SELECT * FROM orders"
    if database.startswith("postgresql"):
        with postgresql.connection(database) as made:
            made.execute(view.encode())
    else:
        with mariadb.connection(database) as server, server.cursor() as cursor:
            cursor.execute(view)
    sweep, look, _ = advice(database, fix=True, table="seen")
    assert (sweep.ok, look.ok, sweep.index, look.index) == (True, True, None, None)
    assert sweep.statement is None
    assert sweep.figures is not None
    assert sweep.figures.cost is not None
    assert sweep.figures.cost.rows % ROWS == 0
