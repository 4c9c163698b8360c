"""The distance between two clocks, against the zones themselves."""

from __future__ import annotations

from bisect import bisect
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tercera.relational.expressions.shifts import steps
from tercera.windows import read_local

PAIRS = [
    ("UTC", "Europe/Madrid"),
    ("Europe/Madrid", "America/Bogota"),
    ("Africa/Casablanca", "UTC"),
    ("America/Sao_Paulo", "Asia/Kolkata"),
    ("Australia/Lord_Howe", "Pacific/Apia"),
]


@pytest.mark.parametrize(("source", "target"), PAIRS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_the_step_that_holds_is_what_the_zones_say(source: str, target: str, data: st.DataObject) -> None:
    """At any time of these centuries, and within hours of each change."""
    choices = steps(source, target)
    changes = [step.since for step in choices]
    near = st.builds(
        lambda change, seconds: change + timedelta(seconds=seconds),
        st.sampled_from(changes),
        st.integers(-10_000, 10_000),
    )
    moment = data.draw(near | st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)))
    there = read_local(moment, source).astimezone(ZoneInfo(target)).replace(tzinfo=None)
    assert choices[max(0, bisect(changes, moment) - 1)].ahead == there - moment
