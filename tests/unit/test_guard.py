"""When a cycle tells too many at once."""

from __future__ import annotations

import pytest

from tercera.telling.guard import Guard


@pytest.mark.parametrize(
    ("telling", "watched", "told", "held"),
    [
        (500, 0, 0, False),
        (501, 0, 0, True),
        (1, 1_000_000, 500, True),  # the cycle's other rules have told of as many as one may
        (500, 10_000, 0, False),
        (499, 9_970, 0, True),  # 5.005 %
        (20, 20, 0, False),  # few are never too large a share
        (21, 21, 0, True),
        (21, 0, 0, False),  # a source that does not say how many pairs it read
        (0, 0, 900, False),
    ],
)
def test_too_many_or_too_large_a_share(telling: int, watched: int, told: int, held: bool) -> None:
    """More than 500 in a cycle, or more than 20 that are more than 5 % of what the rule watches."""
    assert Guard().holds(telling, watched, told=told) == held


def test_while_something_is_held() -> None:
    """Everything is, however little; nothing is nothing."""
    assert Guard().holds(1, 1_000, already=True)
    assert not Guard().holds(0, 1_000, already=True)


def test_a_share_of_one_is_never_too_large() -> None:
    """Also when more fell than there are pairs left."""
    assert not Guard(max_share=1).holds(30, 10)
