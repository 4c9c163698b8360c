"""What may have been told, from the history of the orders alone.

What a sweep saw is not known: it may have looked before or after a change, and what a killed one saw may be
committed or not. But each such choice leads to exactly one sequence of notices, so a sequence that was told
is right when some choice leads to it, and wrong when none does: whether something is missing from it, twice
in it, or not true at the time. A state of the search is what the system would know after a choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.fault.world import Pair

LOWEST, HIGHEST = 2, 12
"""Every count in between is a level of its own."""


@dataclass(frozen=True)
class Look:
    """One run: the states of the orders that it could see, oldest first. `certain` when it ended by itself,
    so that what it saw is committed; `often` when it swept again and again. `number` orders runs."""

    number: int
    versions: tuple[int, ...]
    certain: bool
    often: bool = False


@dataclass(frozen=True)
class Told:
    """A notice about a pair, in the order in which they were first accepted, and the run of that."""

    change: str
    level: int
    count: int
    run: int


@dataclass(frozen=True)
class _State:
    """The level that stands, and how much was told."""

    level: int = 0
    told: int = 0


def level_of(count: int) -> int:
    """The highest level that a count reaches, 0 for none."""
    return 0 if count < LOWEST else min(count, HIGHEST)


def explains(
    pair: Pair, versions: Sequence[Mapping[Pair, int]], looks: Sequence[Look], told: Sequence[Told]
) -> bool:
    """Whether the runs may have told exactly this of a pair, everything of it."""
    states = {_State()}
    for look in looks:
        after: set[_State] = set() if look.certain and not look.often else set(states)
        for version in look.versions:
            count = versions[version].get(pair, 0)
            after |= {
                following
                for state in (after | states if look.often else states)
                if (following := _look(state, count, told, look.number)) is not None
            }
        states = after
    return any(state.told == len(told) for state in states)


def _look(state: _State, count: int, told: Sequence[Told], run: int) -> _State | None:
    """After a sweep that saw this count; None when it would have told something else than what was told."""
    level = level_of(count)
    if level == state.level:
        return state
    change = _change(state.level, level)
    if state.told == len(told):
        return None
    said = told[state.told]
    if (said.change, said.level, said.count) != (change, level, count) or said.run < run:
        return None
    return _State(level, state.told + 1)


def _change(before: int, level: int) -> str:
    """All of them are told, each rise too: that the level was left before was told."""
    if level == 0:
        return "retracted"
    if before == 0:
        return "opened"
    return "eased" if level < before else "escalated"
