"""What only MySQL and MariaDB have: columns of instants that are shown by the clock of whoever asks."""

from __future__ import annotations

from pydantic import SecretStr

from tercera.model import CUSTOMER, Counting, Match, Period, WindowId
from tercera.orders import Scope
from tercera.relational.settings import OrderTable
from tercera.sources.sql import Settings, open_source
from tests.servers import mariadb

COUNTING = Counting((Match("status", ("returned",)),), CUSTOMER, Period.MONTH, "America/Bogota", evidence=5)


def test_a_timestamp_is_an_instant() -> None:
    """Whatever the zone of the server and of whoever wrote it: half past three in UTC on the first of July is
    still June in Bogota, half past five is July."""
    uri = mariadb.shared_database()
    with mariadb.connection(uri) as made, made.cursor() as cursor:
        cursor.execute("SET time_zone = '+05:30'")
        cursor.execute(
            "CREATE OR REPLACE TABLE stamped (order_id TEXT, customer_id TEXT, status TEXT,"
            " placed_at TIMESTAMP(6) NULL)"
        )
        cursor.executemany(
            "INSERT INTO stamped VALUES (%s, 'c1', 'returned', %s)",
            [("o1", "2023-07-01 09:00:00"), ("o2", "2023-07-01 11:00:00")],  # 03:30 and 05:30 in UTC
        )
    settings = Settings(kind="sql", uri=SecretStr(uri), orders=OrderTable(table="stamped"))
    source = open_source(settings, "America/Bogota")
    try:
        tallies = {tally.window: tally for tally in source.tally(COUNTING, Scope())}
    finally:
        source.close()
    assert {window: [one.order_id for one in tally.evidence] for window, tally in tallies.items()} == {
        "2023-06": ["o1"],
        "2023-07": ["o2"],
    }
    assert str(tallies[WindowId("2023-06")].first_at) == "2023-06-30 22:30:00-05:00"
