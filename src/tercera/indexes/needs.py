"""Which index a question needs, whether one that exists serves it, and which to propose. Pure.

What an engine's indexes are is told in `Index`, whatever the engine: its paths in order, and the flaw that
keeps it from serving, if it has one. Directions are no matter here: every engine reads an index from either
end, and no question sorts by several fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """What an index is for."""

    SWEEP = "sweep"  # everything that is dated in the watched windows
    LIVE = "live"  # some customers, in some windows
    DIRECTORY = "directory"  # names and addresses by the customer's id


class Fit(StrEnum):
    """How well an index serves a need, from the best."""

    COVERING = "covering"  # answers from the index alone
    LEADING = "leading"  # finds the rows, and opens each
    PARTLY = "partly"  # finds the rows and many others
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Index:
    """One that exists. `flaw` says in a word why the engine can't use it for every row, None if it can.

    It is ordered by the first `ordered` of its paths, and only holds the others; by all of them when None.
    """

    name: str
    paths: tuple[str, ...]
    flaw: str | None = None
    ordered: int | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """What an index must begin with, in this order, and what it should hold beside.

    `equality` counts the leading paths that are compared with given values, and not with a range: such ones
    may stand in any order among themselves.
    """

    purpose: Purpose
    leading: tuple[str, ...]
    covering: tuple[str, ...] = ()
    equality: int = 0
    required: bool = True
    """Whether a check fails without it."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Of the index to propose."""
        return tuple(dict.fromkeys([*self.leading, *self.covering]))


@dataclass(frozen=True, slots=True)
class Proposal:
    """An index to create. `contains` are the names of indexes that it makes needless."""

    name: str
    paths: tuple[str, ...]
    contains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """What there is for a need, and what would serve it better.

    `passed_over` are indexes that would serve but for their flaw. Where a hidden one has just the paths that
    are wanted, no other can be created beside it: it is to be shown again (`unhide`).
    """

    need: Need
    fit: Fit
    index: Index | None = None
    proposal: Proposal | None = None
    passed_over: tuple[Index, ...] = ()
    unhide: Index | None = None


def advise(existing: Sequence[Index], needs: Iterable[Need]) -> list[Advice]:
    """One piece of advice for each need. What is proposed for one serves the later ones too."""
    known = list(existing)
    found = []
    for need in needs:
        advice = _advise(known, need)
        if advice.proposal is not None:
            known.append(Index(advice.proposal.name, advice.proposal.paths))
        found.append(advice)
    return found


def fit_of(index: Index, need: Need) -> Fit:
    """How well an index without a flaw serves."""
    if not _leads(index.paths[: index.ordered], need):
        first = need.leading[: need.equality] or need.leading[:1]
        return Fit.PARTLY if index.paths[:1] and index.paths[0] in first else Fit.NONE
    return Fit.COVERING if set(need.paths) <= set(index.paths) else Fit.LEADING


def _advise(existing: Sequence[Index], need: Need) -> Advice:
    fits = [(fit_of(index, need), index) for index in existing]
    usable = [(fit, index) for fit, index in fits if index.flaw is None and fit is not Fit.NONE]
    order = list(Fit)
    fit, index = min(usable, key=lambda each: order.index(each[0]), default=(Fit.NONE, None))
    enough = Fit.COVERING if need.covering else Fit.LEADING
    if order.index(fit) <= order.index(enough):
        return Advice(need, fit, index)
    flawed = tuple(
        other for its, other in fits if other.flaw is not None and order.index(its) <= order.index(enough)
    )
    hidden = next((other for other in flawed if other.flaw == HIDDEN and other.paths == need.paths), None)
    if hidden is not None:
        return Advice(need, fit, index, None, flawed, hidden)
    return Advice(need, fit, index, _proposal(existing, need), flawed)


HIDDEN = "hidden"
"""The flaw of an index that somebody took out of use without dropping it."""


def _proposal(existing: Sequence[Index], need: Need) -> Proposal:
    contained = tuple(
        index.name
        for index in existing
        if index.flaw is None and index.paths == need.paths[: len(index.paths)] and index.paths
    )
    return Proposal(_free_name(f"tercera_{need.purpose}", existing), need.paths, contained)


def _free_name(wanted: str, existing: Sequence[Index]) -> str:
    taken = {index.name for index in existing}
    names = (wanted if number == 1 else f"{wanted}_{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _leads(paths: Sequence[str], need: Need) -> bool:
    compared, ranged = need.leading[: need.equality], need.leading[need.equality :]
    return (
        set(paths[: len(compared)]) == set(compared)
        and tuple(paths[len(compared) : len(need.leading)]) == ranged
    )
