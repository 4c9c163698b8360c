"""Several rules answered from one reading of the orders: what a source may offer for it, and what all that do
have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tercera.model import Counting, Customer, RejectReason, SubjectId
from tercera.orders import Check, Scope, Source
from tercera.windows import Window


@runtime_checkable
class Sharing(Protocol):
    """A source that can answer several rules from one reading."""

    def sharing(self, asked: Sequence[tuple[Counting, Scope]]) -> AbstractContextManager[Source]:
        """The source as it is read once for these rules. Until the context ends it gives the very answers of
        the source alone, as of that one reading where it can: to what was asked for beforehand, to any part
        of it, and for any levels. What it can't share it reads as ever. Nothing is read before it is needed.

        One thread asks one question at a time, and takes each `Reading` to its end before the next.
        """
        ...


def sharing(source: Source, asked: Sequence[tuple[Counting, Scope]]) -> AbstractContextManager[Source]:
    """The source as it is read once for these rules, where it can be."""
    return source.sharing(asked) if isinstance(source, Sharing) else nullcontext(source)


@dataclass
class SharedSource:
    """The part of an `orders.Source` over one reading that shares nothing: it is asked of `alone`."""

    alone: Source

    def customers(self, ids: Collection[str]) -> dict[str, Customer]:
        """See `orders.Source`."""
        return self.alone.customers(ids)

    def doubtful(
        self, counting: Counting, window: Window, subjects: Collection[SubjectId]
    ) -> Mapping[SubjectId, Mapping[RejectReason, int]]:
        """See `orders.Source`."""
        return self.alone.doubtful(counting, window, subjects)

    def check(self, countings: Sequence[Counting], *, fix: bool = False) -> Iterator[Check]:
        """See `orders.Source`."""
        return self.alone.check(countings, fix=fix)

    def close(self) -> None:
        """Nothing: what was read goes with the context that it was read in."""
