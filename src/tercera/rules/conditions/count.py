"""A count of distinct matching orders against levels."""

from __future__ import annotations

from collections.abc import Sequence

from tercera.model import Finding, Level, Tally

_NOTHING = Finding(None)


def judge(tally: Tally, levels: Sequence[Level]) -> Finding:
    """The highest of `levels` (lowest first) that the count reaches, and the order that reached it."""
    reached = None
    for level in levels:
        if tally.matched < level.threshold:
            break
        reached = level
    if reached is None:
        return _NOTHING
    if len(tally.evidence) < reached.threshold:
        return Finding(reached)
    return Finding(reached, tally.evidence[reached.threshold - 1].order_id)
