"""Pauses grow, half of each by lot, and end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tercera.telling.retries import RetryPolicy

NOW = datetime(2023, 6, 20, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
PATIENT = RetryPolicy(attempts=1000, max_age=timedelta(days=1000))


def pause(before: int, lot: float, policy: RetryPolicy = PATIENT) -> timedelta:
    """After so many refusals before the present one."""
    due_at = policy.due_after([NOW] * before, NOW, lot)
    assert due_at is not None
    return due_at - NOW


def test_pauses_double_from_the_first_to_the_longest() -> None:
    """30 s, 1 min, … up to 12 h, and stay there."""
    pauses = [pause(before, 1.0) for before in range(14)]
    assert [each / SECOND for each in pauses[:4]] == [30, 60, 120, 240]
    assert pauses[-1] == pause(900, 1.0) == 12 * HOUR
    assert pauses == sorted(pauses)


def test_half_of_a_pause_is_drawn() -> None:
    """Between a half and the whole of it."""
    assert pause(3, 0.0) == 120 * SECOND
    assert pause(3, 0.5) == 180 * SECOND


def test_attempts_end() -> None:
    """The last refusal that is allowed is final."""
    policy = RetryPolicy(attempts=3)
    assert policy.due_after([NOW], NOW, 0.5) is not None
    assert policy.due_after([NOW, NOW], NOW, 0.5) is None
    assert RetryPolicy(attempts=1).due_after([], NOW, 0.5) is None


def test_nothing_is_tried_after_its_age() -> None:
    """Counted from the first refusal: a try that would come later is not made."""
    policy = RetryPolicy(max_age=HOUR)
    assert policy.due_after([NOW - HOUR + 60 * SECOND], NOW, 1.0) == NOW + 60 * SECOND
    assert policy.due_after([NOW - HOUR + 59 * SECOND], NOW, 1.0) is None


@pytest.mark.parametrize(
    ("asked", "pauses"),
    [
        (timedelta(seconds=5), (30, 5)),
        (timedelta(0), (30, 1)),
        (timedelta(minutes=10), (600, 600)),
        (timedelta(days=300), (12 * 3600, 12 * 3600)),
    ],
)
def test_what_the_other_side_asks_for(asked: timedelta, pauses: tuple[float, float]) -> None:
    """A message waits at least so long; a channel just so long, and at least a second. Nobody is allowed to
    ask for more than the longest pause."""
    message = PATIENT.due_after([], NOW, 1.0, asked)
    assert message is not None
    channel = PATIENT.probe_after(7, NOW, 1.0, asked)
    assert ((message - NOW) / SECOND, (channel - NOW) / SECOND) == pauses


def test_a_channel_is_looked_at_more_often_than_a_message() -> None:
    """At least every quarter of an hour: when the server is back, the mails need not wait half a day."""
    assert [(PATIENT.probe_after(n, NOW, 1.0) - NOW) / SECOND for n in (1, 2, 5, 6, 99)] == [
        30,
        60,
        480,
        900,
        900,
    ]
