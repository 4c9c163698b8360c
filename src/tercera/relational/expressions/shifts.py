"""How far the wall clock of one zone is from that of another, as steps that any engine can compare against.

Engines disagree about time zones: their rules have other versions, and each reads an hour that comes twice
in its own way. So they are given the few moments at which the distance changes, worked out here, and only
compare and add.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tercera.windows import read_local

_FIRST = datetime(1840, 1, 1)  # noqa: DTZ001 - a wall clock
"""Before any zone's first change of clocks."""

_LAST = datetime(2101, 1, 1)  # noqa: DTZ001 - a wall clock
_STRIDE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """From this wall-clock time on (of the zone that is read), the other clock is ahead by `ahead`."""

    since: datetime
    ahead: timedelta


@lru_cache(maxsize=64)
def steps(source: str, target: str) -> tuple[Step, ...]:
    """Every change of the distance from the clock of `source` to that of `target`, earliest first.

    The first step holds for all time before it, too. Times that a clock shows twice, or never, are read as
    `windows.read_local` does.
    """
    if source == target:
        return (Step(_FIRST, timedelta()),)
    found = [Step(_FIRST, _ahead(_FIRST, source, target))]
    moment = _FIRST
    while moment < _LAST:
        after = moment + _STRIDE
        while (ahead := _ahead(after, source, target)) != found[-1].ahead:
            change = _first_with_another(moment, after, found[-1].ahead, source, target)
            found.append(Step(change, _ahead(change, source, target)))
            moment = change
            if found[-1].ahead == ahead:
                break
        moment = after
    return tuple(found)


def tree(choices: Sequence[Step], before: Callable[[datetime], str], later: Callable[[int], str]) -> str:
    """The search tree of `Dialect.shifted` in an engine's own SQL, which Ibis takes long to write: `before`
    compares the clock, `later` adds seconds to it."""
    if len(choices) == 1:
        return later(int(choices[0].ahead.total_seconds()))
    middle = len(choices) // 2
    low, high = (tree(part, before, later) for part in (choices[:middle], choices[middle:]))
    return f"CASE WHEN {before(choices[middle].since)} THEN {low} ELSE {high} END"


def _first_with_another(
    low: datetime, high: datetime, ahead: timedelta, source: str, target: str
) -> datetime:
    """The first whole second after `low` at which the distance is not `ahead`; at `high` it is not."""
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if _ahead(middle, source, target) == ahead:
            low = middle
        else:
            high = middle
    return high


def _ahead(moment: datetime, source: str, target: str) -> timedelta:
    there = read_local(moment, source).astimezone(ZoneInfo(target))
    return there.replace(tzinfo=None) - moment
