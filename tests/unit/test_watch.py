"""What the data watch makes of what a cycle saw."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tercera.model import (
    Period,
    Placed,
    Quiet,
    Reason,
    RejectCount,
    RejectReason,
    RuleId,
    Standing,
    State,
    Survey,
)
from tercera.telling.watch import (
    LEVEL,
    UNFOLLOWED,
    Following,
    Heart,
    Limits,
    in_short,
    is_reserved,
    measure_following,
    measure_freshness,
    measure_heart,
    measure_rejects,
    transition_of,
)
from tercera.windows import parse_window

NOW = datetime(2023, 6, 20, 3, tzinfo=UTC)
"""Still the nineteenth in Bogotá."""

LIMITS = Limits("America/Bogota", 0.05, 20, timedelta(days=2), timedelta(minutes=15))
JUNE = parse_window("2023-06", Period.MONTH)


def survey(rows: int, rejected: int) -> Survey:
    """So many rows, some of them without a readable date."""
    return Survey(rows, rejects={RejectReason.UNREADABLE_DATE: RejectCount(rejected, 0)} if rejected else {})


@pytest.mark.parametrize(
    ("rows", "rejected", "failing"),
    [(0, 0, None), (19, 19, None), (20, 1, False), (20, 2, True), (1000, 50, False), (1000, 51, True)],
)
def test_the_share_of_rejects(rows: int, rejected: int, failing: bool | None) -> None:
    """Above the limit it fails; of too few rows nothing is said."""
    assert measure_rejects(RuleId("r"), survey(rows, rejected), LIMITS).failing is failing


def test_figures_are_bounded_whatever_the_rows_hold() -> None:
    """A field of a megabyte does not make a notice of one."""
    sample = {f"{'k' * 5000}{number}": "v" * 10**6 for number in range(200)}
    rejects = {reason: RejectCount(9, 9, (sample,) * 5) for reason in RejectReason}
    measured = measure_rejects(RuleId("r"), Survey(100, rejects=rejects), LIMITS)
    assert len(measured.detail) < 50_000


@pytest.mark.parametrize(
    ("newest", "since", "failing"),
    [
        (date(2023, 6, 19), None, False),
        (date(2023, 6, 17), None, False),  # two whole days old, by the shop's calendar
        (date(2023, 6, 16), None, True),
        (NOW - timedelta(hours=48), None, False),
        (NOW - timedelta(hours=48, seconds=1), None, True),
        (None, None, True),
        (None, date(2023, 6, 1), True),
        (None, date(2023, 6, 19), None),  # a rule that watches today alone has not looked further back
    ],
)
def test_the_age_of_the_newest_order(newest: Placed | None, since: date | None, failing: bool | None) -> None:
    """Days count as days of the shop, times exactly."""
    assert measure_freshness(newest, since, LIMITS, NOW).failing is failing


@pytest.mark.parametrize(
    ("good", "first", "started", "failing"),
    [
        (14, 99, None, False),
        (16, 99, None, True),
        (None, 16, None, True),
        (None, 14, None, False),
        (None, None, None, False),
        (9999, 9999, 1, False),  # it has only just been started again
        (9999, 9999, 16, True),
    ],
)
def test_the_time_since_a_good_cycle(good: Any, first: Any, started: Any, failing: bool) -> None:
    """In minutes. Who has just been started gets as long to show that it can."""
    moments = [None if each is None else NOW - timedelta(minutes=each) for each in (good, first, started)]
    heart = Heart(moments[0], moments[1], "no route to host")
    assert measure_heart(heart, LIMITS, NOW, started=moments[2]).failing is failing


def test_changes_that_are_not_followed() -> None:
    """A short break is not told, and takes back nothing that was told before it."""
    broken = Following(NOW - UNFOLLOWED, "refused")
    assert measure_following(broken, NOW).failing is None
    late = measure_following(broken, NOW + timedelta(seconds=1))
    assert late.failing is True
    assert late.words.endswith(": refused")
    assert measure_following(Following(), NOW).failing is False


def test_an_alert_of_the_watch_lives_like_any_other() -> None:
    """It opens, stays silent while it lasts, also beyond its month, is taken back, and opens again."""
    bad, good = (measure_rejects(RuleId("r"), survey(100, rejected), LIMITS) for rejected in (9, 0))
    late = NOW + timedelta(days=400)
    opened = transition_of(bad, JUNE, None, LIMITS, NOW, None)
    assert (opened.reason, opened.speaks) == (Reason.OPENED, True)
    assert opened.after == Standing(State.OPEN, LEVEL, LEVEL, spoken=True)
    assert not transition_of(bad, JUNE, opened.after, LIMITS, late, None).is_change
    over = transition_of(good, JUNE, opened.after, LIMITS, late, None)
    assert (over.reason, over.speaks) == (Reason.RETRACTED, True)
    again = transition_of(bad, JUNE, over.after, LIMITS, late, None)
    assert (again.reason, again.speaks) == (Reason.OPENED, True)


def test_a_silenced_one_is_told_when_the_silence_ends() -> None:
    """As with customers."""
    bad = measure_rejects(RuleId("r"), survey(100, 9), LIMITS)
    silenced = transition_of(bad, JUNE, None, LIMITS, NOW, Quiet.FOR_NOW)
    assert (silenced.reason, silenced.speaks) == (Reason.OPENED, False)
    assert not transition_of(bad, JUNE, silenced.after, LIMITS, NOW, Quiet.FOR_NOW).is_change
    assert transition_of(bad, JUNE, silenced.after, LIMITS, NOW, None).speaks


def test_names() -> None:
    """No rule can have a reserved id, and durations read as they are configured."""
    assert is_reserved("tercera:rejects")
    assert not is_reserved("tercera-rejects")
    assert [in_short(timedelta(**each)) for each in ({"days": 2}, {"minutes": 90}, {"seconds": 61})] == [
        "2d",
        "90m",
        "61s",
    ]
