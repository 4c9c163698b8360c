"""A source whose orders are counts: what sweeps need, in no time, for tests of what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from tercera.model import Counting, Customer, Evidence, RejectReason, SubjectId, Survey, Tally, WindowId
from tercera.orders import Check, Reading, Scope
from tercera.windows import Window, parse_window


class Counted:
    """Returned orders by (customer, window). Every customer also kept one order in each window."""

    def __init__(self, counts: Mapping[tuple[str, str], int]) -> None:
        self._counts = counts

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """See `Source`."""
        return Reading(self._tallies(counting, scope))

    def customers(self, ids: Collection[str]) -> dict[str, Customer]:
        """Everybody has an address."""
        return {each: Customer(each, each.title(), f"{each}@example.com") for each in ids}

    def doubtful(
        self, counting: Counting, window: Window, subjects: Collection[SubjectId]
    ) -> Mapping[SubjectId, Mapping[RejectReason, int]]:
        """Every count is certain."""
        return {}

    def check(self, countings: Sequence[Counting], *, fix: bool = False) -> Iterator[Check]:
        """Nothing to look at."""
        yield from ()

    def close(self) -> None:
        """Nothing to let go of."""

    def _tallies(self, counting: Counting, scope: Scope) -> Generator[Tally, None, Survey]:
        pairs = dict.fromkeys([*self._counts, *(scope.pairs or ())])
        read = 0
        for subject, name in pairs:
            window = parse_window(name, counting.within)
            inside = (scope.start is None or window.start >= scope.start) and (
                scope.end is None or window.end <= scope.end
            )
            asked = scope.pairs is None or (subject, name) in scope.pairs
            count = self._counts.get((subject, name), 0)
            read += inside
            if inside and asked and count >= (0 if scope.pairs is not None else scope.at_least):
                tally = _tally(subject, name, count, window.start)
                yield tally if scope.totals else replace(tally, orders=0)
        return Survey(rows=read, orders=read, pairs=read)


def _tally(subject: str, window: str, count: int, first: date) -> Tally:
    orders = tuple(
        Evidence(f"{subject}-{number}", first.replace(day=1 + number % 28), "returned")
        for number in range(count)
    )
    return Tally(SubjectId(subject), WindowId(window), count, count + 1, evidence=orders)
