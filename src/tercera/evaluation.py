"""Which of very many pairs can't have moved: told from columns, without a value for each pair.

What `rules.judge` and `lifecycle.reconcile` would say is certain of a pair

1. that is not known and reaches no level: nothing is there, and nothing was;
2. whose alert is closed: that is final;
3. whose alert is open at the level that the count reaches, which has been told (or recorded) as its highest,
   and where the rule tells of easings as its last, in a window that is not over for good, with the very
   orders that it had when it was last compared: then neither the count nor the clock moves it, and no
   silence has anything to keep back.

For certain a pair moved that reaches a level and is not known, and one of the third kind with other orders.
All the rest is looked at one by one. `tests/property/test_evaluation.py` holds both together against a look
at every pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tercera.columns import TallyColumns
from tercera.marks import Marks
from tercera.model import Reason, State
from tercera.pairs import PairIndex, of_pairs
from tercera.rules import Rule
from tercera.windows import parse_window

MOST = 5_000_000
"""Of so many tallies of a rule the marks are remembered: 40 bytes each."""

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
_NOWHERE = -1


@dataclass(frozen=True)
class Standings:
    """The alerts that are known of a rule, as columns. `level` and `peak` are ranks (see `Rule.rank`);
    `digest` is the mark of the tally that each was last written with."""

    pairs: PairIndex
    is_open: Flags
    is_closed: Flags
    level: npt.NDArray[np.int64]
    peak: npt.NDArray[np.int64]
    digest: pa.Array

    def __len__(self) -> int:
        return len(self.digest)


def standings(rule: Rule, known: pa.Table) -> Standings:
    """As the ledger has them: subjects, windows, states, levels, peaks and digests, texts that many share as
    dictionaries."""
    subject, window, state, level, peak, digest = (_one(column) for column in known.columns)
    return Standings(
        PairIndex(subject, window),
        _of_each(state, lambda name: name == State.OPEN.value),
        _of_each(state, lambda name: name == State.CLOSED.value),
        _of_each(level, rule.rank),
        _of_each(peak, rule.rank),
        digest,
    )


@dataclass(frozen=True)
class Remembered:
    """Tallies that stood as the ledger has them: the mark of each one's pair, of which there is none twice,
    in order; its own, and the digest that its alert had."""

    rule: str
    pairs: Marks
    marks: Marks
    digests: pa.Array


def reached(rule: Rule, matched: Places) -> Places:
    """The ranks of the levels that counts reach, as `judge` finds them: 0 for none."""
    thresholds = np.array([level.threshold for level in rule.levels], np.int64)
    ranks: Places = np.searchsorted(thresholds, matched, side="right")
    return ranks


class Evaluation:
    """One look at a rule's pairs. `seen` says which of the known alerts had a tally."""

    def __init__(self, rule: Rule, known: Standings, before: Remembered | None, now: datetime) -> None:
        self._rule = rule
        self._known = known
        self._before = before if before is not None and before.rule == _meaning(rule) else None
        self._now = now
        self.seen = np.zeros(len(known), np.bool_)
        self._marks, self._is_told = self._expected()
        self._looked: list[tuple[Marks, Marks, pa.Array]] = []
        self._count = 0

    def decide(self, columns: TallyColumns) -> tuple[Places, Places]:
        """The places of the tallies whose pairs have moved for certain, and of those that have to be looked
        at to know. Say with `looked` what came of the look."""
        self._pairs = of_pairs(columns.subjects, columns.windows)
        self._places = places = self._known.pairs.find(columns.subjects, columns.windows, self._pairs)
        self._same = np.zeros(len(columns), np.bool_)
        is_known = places != _NOWHERE
        self.seen[places[is_known]] = True
        rank = reached(self._rule, columns.matched)
        unmoved, moved = ~is_known & (rank == 0), ~is_known & (rank > 0)
        if is_known.any():
            unmoved |= is_known & self._known.is_closed[places]
            steady = is_known & self._is_steady(columns, rank) & self._is_told[places]
            self._same = steady & (columns.mark() == self._marks[places])
            moved |= steady & ~self._same
        return np.flatnonzero(moved), np.flatnonzero(~(unmoved | moved | self._same))

    def known_of(self, places: Places) -> list[int]:
        """Where the alerts of the tallies at these places stand among the known ones, as far as they do."""
        known = self._places[places]
        found: list[int] = known[known != _NOWHERE].tolist()
        return found

    def looked(self, columns: TallyColumns, same: Sequence[int]) -> None:
        """What came of the look at what `decide` named: the places of those whose alert stands with just
        these orders. They are remembered for the next time, as far as that is bounded."""
        self._same[np.asarray(same, np.int64)] = True
        stood = np.flatnonzero(self._same)
        self._count += len(stood)
        if len(stood) and self._count <= MOST:
            digests = self._known.digest.take(pa.array(self._places[stood]))
            self._looked.append((self._pairs[stood], columns.mark()[stood], digests))

    def unseen(self) -> list[int]:
        """The places of the known alerts that stand and had no tally."""
        places: list[int] = np.flatnonzero(~self.seen & ~self._known.is_closed).tolist()
        return places

    def remembered(self) -> Remembered | None:
        """What the next evaluation of this rule may go by."""
        if not self._looked:
            return None
        pairs, marks, digests = zip(*self._looked, strict=True)
        found, places = np.unique(np.concatenate(pairs), return_index=True)
        told = pa.concat_arrays(digests).take(pa.array(places))
        return Remembered(_meaning(self._rule), found, np.concatenate(marks)[places], told)

    def _expected(self) -> tuple[Marks, Flags]:
        """Of each alert the mark of the tally that it was written with, and whether that is remembered."""
        marks, is_told = np.zeros(len(self._known), np.uint64), np.zeros(len(self._known), np.bool_)
        if (before := self._before) is not None and len(before.pairs):
            places, order = self._known.pairs.in_order(before.pairs)
            digests = self._known.digest.take(pa.array(order))
            is_same = _flags(pc.equal(before.digests.take(pa.array(places)), digests))
            marks[order], is_told[order] = before.marks[places], is_same
        return marks, is_told

    def _is_steady(self, columns: TallyColumns, rank: Places) -> Flags:
        """Whether an alert is open at the level that holds, has been told of it, and is not over for good."""
        known, places = self._known, self._places
        steady: Flags = known.is_open[places] & (known.level[places] == rank) & (rank > 0)
        peak = known.peak[places]
        told = peak == rank if self._rule.tells(Reason.EASED, None) else peak >= rank
        return steady & told & ~self._is_settled(columns.windows)

    def _is_settled(self, windows: pa.Array) -> Flags:
        coded = windows.dictionary_encode()
        counting = self._rule.counting
        settled = [
            self._now >= parse_window(name, counting.within).ends_at(counting.zone) + self._rule.grace
            for name in coded.dictionary.to_pylist()
        ]
        flags: Flags = np.array(settled, np.bool_)[coded.indices.to_numpy(zero_copy_only=False)]
        return flags


def _meaning(rule: Rule) -> str:
    """Two tallies can be compared when they were made by the same counting."""
    return f"{rule.id} {rule.counting!r}"


def _one(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined


def _of_each(coded: pa.DictionaryArray, told: Callable[[str | None], Any]) -> npt.NDArray[Any]:
    """What is told of each text, asked once for each different one."""
    each = np.array([told(name) for name in [*coded.dictionary.to_pylist(), None]])
    places = pc.fill_null(coded.indices, len(each) - 1)
    chosen: npt.NDArray[Any] = each[places.to_numpy(zero_copy_only=False)]
    return chosen


def _flags(array: pa.Array) -> Flags:
    flags: Flags = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return flags
