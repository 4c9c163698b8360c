"""Several rules over one reading of a collection: the light tallies of sweeps in the same zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tercera.model import Counting, Customer, Placed, RejectReason, SubjectId, Survey, Tally
from tercera.mongo.columns import Columns
from tercera.mongo.question import Question
from tercera.mongo.survey import SurveyCount
from tercera.orders import Check, OrderFields, Reading, Recent, Scope, Source
from tercera.windows import Window

Sharer = tuple[Counting, Scope]
Answer = tuple[list[Tally], SurveyCount]


@dataclass
class SharedCollection:
    """`orders.Source` whose light tallies are read together, the first time that one of them is asked for.
    Each is given once; all else is asked of `alone`.

    `read` gives the answers to a group of questions, or None when they can't be read together; `newest` the
    newest order.
    """

    alone: Source
    read: Callable[[Sequence[Sharer]], list[Answer] | None]
    newest: Callable[[Counting, Recent], Placed | None]
    _groups: list[list[Sharer]]
    _answers: dict[Sharer, Answer] = field(default_factory=dict)

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """See `orders.Source`."""
        return Reading(self._tallies(counting, scope))

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
        """Nothing: there is nothing of its own."""

    def _tallies(self, counting: Counting, scope: Scope) -> Generator[Tally, None, Survey]:
        if (answer := self._answer(counting, replace(scope, recent=None))) is None:
            reading = self.alone.tally(counting, scope)
            yield from reading
            return reading.survey
        tallies, survey = answer
        if scope.recent:
            survey.newest = self.newest(counting, scope.recent)
        yield from tallies
        return survey.survey()

    def _answer(self, counting: Counting, scope: Scope) -> Answer | None:
        if scope.pairs is not None:
            return None
        asked = (counting, scope)
        for group in self._groups:
            if asked in group:
                self._groups.remove(group)
                self._answers |= dict(zip(group, self.read(group) or (), strict=False))
                break
        return self._answers.pop(asked, None)


def grouped(fields: OrderFields, asked: Sequence[Sharer]) -> list[list[Sharer]]:
    """The questions that can be read together: light ones, of one zone."""
    by_zone: dict[str, dict[Sharer, None]] = defaultdict(dict)
    for counting, scope in asked:
        if Columns(Question(fields, counting, scope)).can_be_asked:
            by_zone[counting.zone][counting, replace(scope, recent=None)] = None
    return [list(group) for group in by_zone.values() if len(group) > 1]
