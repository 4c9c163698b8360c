"""Windows: every day is in exactly one, they touch, and no clock change tears or doubles one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tercera.model import Period
from tercera.windows import Window, between, parse_window, read_local, watched, window_of, window_of_day

ZONES = [
    "UTC",
    "America/Bogota",
    "Europe/London",
    "Europe/Madrid",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/St_Johns",
]
days = st.dates(date(1990, 1, 1), date(2045, 12, 31))
periods = st.sampled_from(list(Period))
zones = st.sampled_from(ZONES)
instants = st.datetimes(datetime(1990, 1, 2), datetime(2045, 12, 30), timezones=st.just(UTC))


@given(days, periods)
def test_a_day_is_in_its_window_and_in_neither_neighbour(day: date, period: Period) -> None:
    """Half-open windows touch without overlapping."""
    window = window_of_day(day, period)
    assert window.start <= day < window.end
    assert window.following().start == window.end
    assert window_of_day(window.start - timedelta(days=1), period).end == window.start


@given(days, periods)
def test_a_window_is_found_again_by_its_id(day: date, period: Period) -> None:
    """The id is the whole window."""
    window = window_of_day(day, period)
    assert parse_window(window.id, period) == window


@given(days, periods, zones, zones)
def test_a_date_without_a_time_is_never_shifted(day: date, period: Period, zone: str, other: str) -> None:
    """The day that is written is the day that counts, in every zone."""
    assert window_of(day, period, zone) == window_of(day, period, other) == window_of_day(day, period)


@given(instants, periods, zones)
def test_an_instant_belongs_to_the_day_that_the_zone_shows(
    instant: datetime, period: Period, zone: str
) -> None:
    """The wall clock decides, on days with a clock change too."""
    shown = instant.astimezone(ZoneInfo(zone)).date()
    assert window_of(instant, period, zone) == window_of_day(shown, period)


@given(days, periods, zones)
def test_a_window_begins_at_the_first_instant_of_its_day(day: date, period: Period, zone: str) -> None:
    """At its start the zone shows its first day, and a second before it did not."""
    window = window_of_day(day, period)
    start = window.starts_at(zone)
    assert start.astimezone(ZoneInfo(zone)).date() >= window.start  # later only where the day was left out
    assert (start - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() < window.start
    assert window.ends_at(zone) == window.following().starts_at(zone)


@given(instants, periods, zones, st.integers(0, 90))
def test_watched_windows_are_the_open_one_and_those_within_the_grace(
    now: datetime, period: Period, zone: str, grace_days: int
) -> None:
    """By definition: begun, and not over for longer than the grace. Nothing else, nothing missing."""
    grace = timedelta(days=grace_days)
    around = between((now - grace).date() - timedelta(days=800), now.date() + timedelta(days=800), period)
    expected = [w for w in around if w.starts_at(zone) <= now < w.ends_at(zone) + grace]
    assert watched(period, zone, now, grace) == expected


@given(instants, periods, zones, st.integers(0, 60), st.integers(0, 200))
def test_what_was_watched_before_a_pause_is_watched_once_more(
    now: datetime, period: Period, zone: str, grace_days: int, pause_days: int
) -> None:
    """However long nothing ran, no window is left with orders that nobody judged."""
    grace, since = timedelta(days=grace_days), now - timedelta(days=pause_days)
    chosen = watched(period, zone, now, grace, since=since)
    assert set(watched(period, zone, since, grace)) <= set(chosen)
    assert set(watched(period, zone, now, grace)) <= set(chosen)
    assert all(later.start == earlier.end for earlier, later in pairwise(chosen))


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2023-13", Period.MONTH),
        ("2023-6", Period.MONTH),
        ("junio", Period.MONTH),
        ("2023-W54", Period.WEEK),
        ("2023-Q5", Period.QUARTER),
        ("2023-02-30", Period.DAY),
        ("0000", Period.YEAR),
    ],
)
def test_a_name_that_is_no_window_is_refused_with_an_example(text: str, period: Period) -> None:
    """The message shows how such a window is written."""
    with pytest.raises(ValueError, match="write it like 2023"):
        parse_window(text, period)


def test_midnight_that_does_not_exist() -> None:
    """São Paulo jumped from 00:00 to 01:00 on 2018-11-04: the day begins at the jump, 03:00 UTC."""
    day = Window(Period.DAY, date(2018, 11, 4), date(2018, 11, 5))
    assert day.starts_at("America/Sao_Paulo") == datetime(2018, 11, 4, 3, tzinfo=UTC)


def test_a_day_that_does_not_exist() -> None:
    """Samoa had no 2011-12-30: the window of that day is empty."""
    day = window_of_day(date(2011, 12, 30), Period.DAY)
    assert day.starts_at("Pacific/Apia") == day.ends_at("Pacific/Apia")


def test_a_repeated_wall_clock_is_the_first_of_the_two() -> None:
    """Madrid, 2023-10-29 02:30 came twice."""
    assert read_local(datetime(2023, 10, 29, 2, 30), "Europe/Madrid").astimezone(UTC).hour == 0


def test_month_ends_by_hand() -> None:
    """An order two hours before the end of January in Bogotá is February in UTC, and January for the rule."""
    instant = datetime(2023, 2, 1, 3, tzinfo=UTC)
    assert window_of(instant, Period.MONTH, "America/Bogota").id == "2023-01"
    assert window_of(instant, Period.MONTH, "UTC").id == "2023-02"
    assert window_of_day(date(2020, 12, 31), Period.WEEK).id == "2020-W53"
    assert window_of_day(date(2024, 12, 31), Period.QUARTER).id == "2024-Q4"
