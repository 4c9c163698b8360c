"""Engines that keep indexes, one module each: what there is of a table, what a statement costs, how an index
is created while orders go on.

A module has `SHELL` (where people write statements) and `open_table(address, place) -> Indexing`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from types import ModuleType
from typing import Protocol

from tercera.indexes.costs import Cost
from tercera.indexes.needs import Index, Need, Proposal


class RefusedError(Exception):
    """An index can't be created. `words` are the engine's, `remedy` says who can put that right."""

    def __init__(self, words: str, remedy: str) -> None:
        super().__init__(words)
        self.words = words
        self.remedy = remedy


class Indexing(Protocol):
    """The indexes of one table, and a connection that may create some. Raises the engine's `SourceError`."""

    is_table: bool
    """Whether it is a table that indexes can be created on: no view, no query."""

    def stored(self) -> int:
        """About how many rows there are, as the engine keeps count."""
        ...

    def indexes(self, need: Need) -> Sequence[Index]:
        """All of the table, and the names that are taken otherwise (with no paths)."""
        ...

    def cost(self, statement: str, seconds: float) -> Cost | None:
        """What a statement that reads costs, as the engine runs it for no longer than this; None when it does
        not say."""
        ...

    def statement(self, proposal: Proposal) -> str:
        """What creates an index."""
        ...

    def create(self, proposal: Proposal, tell: Callable[[int | None, int | None], None]) -> None:
        """Creates it while others read and write. Raises `RefusedError`."""
        ...

    def size(self, name: str) -> int | None:
        """An index's bytes."""
        ...

    def show(self, index: Index) -> str | None:
        """What makes a hidden one visible."""
        ...


Open = Callable[..., AbstractContextManager[Indexing]]


def load(engine: str) -> ModuleType | None:
    """The module of an engine that keeps indexes; None for one that has none."""
    known = {each.name for each in pkgutil.iter_modules(__path__)}
    return import_module(f"{__name__}.{engine}") if engine in known else None
