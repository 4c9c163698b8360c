"""A tally by the embedded engine: one scan of the files, then questions to a short-lived table.

What each row in scope says is kept in that table, which then answers:

1. the rows that were read, and the rejects by reason;
2. which orders may stand in more than one row (few, as a rule), by a hash that costs less than ids;
3. the tallies, where only the orders of step 2 must be told apart by their ids;
4. the evidence, when it is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import ibis.expr.types as ir
import pyarrow as pa

from tercera.model import (
    Counting,
    Evidence,
    Pair,
    Period,
    Placed,
    RejectCount,
    RejectReason,
    SubjectId,
    Survey,
    Tally,
    WindowId,
)
from tercera.orders import DOUBTFUL, SAMPLES
from tercera.relational.embedded import Database, fingerprint
from tercera.relational.engines.duckdb import DuckDialect
from tercera.relational.placing import number_of, read_placed
from tercera.relational.repeats import repeated
from tercera.relational.tables import Opened
from tercera.relational.tally import (
    REASON,
    REASONS,
    Question,
    doubtful,
    evidence,
    judged,
    orders,
    read,
    rejected,
    tallies,
)
from tercera.windows import parse_window, window_of_day

_RARE = 1_000
"""Up to so many rejects of a reason, its samples are looked for together with those of other rare reasons."""

_WHOLE = 2**60
"""More rows than there are. DuckDB works out a column wherever a filter asks for it, again and again, but not
beyond a limit."""

_NUMBERS = ("subject", "opens", "matched", "orders", "amount", "first", "last")
_EVIDENCE = ("order_id", "placed", "status", "cost")


def answer(opened: Opened, question: Question) -> Generator[Tally, None, Survey]:
    """The tallies that are asked for, and the survey of what was read for them."""
    database = opened.database
    told = database.view("told", read(opened.rows, DuckDialect(), question))
    counting = judged(opened.rows.over(told), DuckDialect(), question)
    if question.scope.pairs is not None:
        counting = _only_asked(database, counting, question)
    kept = database.keep("kept", counting)
    survey = _survey(opened, kept, told, question)
    each = _distinct(database, kept.filter(kept.reason.isnull()), survey.orders)
    counted = database.keep("counted", tallies(each))
    [(pairs, distinct)] = database.rows(counted.agg(pairs=counted.count(), orders=counted.orders.sum()))
    if question.scope.pairs is None:
        counted = counted.filter(counted.matched >= question.scope.at_least)
    if question.counting.evidence:
        given = _with_evidence(database, each, counted, question.counting)
    else:
        given = _without(database, counted, question.counting)
    if question.scope.pairs is not None:
        given = _each_asked(given, question.scope.pairs)
    yield from given
    return Survey(survey.rows, int(distinct or 0), survey.rejects, pairs, survey.newest)


def _newest(database: Database, kept: ir.Table, question: Question) -> Placed | None:
    recent, zone = question.scope.recent, question.counting.zone
    if recent is None or question.scope.pairs is not None:
        return None
    first, last = number_of(recent.since), number_of(recent.until.astimezone(ZoneInfo(zone)))
    inside = kept.filter(kept.dated.between(first, last))
    [(newest,)] = database.rows(inside.agg(newest=inside.dated.max()))
    return None if newest is None else read_placed(newest, zone)


def doubts(
    opened: Opened, question: Question, subjects: Collection[SubjectId]
) -> dict[SubjectId, dict[RejectReason, int]]:
    """See `orders.Source.doubtful`."""
    database = opened.database
    told = database.view("told", read(opened.rows, DuckDialect(), question)).limit(_WHOLE)
    rows = doubtful(opened.rows.over(told), DuckDialect(), question, DOUBTFUL)
    asked = database.given("asked", pa.table({"subject": pa.array(sorted(subjects), pa.string())}))
    rows = rows.semi_join(asked, "subject")
    counted = rows.group_by("subject", REASON).agg(
        known=rows.order_id.nunique(), unknown=rows.count(where=rows.order_id.isnull())
    )
    found: dict[SubjectId, dict[RejectReason, int]] = {}
    for subject, place, known, unknown in database.rows(counted):
        found.setdefault(SubjectId(subject), {})[REASONS[place]] = known + unknown
    return found


def _only_asked(database: Database, read: ir.Table, question: Question) -> ir.Table:
    asked = question.scope.pairs or ()
    within = question.counting.within
    table = pa.table(
        {
            "subject": pa.array([subject for subject, _ in asked], pa.string()),
            "opens": pa.array([parse_window(window, within).start for _, window in asked], pa.date32()),
        }
    )
    pairs = database.given("asked", table)
    return read.filter(read.reason.isnull()).semi_join(pairs, ["subject", "opens"])


def _each_asked(given: Iterator[Tally], asked: Collection[Pair]) -> Iterator[Tally]:
    """A tally for each pair that was asked for, zeros for those of which there is nothing."""
    left: set[Pair] = set(asked)
    for tally in given:
        left.discard((tally.subject, tally.window))
        yield tally
    for subject, window in sorted(left):
        yield Tally(subject, window, 0, 0)


def _survey(opened: Opened, kept: ir.Table, told: ir.Table, question: Question) -> Survey:
    """Rows and rejects; `orders` holds the number of good rows for now."""
    # Of the scan that has just been made: looking for samples scans again.
    lines = opened.unreadable() if question.scope.pairs is None else RejectCount(0, 0)
    counts = kept.group_by("reason").agg(rows=kept.count(), matching=kept.count(where=kept.matching))
    found = {reason: (rows, matching) for reason, rows, matching in opened.database.rows(counts)}
    good, _ = found.pop(None, (0, 0))
    rejects = {REASONS[place]: counted for place, counted in sorted(found.items())}
    samples = _samples(opened, told, {reason: rows for reason, (rows, _) in rejects.items()})
    answer = {
        reason: RejectCount(rows, matching, tuple(samples[reason]))
        for reason, (rows, matching) in rejects.items()
    }
    if lines.rows:
        answer = {RejectReason.UNREADABLE_ROW: lines, **answer}
    rows = good + sum(count.rows for count in answer.values())
    return Survey(rows, good, answer, newest=_newest(opened.database, kept, question))


Sample = Mapping[str, str | None]


def _samples(
    opened: Opened, told: ir.Table, counts: Mapping[RejectReason, int]
) -> dict[RejectReason, list[Sample]]:
    """A few rejects of each reason: the first that come up of frequent ones, one scan for all rare ones."""
    told, columns = told.limit(_WHOLE), opened.rows.table.columns
    rare = [reason for reason, rows in counts.items() if rows <= _RARE]
    samples: dict[RejectReason, list[Sample]] = {reason: [] for reason in counts}
    asked = [rejected(told, [reason], columns).limit(SAMPLES) for reason in counts if reason not in rare]
    if rare:
        asked.append(rejected(told, rare, columns))
    for question_of_some in asked:
        shown, names = opened.shown(question_of_some)
        for place, *values in opened.database.stream(shown, (REASON, *names)):
            if len(samples[REASONS[place]]) < SAMPLES:
                samples[REASONS[place]].append(opened.sample(dict(zip(names, values, strict=True))))
    return samples


def _distinct(database: Database, good: ir.Table, rows: int) -> ir.Table:
    """The orders of so many good rows, one row an order of a pair.

    A hash that stands once belongs to an id that stands once: such a row is its order already.
    """
    marked = good.mutate(mark=fingerprint(good.order_id))
    shared = repeated(database, marked, rows)
    if shared is None:
        return good
    told_apart = database.keep("told_apart", orders(marked.semi_join(shared, "mark")))
    columns = ("subject", "opens", "order_id", "matching", "placed", "amount", "status")
    return marked.anti_join(shared, "mark").select(*columns).union(told_apart.select(*columns))


def _without(database: Database, counted: ir.Table, counting: Counting) -> Iterator[Tally]:
    for numbers in database.stream(counted, _NUMBERS):
        yield _tally(numbers, counting, ())


def _with_evidence(
    database: Database, each: ir.Table, counted: ir.Table, counting: Counting
) -> Iterator[Tally]:
    told = evidence(each, counted, counting.evidence)
    stream = database.stream(told, _NUMBERS + _EVIDENCE)
    for numbers, rows in groupby(stream, key=lambda row: row[: len(_NUMBERS)]):
        shown = (row[len(_NUMBERS) :] for row in rows)
        yield _tally(numbers, counting, tuple(_shown(one, counting) for one in shown if one[0] is not None))


def _tally(numbers: tuple[Any, ...], counting: Counting, shown: tuple[Evidence, ...]) -> Tally:
    subject, opens, matched, count, amount, first, last = numbers
    return Tally(
        SubjectId(subject),
        _window_id(opens, counting.within),
        matched,
        count,
        amount,
        None if first is None else read_placed(first, counting.zone),
        None if last is None else read_placed(last, counting.zone),
        shown,
    )


def _shown(one: tuple[Any, ...], counting: Counting) -> Evidence:
    order_id, placed, status, amount = one
    return Evidence(order_id, read_placed(placed, counting.zone), status, amount)


@lru_cache(maxsize=4096)
def _window_id(opens: date, within: Period) -> WindowId:
    return window_of_day(opens, within).id
