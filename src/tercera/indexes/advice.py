"""What a source says of its indexes: what a sweep and a live look cost, and what would make them cheap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tercera.indexes.costs import Cost, bytes_words, cost_words
from tercera.indexes.needs import Advice, Fit, Purpose
from tercera.model import Counting
from tercera.orders import Check, Scope


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule's ordinary sweep asks: its counting, over the windows that are watched now."""

    rule: str
    counting: Counting
    scope: Scope


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found of one need. `rows` is what the engine calls what it stores, `stored` how many there
    are, None where nobody counted.

    `cost` is that of today; `before` what it was without the index that was just created; `expected` what it
    would be with the one that is proposed. `size` is in bytes, of the index that serves or, estimated, of the
    proposed one.
    """

    rows: str
    question: str
    """Who reads, with the verb, like `a sweep reads`."""

    stored: int | None = None
    cost: Cost | None = None
    before: Cost | None = None
    expected: Cost | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class IndexCheck(Check):
    """A need of the rules, what serves it, what it costs, and the statement that creates what is proposed."""

    purpose: str = ""
    fit: Fit = Fit.NONE
    index: str | None = None
    paths: tuple[str, ...] = ()
    figures: Figures | None = None
    statement: str | None = None


Tell = Callable[[str, int | None, int | None], None]
"""Hears of an index that is being created: what, how many steps are done, of how many; None where the engine
does not say."""


@runtime_checkable
class Indexed(Protocol):
    """A source whose engine keeps indexes."""

    def advise(self, asked: Sequence[Asked], *, fix: bool, live: bool, tell: Tell) -> Iterator[Check]:
        """One `IndexCheck` for each need, from the very questions that sweeps and live looks ask.

        `fix` creates what is proposed, and drops nothing; `live` says that changes are followed, so that a
        live look without an index is a fault. What would take long is estimated: without `fix` an answer
        takes seconds, however many orders there are. Raises `SourceError`.
        """
        ...


_NAMES = {
    Purpose.SWEEP: "index for sweeps",
    Purpose.LIVE: "index for live looks",
    Purpose.DIRECTORY: "index of customers",
}


def index_check(
    advice: Advice, figures: Figures, statement: str | None, shell: str, *, created: bool = False
) -> IndexCheck:
    """What is told of a need. `statement`, for the engine's `shell`, creates the proposal, or makes a hidden
    index visible."""
    need = advice.need
    return IndexCheck(
        what=_NAMES[need.purpose],
        ok=advice.fit is not Fit.NONE or not need.required,
        detail=_found(advice, created=created),
        remedy=_remedy(advice, statement, shell),
        more=tuple(_lines(advice, figures)),
        changed=created,
        purpose=str(need.purpose),
        fit=advice.fit,
        index=advice.index.name if advice.index else None,
        paths=advice.index.paths if advice.index else (),
        figures=figures,
        statement=statement,
    )


def _found(advice: Advice, *, created: bool) -> str:
    index = advice.index
    if index is None:
        return "none" if advice.need.required else "none; it is needed to follow changes live"
    on = f"{index.name} on {', '.join(index.paths)}"
    if created:
        return f"created {on}"
    return f"{on}, which serves in part" if advice.proposal or advice.unhide else on


def _remedy(advice: Advice, statement: str | None, shell: str) -> str:
    if advice.unhide is not None:
        name = advice.unhide.name
        return f"{name} has just what is needed, but is hidden; show it again in {shell}: {statement}"
    if advice.proposal is None:
        return ""
    return f"`tercera check --fix` creates it; or, in {shell}: {statement}"


def _lines(advice: Advice, figures: Figures) -> Iterator[str]:
    def words(cost: Cost) -> str:
        return cost_words(cost, figures.rows, figures.stored) + (" (estimated)" if cost.estimated else "")

    for flawed in advice.passed_over:
        yield f"{flawed.name} can't serve: it is {flawed.flaw}"
    if figures.cost is not None:
        yield f"{figures.question} {words(figures.cost)}"
    if figures.before is not None:
        yield f"before, it read {words(figures.before)}"
    if figures.expected is not None:
        yield f"with the index below: {words(figures.expected)}"
    if figures.size:
        size = bytes_words(figures.size)
        about = "" if size.startswith("less") else "about "
        yield f"the index takes {size}" if advice.proposal is None else f"the index would take {about}{size}"
    if advice.proposal is not None and advice.proposal.contains:
        yield f"it holds all that {', '.join(advice.proposal.contains)} has, which you may drop afterwards"
