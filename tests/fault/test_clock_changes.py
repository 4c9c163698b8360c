"""Every change of clocks from 2020 to 2030 in ten zones: orders in the hours around it count in the day and
the month that the zone's own clock shows, and windows begin and end where the days do.

`make fault` asks DuckDB for all ten zones (`full_clock_changes.py`), the tests here for the strangest three.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pymongo.database import Database

from tercera.model import Counting, Match, Period
from tercera.orders import Scope, Source
from tercera.sources import load
from tercera.windows import window_of
from tests.servers.mongod import mongod_uri

ZONES = (
    "Europe/Madrid",
    "Europe/London",
    "America/New_York",
    "America/Santiago",  # changes at midnight: some days have no 00:00
    "America/Asuncion",
    "America/Havana",
    "Africa/Casablanca",  # four changes in some years
    "Asia/Beirut",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Auckland",
)
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
AROUND = [timedelta(minutes=20 * step) for step in range(-9, 10)]
COUNTING = Counting((Match("status", ("returned",)),), "customer", Period.DAY, "UTC", evidence=0)


@lru_cache
def changes(zone: str) -> tuple[datetime, ...]:
    """The hours in which the zone's distance from UTC changes."""
    clock, hour = ZoneInfo(zone), timedelta(hours=1)
    hours = (FIRST + number * hour for number in range(int((LAST - FIRST) / hour)))
    offsets = [(moment, moment.astimezone(clock).utcoffset()) for moment in hours]
    return tuple(after for (_, old), (after, new) in pairwise(offsets) if old != new)


@lru_cache
def orders() -> tuple[tuple[str, datetime], ...]:
    """Each zone is a customer, who returns something every 20 minutes in the hours around each change."""
    return tuple((zone, change + step) for zone in ZONES for change in changes(zone) for step in AROUND)


def expected(zone: str, period: Period) -> Counter[tuple[str, str]]:
    """Counted by the zone's own clock."""
    clock = ZoneInfo(zone)
    form = "%Y-%m-%d" if period is Period.DAY else "%Y-%m"
    return Counter((customer, moment.astimezone(clock).strftime(form)) for customer, moment in orders())


def check(source: Source, zone: str) -> None:
    """What a source counts, by the clock of a zone."""
    for period in (Period.DAY, Period.MONTH):
        counting = Counting(COUNTING.when, COUNTING.per, period, zone, evidence=0)
        tallies = {(each.subject, each.window): each.matched for each in source.tally(counting, Scope())}
        assert tallies == expected(zone, period)


def check_files(folder: Path, zone: str) -> None:
    """What is counted of a Parquet file."""
    customers, moments = zip(*orders(), strict=True)
    numbers = [str(number) for number in range(len(moments))]
    columns = {"order_id": numbers, "customer_id": list(customers), "placed_at": list(moments)}
    table = pa.table({**columns, "status": ["returned"] * len(moments)})
    pq.write_table(table, folder / "orders.parquet")
    (folder / "customers.csv").write_text("id,name,email\n")
    kind = load("files")
    settings = kind.Settings.model_validate(
        {"kind": "files", "orders": {"path": "orders.parquet"}, "customers": {"path": "customers.csv"}}
    )
    source: Source = kind.open_source(settings, "UTC", base=folder)
    try:
        check(source, zone)
    finally:
        source.close()


def test_there_are_changes() -> None:
    """Else the tests below would prove nothing."""
    assert sum(len(changes(zone)) for zone in ZONES) > 200


@pytest.mark.parametrize("zone", ["America/Santiago", "Africa/Casablanca", "Australia/Lord_Howe"])
def test_files(tmp_path: Path, zone: str) -> None:
    """Counted by DuckDB."""
    check_files(tmp_path, zone)


@pytest.mark.mongod
def test_mongodb(database: Database[dict[str, Any]]) -> None:
    """Counted by MongoDB, all ten zones."""
    database["Orders"].insert_many(
        {"order_id": str(number), "customer_id": customer, "placed_at": moment, "status": "returned"}
        for number, (customer, moment) in enumerate(orders())
    )
    database.create_collection("Clients")
    kind = load("mongodb")
    settings = kind.Settings.model_validate(
        {
            "kind": "mongodb",
            "uri": mongod_uri(),
            "database": database.name,
            "orders": {"collection": "Orders"},
            "customers": {"collection": "Clients"},
        }
    )
    source: Source = kind.open_source(settings, "UTC", base=Path())
    try:
        for zone in ZONES:
            check(source, zone)
    finally:
        source.close()


def test_windows_end_where_days_do() -> None:
    """Around each change, of ten zones: a moment lies in its window, and no window overlaps the next."""
    for zone in ZONES:
        for change in changes(zone):
            for step in AROUND:
                moment = change + step
                for period in (Period.DAY, Period.WEEK, Period.MONTH):
                    window = window_of(moment, period, zone)
                    assert window.starts_at(zone) <= moment < window.ends_at(zone)
                    assert window.ends_at(zone) == window.following().starts_at(zone)
