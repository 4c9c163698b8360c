"""Several rules over one reading of a collection: the light tallies of sweeps in the same zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace

from tercera.fields import OrderFields
from tercera.model import Counting, Placed, Survey
from tercera.mongo.pipelines.question import Question
from tercera.mongo.rows.columns import Columns
from tercera.mongo.rows.counting import in_columns
from tercera.mongo.rows.together import Answer
from tercera.orders import Reading, Recent, Scope
from tercera.tally.columns import ColumnReading, TallyColumns
from tercera.tally.sharing import SharedSource

Sharer = tuple[Counting, Scope]


@dataclass
class SharedCollection(SharedSource):
    """`orders.Source` whose light tallies are read together, the first time that one of them is asked for.
    Each is given once; all else is asked of `alone`.

    `columns` gives the light tallies of a rule alone; `read` the answers to a group of questions, or None
    when they can't be read together; `newest` the newest order.
    """

    columns: Callable[[Counting, Scope], Generator[TallyColumns, None, Survey]]
    read: Callable[[Sequence[Sharer]], list[Answer] | None]
    newest: Callable[[Counting, Recent], Placed | None]
    _groups: list[list[Sharer]]
    _answers: dict[Sharer, Answer] = field(default_factory=dict)

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """See `orders.Source`."""
        if scope.pairs is not None or scope.totals:
            return self.alone.tally(counting, scope)
        return ColumnReading(self._columns(counting, scope))

    def _columns(self, counting: Counting, scope: Scope) -> Generator[TallyColumns, None, Survey]:
        if (answer := self._answer(counting, replace(scope, recent=None))) is None:
            return (yield from self.columns(counting, scope))
        marked, survey = answer
        if scope.recent:
            survey.newest = self.newest(counting, scope.recent)
        yield in_columns(marked)
        return survey.survey()

    def _answer(self, counting: Counting, scope: Scope) -> Answer | None:
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
