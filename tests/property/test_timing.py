"""The first allowed moment is the one that whoever walks through time minute by minute comes to."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tercera.telling.timing import EVERY_DAY, Hours, Quiet, zone_of

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ZONES = (
    "UTC",
    "Europe/Madrid",
    "America/New_York",
    "America/Bogota",
    "America/Havana",  # its clock goes back from one to midnight
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kathmandu",
    "Pacific/Apia",
)
CHANGES = [
    datetime(2024, 3, 31, 1, tzinfo=UTC),  # Madrid, forward
    datetime(2024, 10, 27, 1, tzinfo=UTC),  # and back
    datetime(2024, 3, 10, 7, tzinfo=UTC),  # New York
    datetime(2024, 11, 3, 6, tzinfo=UTC),
    datetime(2024, 3, 10, 5, tzinfo=UTC),  # Havana
    datetime(2024, 11, 3, 5, tzinfo=UTC),
    datetime(2024, 4, 6, 15, tzinfo=UTC),  # Lord Howe
    datetime(2024, 10, 5, 15, 30, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),  # Apia leaves out a day
]
CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 45, 59]))
MOMENTS = st.builds(
    lambda change, minutes: change + minutes * MINUTE,
    st.sampled_from(CHANGES),
    st.one_of(st.integers(-180, 180), st.integers(-5_000, 5_000)),
)
WEEKDAYS = frozenset({0, 1, 2, 3, 4})


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    """Any quiet hours on any days."""
    start = draw(CLOCKS)
    quiet = Quiet(start, draw(CLOCKS.filter(lambda end: end != start)))
    days = draw(st.sampled_from([EVERY_DAY, WEEKDAYS, frozenset({6}), frozenset({0, 5})]))
    return Hours(draw(st.sampled_from([quiet, quiet, None])), days)


def walked(hours: Hours, now: datetime, zone: ZoneInfo) -> datetime:
    """What the wall clock says, minute after minute."""
    moment = now
    while True:
        local = moment.astimezone(zone)
        clock = local.time()
        quiet = hours.quiet
        silent = quiet is not None and (
            quiet.start <= clock < quiet.end
            if quiet.start < quiet.end
            else clock >= quiet.start or clock < quiet.end
        )
        if local.weekday() in hours.days and not silent:
            return moment
        moment += MINUTE


@settings(max_examples=150, deadline=None)
@given(hours=hours(), now=MOMENTS, zone=st.sampled_from(ZONES).map(ZoneInfo))
@example(  # half past two does not exist that night: three o'clock is the first moment after the quiet hours
    Hours(Quiet(time(22), time(2, 30))), datetime(2024, 3, 30, 23, tzinfo=UTC), ZoneInfo("Europe/Madrid")
)
@example(  # half past two comes twice
    Hours(Quiet(time(22), time(2, 30))), datetime(2024, 10, 26, 23, tzinfo=UTC), ZoneInfo("Europe/Madrid")
)
@example(  # only from two to three, which are left out: a day later
    Hours(Quiet(time(3), time(2))), datetime(2024, 3, 31, 0, tzinfo=UTC), ZoneInfo("Europe/Madrid")
)
def test_the_first_allowed_moment(hours: Hours, now: datetime, zone: ZoneInfo) -> None:
    """Over every change of clocks, midnight, and days that are left out."""
    found = hours.next_allowed(now, zone)
    assert found == walked(hours, now, zone)
    assert hours.allow(found, zone)


@given(now=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))
def test_seconds_count_too(now: datetime) -> None:
    """What waits goes out on the stroke of the hour."""
    hours = Hours(Quiet(time(20), time(8)))
    found = hours.next_allowed(now, ZoneInfo("UTC"))
    assert found == now if 8 <= now.hour < 20 else (found.hour, found.minute, found.second) == (8, 0, 0)
    assert now <= found <= now + DAY / 2


def test_a_friday_evening_becomes_monday_morning() -> None:
    """In the recipient's zone."""
    hours = Hours(Quiet(time(20), time(8)), WEEKDAYS)
    madrid = ZoneInfo("Europe/Madrid")
    friday = datetime(2024, 10, 25, 21, tzinfo=madrid)
    assert hours.next_allowed(friday, madrid) == datetime(2024, 10, 28, 8, tzinfo=madrid)


@pytest.mark.parametrize(
    "own", [None, "", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe/Madrid\0", "x" * 5000, "."]
)
def test_a_zone_that_is_none_is_the_channels(own: str | None) -> None:
    """Directories hold anything."""
    assert zone_of(own, "America/Bogota") == ZoneInfo("America/Bogota")
