"""Several rules over one reading of the files: those that count for the same field in the same zone share
what is kept. A question that it does not cover is asked of the files themselves, as that of a rule alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tercera.fields import OrderFields
from tercera.model import Counting, RejectReason, SubjectId, Survey, Tally
from tercera.orders import Reading, Scope
from tercera.relational.expressions.tally import Question
from tercera.relational.files.kept import Kept
from tercera.relational.files.staged import answer, columns, doubts
from tercera.relational.files.tables import Opened, refusing
from tercera.relational.groups import Group
from tercera.relational.statements import Statements
from tercera.tally.columns import ColumnReading, TallyColumns
from tercera.tally.sharing import SharedSource
from tercera.windows import Window


@dataclass
class SharedFiles(SharedSource):
    """`orders.Source` over one reading: for as long as its database is open, and for one question at a time.

    `open` makes the files known to that database; `demand` raises `SourceError` where they lack what a
    counting needs. What can't be shared is asked of `alone`, which also says what is wrong.
    """

    fields: OrderFields
    groups: Sequence[Group[Kept]]
    open: Callable[[], Opened]
    demand: Callable[[Opened, Counting], None]
    statements: Statements
    _opened: Opened | None = None

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """See `orders.Source`."""
        if scope.pairs is not None or (kept := self._kept_for(counting, scope)) is None:
            return Reading(self._tallies(counting, scope))
        return ColumnReading(self._columns(kept, counting, scope))

    def doubtful(
        self, counting: Counting, window: Window, subjects: Collection[SubjectId]
    ) -> Mapping[SubjectId, Mapping[RejectReason, int]]:
        """See `orders.Source`."""
        scope = Scope(window.start, window.end)
        if (kept := self._kept_for(counting, scope)) is None:
            return self.alone.doubtful(counting, window, subjects)
        with refusing("orders", kept.opened.files):
            return doubts(kept, Question(self.fields, counting, scope), subjects)

    def _tallies(self, counting: Counting, scope: Scope) -> Generator[Tally, None, Survey]:
        if (kept := self._kept_for(counting, scope)) is None:
            reading = self.alone.tally(counting, scope)
            yield from reading
            return reading.survey
        with refusing("orders", kept.opened.files):
            return (yield from answer(kept, Question(self.fields, counting, scope)))

    def _columns(self, kept: Kept, counting: Counting, scope: Scope) -> Generator[TallyColumns, None, Survey]:
        with refusing("orders", kept.opened.files):
            return (yield from columns(kept, Question(self.fields, counting, scope)))

    def _kept_for(self, counting: Counting, scope: Scope) -> Kept | None:
        for number, group in enumerate(self.groups):
            if group.covers(counting, scope):
                kept = group.kept_by(partial(self._keep, group, number))
                if kept is not None:
                    return kept
        return None

    def _keep(self, group: Group[Kept], number: int) -> Kept:
        if self._opened is None:
            self._opened = self.open()
        for when in group.several:
            self.demand(self._opened, replace(group.question.counting, when=when))
        # The lines that can't be read are those of the first scan, whatever is asked.
        unreadable = next((each.kept.unreadable for each in self.groups if each.kept), None)
        kept = Kept(self._opened, group.question, group.several, number, self.statements, unreadable)
        with refusing("orders", self._opened.files):
            kept.rows  # noqa: B018 - read now, so that a failure is seen before anything is answered
        return kept
