"""Rejects by reason over time, as small lines: what each reason came to, from run to run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tercera.ledger import Rejected
from tercera.model import RejectReason

POINTS = 48
"""Stretches of time that the lines are drawn of."""

WIDE, TALL = 240, 36
"""Units of a line's picture."""


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """A reason: how many rows the last run rejected for it, at most any did; and the line's points."""

    reason: RejectReason
    now: int
    most: int
    points: str


@dataclass(frozen=True, slots=True)
class OverTime:
    """The lines, those with most rows first, and from when to when they go; None without any run."""

    lines: tuple[ReasonLine, ...]
    first: datetime | None
    last: datetime | None


def over_time(runs: Sequence[datetime], rejected: Sequence[Rejected]) -> OverTime:
    """Of each stretch of time the most that any run rejected, of the rule that rejects most: rules that read
    the same rows reject the same ones."""
    if not runs:
        return OverTime((), None, None)
    first, last = runs[0], runs[-1]
    seconds = max((last - first).total_seconds(), 1.0)

    def place(at: datetime) -> int:
        return min(int((at - first).total_seconds() / seconds * POINTS), POINTS - 1)

    seen = sorted({place(at) for at in runs})
    most: dict[RejectReason, dict[int, int]] = {}
    now: dict[RejectReason, int] = {}
    for each in rejected:
        stretch, at = most.setdefault(each.reason, {}), place(each.at)
        stretch[at] = max(stretch.get(at, 0), each.rows)
        if each.at == last:
            now[each.reason] = max(now.get(each.reason, 0), each.rows)
    lines = [
        ReasonLine(reason, now.get(reason, 0), max(stretch.values()), _points(seen, stretch))
        for reason, stretch in most.items()
    ]
    return OverTime(tuple(sorted(lines, key=lambda line: (-line.now, -line.most))), first, last)


def _points(seen: Sequence[int], stretch: dict[int, int]) -> str:
    """For a polyline: flat where there is one stretch alone."""
    top = max(stretch.values())
    heights = [(place, TALL - 2 - (TALL - 4) * stretch.get(place, 0) / top) for place in seen]
    if len(heights) == 1:
        heights = [(0, heights[0][1]), (POINTS - 1, heights[0][1])]
    return " ".join(f"{place * WIDE / (POINTS - 1):.1f},{height:.1f}" for place, height in heights)
