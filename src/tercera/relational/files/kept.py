"""What the rows of some files say, read once and kept in a short-lived table: for one rule, or for several.

Several rules share it when they count for the same field in the same zone: each has a column that says which
rows it matches, and every window of theirs is made of whole days. The files are read once more for samples of
rejects and, where somebody is told of them, for the rejects that could count; both are kept as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from tercera.model import RejectCount, RejectReason
from tercera.orders import DOUBTFUL, SAMPLES, Scope
from tercera.relational.embedded import Database, fingerprint
from tercera.relational.engines.duckdb import DuckDialect
from tercera.relational.expressions.tally import (
    REASON,
    REASONS,
    Question,
    When,
    doubtful,
    in_scope,
    judged,
    of_one,
    read,
    rejected,
)
from tercera.relational.files.repeats import repeated
from tercera.relational.files.tables import Opened
from tercera.relational.matched import Matched, is_in, matched
from tercera.relational.statements import Statements
from tercera.windows import parse_window

_RARE = 1_000
"""Up to so many rejects of a reason, its samples are looked for together with those of other rare reasons."""

_NOT_VERY_MANY = 100_000
"""Up to so many rejects of a reason, some of each day are looked for; of more, the first come up quickly."""

_WHOLE = 2**60
"""More rows than there are. DuckDB works out a column wherever a filter asks for it, again and again, but not
beyond a limit."""

Sample = Mapping[str, str | None]
Samples = dict[RejectReason, list[Sample]]


@dataclass
class Kept:
    """The rows that `question` asks for. With `several`, it is the widest question of rules whose `when`
    these are; `number` tells apart what is kept in one database."""

    opened: Opened
    question: Question
    several: tuple[When, ...] = ()
    number: int = 0
    statements: Statements = field(default_factory=Statements)
    unreadable: RejectCount | None = None
    """Lines that have not the shape of the others; None before the files were scanned."""

    _marks: dict[bool, ir.Table | None] = field(default_factory=dict)
    _samples: dict[tuple[date | None, date | None], Samples] = field(default_factory=dict)
    _doubted: ir.Table | None = None

    @cached_property
    def told(self) -> ir.Table:
        """The rows in scope, as `read` tells them; not kept."""
        return self.database.view(f"told_{self.number}", read(self.opened.rows, DuckDialect(), self.question))

    @cached_property
    def rows(self) -> ir.Table:
        """The rows in scope, as `judged` tells them."""
        counting = judged(self.opened.rows.over(self.told), DuckDialect(), self.question, self.several)
        if not self.several:
            counting = only_asked(self.database, counting, self.question)
        kept = self.database.keep(f"kept_{self.number}", counting)
        if self.unreadable is None:
            # Of the scan that has just been made: looking for samples scans again.
            self.unreadable = self.opened.unreadable()
        return kept

    @property
    def is_read(self) -> bool:
        """Whether the rows are there already."""
        return "rows" in self.__dict__

    @property
    def database(self) -> Database:
        """Where it is kept."""
        return self.opened.database

    def of(self, question: Question) -> ir.Table:
        """The rows of one rule's question, as `judged` tells them."""
        if not self.several:
            return self.rows
        own = of_one(
            self.rows, DuckDialect(), self._place(question), question.counting.within, question.scope
        )
        return only_asked(self.database, own, question)

    def marked(self, rows: ir.Table) -> ir.Table:
        """Good rows with a number that tells most orders apart."""
        return rows.mutate(mark=fingerprint(rows.order_id))

    def marks(self, *, matching: bool) -> ir.Table | None:
        """The `mark`s that more than one of the good rows has, or of those that match a rule; None when there
        are none."""
        if matching not in self._marks:
            good = self.rows.filter(self.rows.reason.isnull())
            good = good.filter(good.matching) if matching else good
            [(rows,)] = self.database.rows(good.agg(rows=good.count()))
            name = f"repeated_{self.number}_{'matching' if matching else 'all'}"
            self._marks[matching] = repeated(self.database, self.marked(good), rows, name)
        return self._marks[matching]

    def bit(self, question: Question) -> int:
        """By which number the rows that match a rule are known in `matched`."""
        return 1 << self._place(question)

    @cached_property
    def matched(self) -> Matched:
        """What several rules match."""
        marks = self.marks(matching=True)
        name = f"matched_{self.number}"
        return matched(self.database, name, self.marked(self.rows), len(self.several), marks)

    def samples(self, scope: Scope, counts: Mapping[RejectReason, int]) -> Samples:
        """A few of the rejects in scope, of which there are so many for each reason."""
        bounds = (scope.start, scope.end)
        if bounds not in self._samples:
            left = {reason: rows for reason, rows in counts.items() if reason not in self._each_day}
            told = in_scope(self.told, DuckDialect(), scope)
            own = {
                reason: [sample for day, sample in self._each_day[reason] if is_in(day, scope)][:SAMPLES]
                for reason in counts.keys() - left.keys()
            }
            self._samples[bounds] = own | (self._sampled(told, left) if left else {})
        return self._samples[bounds]

    @cached_property
    def _each_day(self) -> dict[RejectReason, list[tuple[date | None, Sample]]]:
        """A few rejects of each day, looked for once for several rules: of reasons with not very many."""
        if len(self.several) < 2:
            return {}
        rejects = self.rows.filter(self.rows.reason.notnull())
        counts = self.database.rows(rejects.group_by("reason").agg(rows=rejects.count()))
        found: dict[RejectReason, list[tuple[date | None, Sample]]] = {
            REASONS[place]: [] for place, rows in counts if rows <= _NOT_VERY_MANY
        }
        told = self.told.limit(_WHOLE).mutate(tercera_day=self.told.tercera_clock.date())
        asked = rejected(told, list(found), ("tercera_day", *self.opened.rows.table.columns))
        place = ibis.row_number().over(group_by=[REASON, "tercera_day"])
        asked = asked.mutate(tercera_place=place)
        shown, names = self.opened.shown(asked.filter(asked.tercera_place < SAMPLES))
        for reason, day, *values in self.database.stream(shown, (REASON, "tercera_day", *names)):
            own = self.opened.sample(dict(zip(names, values, strict=True)))
            found[REASONS[reason]].append((day, own))
        return found

    def doubted(self, question: Question) -> ir.Table:
        """The rejects that could count in the question's window: REASON, `subject`, `order_id`."""
        rows = self.opened.rows.over(self.told.limit(_WHOLE))
        if not self.several:
            return doubtful(rows, DuckDialect(), question, DOUBTFUL)
        if self._doubted is None:
            every = doubtful(rows, DuckDialect(), self.question, DOUBTFUL, self.several)
            self._doubted = self.database.keep(f"doubted_{self.number}", every)
        found, scope = self._doubted, question.scope
        found = found.filter(found[f"matching_{self._place(question)}"])
        return in_scope(found, DuckDialect(), scope, "clock")

    def _place(self, question: Question) -> int:
        return self.several.index(question.counting.when)

    def _sampled(self, told: ir.Table, counts: Mapping[RejectReason, int]) -> Samples:
        """The first that come up of frequent reasons, one scan for all rare ones."""
        told, columns = told.limit(_WHOLE), self.opened.rows.table.columns
        rare = [reason for reason, rows in counts.items() if rows <= _RARE]
        samples: dict[RejectReason, list[Sample]] = {reason: [] for reason in counts}
        asked = [rejected(told, [reason], columns).limit(SAMPLES) for reason in counts if reason not in rare]
        if rare:
            asked.append(rejected(told, rare, columns))
        for question_of_some in asked:
            shown, names = self.opened.shown(question_of_some)
            for place, *values in self.database.stream(shown, (REASON, *names)):
                if len(samples[REASONS[place]]) < SAMPLES:
                    own = dict(zip(names, values, strict=True))
                    samples[REASONS[place]].append(self.opened.sample(own))
        return samples


def only_asked(database: Database, rows: ir.Table, question: Question) -> ir.Table:
    """The good rows of the pairs that are asked for; all rows where none are named."""
    if question.scope.pairs is None:
        return rows
    asked, within = question.scope.pairs, question.counting.within
    table = pa.table(
        {
            "subject": pa.array([subject for subject, _ in asked], pa.string()),
            "opens": pa.array([parse_window(window, within).start for _, window in asked], pa.date32()),
        }
    )
    pairs = database.given("asked", table)
    return rows.filter(rows.reason.isnull()).semi_join(pairs, ["subject", "opens"])
