"""The arithmetic that shifts moments in the server, evaluated here and compared with the zones themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tercera.mongo.pipelines.expressions import piecewise
from tercera.mongo.pipelines.zones import Span, changes, fold_of_instant, instant_of_wall, wall_of_instant
from tercera.windows import read_local

ZONES = ["UTC", "America/Bogota", "Europe/Madrid", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"]
SPAN = Span(date(2008, 1, 1), date(2025, 1, 1))

moments = st.datetimes(datetime(2008, 2, 1), datetime(2024, 12, 1)).map(
    lambda each: each.replace(microsecond=0)
)
near_changes = st.sampled_from([change.at for zone in ZONES for change in changes(zone, SPAN)[1]]).flatmap(
    lambda at: st.integers(-10_000, 10_000).map(lambda seconds: at + timedelta(seconds=seconds))
)
zones = st.sampled_from(ZONES)


def evaluate(expression: Any, moment: datetime) -> Any:
    """What the server makes of an expression over `$$t`."""
    if expression == "$$t":
        return moment
    if not isinstance(expression, dict):
        return expression
    [(operator, of)] = expression.items()
    if operator == "$cond":
        condition, yes, no = of
        return evaluate(yes if evaluate(condition, moment) else no, moment)
    left, right = (evaluate(each, moment) for each in of)
    if operator == "$lt":
        return left < right
    shift = timedelta(milliseconds=right)
    return left + shift if operator == "$add" else left - shift


@settings(max_examples=300, deadline=None)
@given(instant=st.one_of(moments, near_changes), zone=zones)
@example(instant=datetime(2023, 10, 29, 1, 30), zone="Europe/Madrid")
def test_an_instant_is_shown_as_the_zone_shows_it(instant: datetime, zone: str) -> None:
    """The wall clock, and whether it shows that time for the second time."""
    shown = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert evaluate(wall_of_instant("$$t", zone, SPAN), instant) == shown.replace(tzinfo=None, fold=0)
    assert evaluate(fold_of_instant("$$t", zone, SPAN), instant) == shown.fold


@settings(max_examples=300, deadline=None)
@given(wall=st.one_of(moments, near_changes), shift=st.integers(-14, 14), zone=zones)
@example(wall=datetime(2023, 10, 29, 2, 30), shift=0, zone="Europe/Madrid")
@example(wall=datetime(2023, 3, 26, 2, 30), shift=0, zone="Europe/Madrid")
def test_a_wall_clock_is_read_as_everywhere_else(wall: datetime, shift: int, zone: str) -> None:
    """Also in hours that come twice, or never."""
    wall += timedelta(hours=shift)
    expected = read_local(wall, zone).astimezone(UTC).replace(tzinfo=None)
    assert evaluate(instant_of_wall("$$t", zone, SPAN), wall) == expected


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 200])
def test_a_decision_tree_is_shallow_and_right(count: int) -> None:
    """A tree of two hundred steps is eight comparisons deep."""
    start = datetime(2023, 1, 1)
    steps = [(start + timedelta(days=number), number) for number in range(count)]
    tree = piecewise("$$t", -1, steps)
    for number in range(-1, count):
        assert evaluate(tree, start + timedelta(days=number, hours=5)) == number
    assert _depth(tree) <= max(count, 0).bit_length()


def _depth(tree: Any) -> int:
    return 1 + max(map(_depth, tree["$cond"][1:])) if isinstance(tree, dict) else 0
