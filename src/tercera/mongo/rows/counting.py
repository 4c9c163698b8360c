"""One rule's tallies from rows that were read for it, maybe together with others (`reading`).

1. The rows of its windows that match come together by (subject, window), as numbers in columns.
2. Only pairs that have enough of them are looked at further: distinct orders, amounts, evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from operator import itemgetter
from typing import Any

import numpy as np

from tercera.model import Evidence, Pair, SubjectId, Tally, WindowId
from tercera.mongo.pipelines.question import Question
from tercera.mongo.rows.matching import Integers, MatchingRow
from tercera.mongo.rows.reading import Reader
from tercera.mongo.rows.survey import SurveyCount
from tercera.mongo.rows.values import amount_of
from tercera.tally.columns import TallyColumns, mark_of, of_tallies

Marked = tuple[Tally, int]
"""A tally and its mark."""

Kept = dict[Pair, tuple[list[MatchingRow], list[type], Marked]]
"""What the matching rows of a pair came to: the same tally in sweep after sweep while they are the same."""

_NONE = -1
_WHEN_AND_WHICH = itemgetter(0, 1)
"""By which the orders of a pair are sorted; stored amounts need not be comparable."""


@dataclass
class Counted:
    """What one rule makes of the rows that a reader has read to their end."""

    question: Question
    reader: Reader
    kept: Kept

    def tallies(self) -> Iterator[Marked]:
        """Of the pairs that have enough matching orders."""
        names, least = self.reader.subjects, self.question.scope.at_least
        for subject, window, rows in self._pairs(least):
            pair = SubjectId(names[subject]), self._windows[window]
            if tally := self._tally(pair, rows, least):
                yield tally

    def add_to(self, survey: SurveyCount) -> None:
        """Counts the rows of the rule's windows, and those of no day: good ones, and rejects by reason."""
        good = sum(rows for day, rows in self.reader.good.items() if self._has(day))
        survey.add({"_id": None, "n": good, "k": 0, "p": 0})
        place = self.reader.whens.index(self.question.counting.when)
        for reject in self.reader.rejects:
            if reject.day is None or self._has(reject.day):
                key = {"r": reject.reason, "m": reject.way[place]}
                survey.add({"_id": key, "n": 1, "e": [reject.sample]})

    @cached_property
    def _windows(self) -> list[WindowId]:
        return [window.id for window in self.question.windows or ()]

    @cached_property
    def _first(self) -> int:
        windows = self.question.windows
        return windows[0].start.toordinal() if windows else date.max.toordinal()

    @cached_property
    def _by_day(self) -> Integers:
        """The place of the window of each day from the first window's first day on."""
        windows = self.question.windows or ()
        table = np.full(windows[-1].end.toordinal() - self._first if windows else 0, _NONE, np.int64)
        for place, window in enumerate(windows):
            table[window.start.toordinal() - self._first : window.end.toordinal() - self._first] = place
        return table

    def _has(self, day: int) -> bool:
        offset = day - self._first
        return 0 <= offset < len(self._by_day) and bool(self._by_day[offset] != _NONE)

    def _pairs(self, least: int) -> Iterator[tuple[int, int, list[MatchingRow]]]:
        """The subject's number, the window's place, and the rows of each pair that has enough."""
        found = self.reader.columns
        place = self.reader.whens.index(self.question.counting.when)
        matches = np.array([way[place] for way in self.reader.ways], np.bool_)
        offsets = found.days - self._first
        inside = (offsets >= 0) & (offsets < len(self._by_day))
        chosen = np.flatnonzero(inside & matches[found.ways]) if len(offsets) else np.empty(0, np.int64)
        windows = self._by_day[offsets[chosen]]
        chosen, windows = chosen[windows != _NONE], windows[windows != _NONE]
        pairs = found.subjects[chosen] * (len(self._windows) + 1) + windows
        order = np.argsort(pairs, kind="stable")
        pairs, chosen = pairs[order], chosen[order]
        starts = np.flatnonzero(np.diff(pairs, prepend=_NONE))
        sizes = np.diff(starts, append=len(pairs))
        rows = self.reader.rows
        for start, size in zip(starts[sizes >= least].tolist(), sizes[sizes >= least].tolist(), strict=True):
            subject, window = divmod(int(pairs[start]), len(self._windows) + 1)
            yield subject, window, [rows[each] for each in chosen[start : start + size].tolist()]

    def _tally(self, pair: Pair, rows: list[MatchingRow], least: int) -> Marked | None:
        if len({row[1] for row in rows}) < len(rows):
            rows = _merged(rows)
        if len(rows) < least:
            return None
        rows.sort(key=_WHEN_AND_WHICH)
        types = [type(row[3]) for row in rows]  # True equals 1
        known = self.kept.get(pair)
        if known is None or known[0] != rows or known[1] != types:
            tally = _told(pair, rows, self.question.counting.evidence)
            self.kept[pair] = known = rows, types, (tally, mark_of(tally))
        return known[-1]


def in_columns(marked: Sequence[Marked]) -> TallyColumns:
    """Tallies as what looks at very many of them takes them."""
    return of_tallies([tally for tally, _ in marked], [mark for _, mark in marked])


def _told(pair: Pair, rows: Sequence[MatchingRow], cap: int) -> Tally:
    amounts = [amount_of(row[3]) for row in rows]
    readable = [amount for amount in amounts if amount is not None]
    shown = zip(rows[:cap], amounts, strict=False)
    return Tally(
        *pair,
        matched=len(rows),
        orders=0,
        amount=sum(readable, Decimal(0)) if readable else None,
        first_at=rows[0][-1],
        last_at=rows[-1][-1],
        evidence=tuple(Evidence(row[1], row[-1], row[2], amount) for row, amount in shown),
    )


def _merged(rows: Iterable[MatchingRow]) -> list[MatchingRow]:
    """The distinct orders: of the rows of each the earliest time, the smallest status, the largest amount."""
    orders: dict[str, MatchingRow] = {}
    for row in rows:
        order_id = row[1]
        if (known := orders.get(order_id)) is None:
            orders[order_id] = row
            continue
        instant, _, status, amount, placed = known
        if row[0] < instant:
            instant, placed = row[0], row[-1]
        orders[order_id] = (instant, order_id, min(status, row[2]), _larger(amount, row[3]), placed)
    return list(orders.values())


def _larger(one: Any, other: Any) -> Any:
    """That of two stored amounts that reads as the larger number."""
    first, second = amount_of(one), amount_of(other)
    return one if second is None or (first is not None and first >= second) else other
