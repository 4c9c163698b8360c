"""No stretch of time holds more than a rate allows, and nothing waits longer than it has to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tercera.telling.rates import Pace, Rate, parse_rate

START = datetime(2023, 6, 20, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@given(
    count=st.integers(1, 5),
    period=st.integers(1, 30),
    wishes=st.lists(st.integers(0, 60), max_size=40).map(sorted),
)
def test_a_pace_is_kept(count: int, period: int, wishes: list[int]) -> None:
    """Whoever comes in order of time gets the first second at which their period is not full."""
    pace = Pace(Rate(count, period * SECOND))
    given_: list[int] = []
    for wish in wishes:
        moment = pace.earliest(START + wish * SECOND)
        pace.take(moment)
        second = round((moment - START) / SECOND)
        expected = wish
        while sum(expected - period < other <= expected for other in given_) >= count:
            expected += 1
        assert second == expected
        given_.append(second)
    if len(set(wishes)) <= 1:  # nobody pushes in: then no stretch at all holds more
        for second in given_:
            assert sum(second <= other < second + period for other in given_) <= count


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/1m", Rate(100, timedelta(minutes=1))),
        ("5/d", Rate(5, timedelta(days=1))),
        ("1/30s", Rate(1, timedelta(seconds=30))),
    ],
)
def test_rates_are_read(text: str, rate: Rate) -> None:
    """A number, a slash, a duration."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "5", "5/", "0/1m", "-1/1m", "5/0s", "5/1y", "5 / 1m", "5/m1", "½/1m"])
def test_what_is_no_rate(text: str) -> None:
    """Says how to write one."""
    with pytest.raises(ValueError, match="like 100/1m or 5/1d"):
        parse_rate(text)
