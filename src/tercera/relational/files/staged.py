"""A tally by the embedded engine: one scan of the files, then questions to a short-lived table.

What each row in scope says is kept in that table, which then answers:

1. the rows that were read, and the rejects by reason;
2. which orders may stand in more than one row (few, as a rule), by a hash that costs less than ids;
3. the tallies, where only the orders of step 2 must be told apart by their ids;
4. the evidence, when it is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from tercera.model import Counting, Pair, Placed, RejectCount, RejectReason, SubjectId, Survey, Tally
from tercera.relational.embedded import Database
from tercera.relational.expressions.placing import number_of, read_placed
from tercera.relational.expressions.tally import REASON, REASONS, Question, evidence, orders, tallies
from tercera.relational.files import passes
from tercera.relational.files.kept import Kept
from tercera.relational.matched import MOST
from tercera.relational.reading import in_columns
from tercera.tally.columns import TallyColumns

ByReason = Mapping[int | None, tuple[int, int]]
"""By the place of a reason (None: good rows) how many rows there are, and how many of them match."""


def answer(kept: Kept, question: Question) -> Generator[Tally, None, Survey]:
    """The tallies that are asked for, and the survey of what was read for them."""
    counted = _counted(kept, question)
    given = (tally for some in counted.columns() for tally in some.tell(None))
    yield from given if question.scope.pairs is None else _each_asked(given, question.scope.pairs)
    return counted.survey


def columns(kept: Kept, question: Question) -> Generator[TallyColumns, None, Survey]:
    """The same of a question that names no pairs, in columns."""
    counted = _counted(kept, question)
    yield from counted.columns()
    return counted.survey


@dataclass(frozen=True, slots=True)
class _Counted:
    """Tallies before they are taken, and the survey of what was read for them."""

    told: Iterator[pa.RecordBatch]
    counting: Counting
    survey: Survey

    def columns(self) -> Iterator[TallyColumns]:
        return in_columns(self.told, self.counting)


def _counted(kept: Kept, question: Question) -> _Counted:
    if passes.suits(kept, question):
        return _in_passes(kept, question)
    if _is_of_several(kept, question):
        return _of_several(kept, question)
    database, scope = kept.database, question.scope
    rows = kept.of(question)
    counts = rows.group_by("reason").agg(rows=rows.count(), matching=rows.count(where=rows.matching))
    survey, good_rows, matching_rows = _survey(kept, _by_reason(kept, counts), question)
    survey = replace(survey, newest=_newest(database, rows, question))
    is_light = not scope.totals and (scope.pairs is not None or scope.at_least > 0)
    good = rows.filter(rows.reason.isnull())
    good = good.filter(good.matching) if is_light else good
    each = _distinct(kept, good, matching=is_light) if matching_rows or (good_rows and not is_light) else good
    counted = database.keep("counted", tallies(each))
    if is_light:
        counted = counted.mutate(orders=ibis.literal(0, "int64"))
    else:
        survey = _with_orders(database, survey, counted)
    if scope.pairs is None:
        counted = counted.filter(counted.matched >= scope.at_least)
    if question.counting.evidence:
        counted = evidence(each, counted, question.counting.evidence)
    return _Counted(database.batches(counted), question.counting, survey)


def _is_of_several(kept: Kept, question: Question) -> bool:
    """Whether what matches is all that one of several rules wants to know. Of one way to match alone the rows
    themselves are counted as quickly as a table of those that match is made."""
    scope = question.scope
    is_light = scope.pairs is None and not scope.totals and scope.at_least > 0
    return is_light and 1 < len(kept.several) <= MOST


def _of_several(kept: Kept, question: Question) -> _Counted:
    database, counting, scope = kept.database, question.counting, question.scope
    bit = kept.bit(question)
    survey, _, _ = _survey(kept, kept.matched.counted(scope, bit), question)
    if scope.recent is not None:
        survey = replace(survey, newest=_newest(database, kept.of(question), question))
    asked = (kept.number, counting, replace(scope, recent=None), bit)
    told = kept.statements.of(asked, lambda: database.sql(kept.matched.tallies(question, bit)))
    return _Counted(database.batches_of(told), counting, survey)


def _in_passes(kept: Kept, question: Question) -> _Counted:
    database, groups = kept.database, passes.groups(kept, question)
    counts = groups.group_by("reason").agg(
        rows=groups.rows.sum().cast("int64"), matching=groups.matches.sum().cast("int64")
    )
    survey, _, _ = _survey(kept, _by_reason(kept, counts), question)
    counted = database.keep("counted", passes.tallies(groups))
    survey = _with_orders(database, survey, counted)
    told = counted.filter(counted.matched >= question.scope.at_least)
    return _Counted(database.batches(told), question.counting, survey)


def _with_orders(database: Database, survey: Survey, counted: ir.Table) -> Survey:
    [(pairs, orders)] = database.rows(counted.agg(pairs=counted.count(), orders=counted.orders.sum()))
    return replace(survey, pairs=pairs, orders=int(orders or 0))


def _newest(database: Database, kept: ir.Table, question: Question) -> Placed | None:
    recent, zone = question.scope.recent, question.counting.zone
    if recent is None or question.scope.pairs is not None:
        return None
    first, last = number_of(recent.since), number_of(recent.until.astimezone(ZoneInfo(zone)))
    inside = kept.filter(kept.dated.between(first, last))
    [(newest,)] = database.rows(inside.agg(newest=inside.dated.max()))
    return None if newest is None else read_placed(newest, zone)


def doubts(
    kept: Kept, question: Question, subjects: Collection[SubjectId]
) -> dict[SubjectId, dict[RejectReason, int]]:
    """See `orders.Source.doubtful`."""
    database, rows = kept.database, kept.doubted(question)
    asked = database.given("asked", pa.table({"subject": pa.array(sorted(subjects), pa.string())}))
    rows = rows.semi_join(asked, "subject")
    counted = rows.group_by("subject", REASON).agg(
        known=rows.order_id.nunique(), unknown=rows.count(where=rows.order_id.isnull())
    )
    found: dict[SubjectId, dict[RejectReason, int]] = {}
    for subject, place, known, unknown in database.rows(counted):
        found.setdefault(SubjectId(subject), {})[REASONS[place]] = known + unknown
    return found


def _each_asked(given: Iterator[Tally], asked: Collection[Pair]) -> Iterator[Tally]:
    """A tally for each pair that was asked for, zeros for those of which there is nothing."""
    left: set[Pair] = set(asked)
    for tally in given:
        left.discard((tally.subject, tally.window))
        yield tally
    for subject, window in sorted(left):
        yield Tally(subject, window, 0, 0)


def _by_reason(kept: Kept, counts: ir.Table) -> ByReason:
    return {reason: (rows, matching) for reason, rows, matching in kept.database.rows(counts)}


def _survey(kept: Kept, found: ByReason, question: Question) -> tuple[Survey, int, int]:
    """Rows and rejects; how many rows are good, and how many of those match."""
    scope = question.scope
    good, matching_rows = found.get(None, (0, 0))
    known = [(place, counted) for place, counted in found.items() if place is not None]
    rejects = {REASONS[place]: counted for place, counted in sorted(known)}
    samples = kept.samples(scope, {reason: rows for reason, (rows, _) in rejects.items()}) if rejects else {}
    answer = {
        reason: RejectCount(rows, matching, tuple(samples[reason]))
        for reason, (rows, matching) in rejects.items()
    }
    if scope.pairs is None and kept.unreadable and kept.unreadable.rows:
        answer = {RejectReason.UNREADABLE_ROW: kept.unreadable, **answer}
    total = good + sum(count.rows for count in answer.values())
    return Survey(total, 0, answer), good, matching_rows


def _distinct(kept: Kept, good: ir.Table, *, matching: bool) -> ir.Table:
    """The orders of these good rows, one row an order of a pair.

    A hash that stands once belongs to an id that stands once: such a row is its order already.
    """
    shared = kept.marks(matching=matching)
    if shared is None:
        return good
    marked = kept.marked(good)
    told_apart = kept.database.keep("told_apart", orders(marked.semi_join(shared, "mark")))
    columns = ("subject", "opens", "order_id", "matching", "placed", "amount", "status")
    return marked.anti_join(shared, "mark").select(*columns).union(told_apart.select(*columns))
