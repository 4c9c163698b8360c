"""What answers to `whole` say: their rows as tallies, one by one or in columns, and the survey that they
add up to."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

import pyarrow as pa

from tercera.model import Evidence, Pair, RejectCount, RejectReason, SubjectId, Survey, Tally
from tercera.orders import SAMPLES
from tercera.relational.connection import STREAMED
from tercera.relational.databases.packing import packed
from tercera.relational.databases.row import Row
from tercera.relational.expressions.dialect import Dialect
from tercera.relational.expressions.placing import read_placed
from tercera.relational.expressions.tally import REASONS, Question
from tercera.relational.reading import in_columns
from tercera.tally.columns import TallyColumns
from tercera.windows import window_of_day


@dataclass
class _Rejects:
    rows: int = 0
    matching: int = 0
    samples: list[Mapping[str, str | None]] = field(default_factory=list)


@dataclass
class Seen:
    """What answers to `whole` say, added up as their rows come by."""

    question: Question
    dialect: Dialect
    names: Sequence[str]
    asked: Collection[Pair] | None = None
    rows: int = 0
    orders: int = 0
    pairs: int = 0
    newest: int | None = None
    rejects: dict[int, _Rejects] = field(default_factory=dict)

    def tallies(self, answer: Iterable[Sequence[Any]]) -> Iterator[Tally]:
        """The tallies that were asked for."""
        for numbers, evidence in self._pairs_of(answer):
            tally = self._tally(numbers, evidence)
            if self.asked is None or (tally.subject, tally.window) in self.asked:
                self._count(numbers)
                yield tally

    def columns(self, answer: Iterable[Sequence[Any]]) -> Iterator[TallyColumns]:
        """The same in columns, of a question that names no pairs."""
        return in_columns(self._batches(answer), self.question.counting)

    def count(self, reason: int | None, rows: int, matching: int, newest: int | None) -> None:
        """So many rows that are good, or rejects for a reason."""
        self.rows += rows
        if newest is not None:
            self.newest = max(newest, self.newest or newest)
        if reason is not None:
            rejects = self._rejected(reason)
            rejects.rows += rows
            rejects.matching += matching

    def show(self, reason: int, packed: str | None) -> None:
        """A sample of the rejects for a reason."""
        samples = self._rejected(reason).samples
        if len(samples) < SAMPLES:
            samples.append(self._sample(packed))

    def survey(self) -> Survey:
        """What was read."""
        totals = self.question.scope.totals
        rejects = {
            REASONS[place]: RejectCount(each.rows, each.matching, tuple(each.samples))
            for place, each in sorted(self.rejects.items())
        }
        newest = None if self.newest is None else read_placed(self.newest, self.question.counting.zone)
        orders, pairs = (self.orders, self.pairs) if totals else (0, 0)
        return Survey(self.rows, orders, rejects, pairs, newest)

    def short_of_samples(self) -> list[RejectReason]:
        """The reasons of which fewer samples came than could be shown."""
        return [
            REASONS[place]
            for place, each in self.rejects.items()
            if len(each.samples) < min(each.rows, SAMPLES)
        ]

    def put_samples(self, reason: RejectReason, packed: Iterable[Sequence[Any]]) -> None:
        """Samples of a reason, in the place of those that came."""
        self.rejects[REASONS.index(reason)].samples = [self._sample(sample) for (sample,) in packed]

    def _pairs_of(self, answer: Iterable[Sequence[Any]]) -> Iterator[tuple[Row, list[Row]]]:
        """The numbers of each pair and its evidence. What is of no pair is added up."""
        for (subject, _), rows in groupby(map(Row._make, answer), key=attrgetter("subject", "opens")):
            if subject is None:
                self._add(rows)
            else:
                numbers, *evidence = rows
                yield numbers, evidence

    def _batches(self, answer: Iterable[Sequence[Any]]) -> Iterator[pa.RecordBatch]:
        """No more rows are held as values than an answer streams at once, and those of one pair."""
        waiting: list[tuple[Row, list[Row]]] = []
        rows = 0
        for numbers, evidence in self._pairs_of(answer):
            self._count(numbers)
            waiting.append((numbers, evidence))
            rows += 1 + len(evidence)
            if rows >= STREAMED:
                yield self._packed(waiting)
                waiting, rows = [], 0
        if waiting:
            yield self._packed(waiting)

    def _packed(self, pairs: list[tuple[Row, list[Row]]]) -> pa.RecordBatch:
        return packed(pairs, self.dialect, totals=self.question.scope.totals)

    def _add(self, rows: Iterable[Row]) -> None:
        """Rows that are of no pair that is told of."""
        for row in rows:
            if row.place >= 0:
                self.show(int(row.reason or 0), row.sample)
                continue
            self._count(row)
            if row.reason is not None and row.sample is not None:
                for _ in range(min(int(row.rows), SAMPLES)):
                    self.show(int(row.reason), row.sample)

    def _rejected(self, reason: int) -> _Rejects:
        return self.rejects.setdefault(reason, _Rejects())

    def _count(self, row: Row) -> None:
        reason = None if row.reason is None else int(row.reason)
        self.count(reason, int(row.rows), int(row.matches), None if row.newest is None else int(row.newest))
        if reason is None:
            self.orders += int(row.orders)
            self.pairs += int(row.pairs)

    def _tally(self, numbers: Row, rows: Iterable[Row]) -> Tally:
        counting, zone = self.question.counting, self.question.counting.zone
        told_money = self.dialect.told_money
        evidence = tuple(
            Evidence(
                row.order_id or "",
                read_placed(int(row.first or 0), zone),
                row.status or "",
                told_money(row.amount),
            )
            for row in rows
        )
        return Tally(
            SubjectId(str(numbers.subject)),
            window_of_day(self.dialect.told_day(numbers.opens), counting.within).id,
            int(numbers.matched),
            int(numbers.orders) if self.question.scope.totals else 0,
            told_money(numbers.amount),
            None if numbers.first is None else read_placed(int(numbers.first), zone),
            None if numbers.last is None else read_placed(int(numbers.last), zone),
            evidence,
        )

    def _sample(self, packed: str | None) -> Mapping[str, str | None]:
        return dict(zip(self.names, json.loads(packed or "[]"), strict=False))
