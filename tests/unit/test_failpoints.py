"""Failpoints: off unless the environment says so, and then once, at the time that it names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tercera.errors import ConfigError
from tercera.failpoints import VARIABLE, Failpoint, FailpointError, arm, reached


@pytest.fixture(autouse=True)
def _off_again() -> Iterator[None]:
    yield
    arm({})


def test_nothing_happens_without_the_variable() -> None:
    """Every boundary is passed."""
    arm({})
    for failpoint in Failpoint:
        reached(failpoint)


def test_it_fails_once_at_the_time_that_is_named() -> None:
    """The third time, neither before nor after; the other failpoint is not touched."""
    arm({VARIABLE: "after-claim=raise@3, before-receipt=raise"})
    reached(Failpoint.AFTER_CLAIM)
    reached(Failpoint.AFTER_CLAIM)
    with pytest.raises(FailpointError, match="after-claim"):
        reached(Failpoint.AFTER_CLAIM)
    reached(Failpoint.AFTER_CLAIM)
    with pytest.raises(FailpointError, match="before-receipt"):
        reached(Failpoint.BEFORE_RECEIPT)


@pytest.mark.parametrize(
    "text", ["after-clam=kill", "after-claim", "after-claim=kill@0", "after-claim=kil@1"]
)
def test_a_slip_is_an_error(text: str) -> None:
    """Else a suite would prove nothing and not know it."""
    with pytest.raises(ConfigError, match="write <failpoint>="):
        arm({VARIABLE: text})
