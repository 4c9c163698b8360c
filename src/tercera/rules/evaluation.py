"""Which of very many pairs can't have moved: told from columns, without a value for each pair.

What `rules.judge` and `lifecycle.reconcile` would say is certain of a pair

1. that is not known and reaches no level: nothing is there, and nothing was;
2. whose alert is closed: that is final;
3. whose alert is open at the level that the count reaches, which has been told (or recorded) as its highest,
   and where the rule tells of easings as its last, in a window that is not over for good, with the very
   orders that it had when it was last compared: then neither the count nor the clock moves it, and no
   silence has anything to keep back.

For certain a pair moved whose count reaches another level than its alert is open at, or some level where it
has no alert or a retracted one; and one of the third kind with other orders. All the rest is looked at one
by one. `tests/property/test_evaluation.py` holds both together against a look at every pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tercera.model import Reason, State
from tercera.rules import Rule
from tercera.rules.pairs import NOWHERE, PairIndex, of_pairs
from tercera.tally.columns import TallyColumns
from tercera.tally.marks import Marks, of_texts
from tercera.windows import parse_window

MOST = 5_000_000
"""Of so many tallies of a rule the marks are remembered: 24 bytes each."""

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
Ranks = npt.NDArray[np.int16]

CLOSED, _UNKNOWN, _OPEN = -1, -2, 1
_STATES: dict[str | None, int] = {State.OPEN.value: _OPEN, State.CLOSED.value: CLOSED}
_DIGESTS = 2
"""A number for marks (see `marks.of_texts`) that is not that of subjects or windows."""


@dataclass(frozen=True)
class Standings:
    """The alerts that are known of a rule, as columns. `level` and `peak` are ranks (see `Rule.rank`): the
    level is that of an open alert, 0 of a retracted one, and CLOSED. `digest` is a mark of the digest of the
    tally that each was last written with."""

    pairs: PairIndex
    level: Ranks
    peak: Ranks
    digest: Marks

    def __len__(self) -> int:
        return len(self.digest)


def standings(rule: Rule, known: pa.Table) -> Standings:
    """As the ledger has them: subjects, windows, states, levels, peaks and digests, texts that many share as
    dictionaries."""
    subject, window, state, level, peak, digest = (_one(column) for column in known.columns)
    states = _of_each(state, lambda name: _STATES.get(name, 0))
    ranks, peaks = _of_each(level, rule.rank), _of_each(peak, rule.rank)
    return Standings(
        PairIndex(subject, window),
        np.where(states == _OPEN, ranks, states),
        peaks,
        of_texts(digest, _DIGESTS),
    )


@dataclass(frozen=True)
class Remembered:
    """Tallies as the ledger has them: the mark of each one's pair, in order; its own, and that of the digest
    that its alert had."""

    rule: str
    pairs: Marks
    marks: Marks
    digests: Marks


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
        self._now = now
        self.seen = np.zeros(len(known), np.bool_)
        self._level = np.append(known.level, np.int16(_UNKNOWN))  # which is where NOWHERE points
        self._marks = np.zeros(len(known), np.uint64)
        """Of each alert the mark of the tally that it was written with, where that is remembered."""
        self._is_told = np.zeros(len(known), np.bool_)
        if before is not None and before.rule == _meaning(rule):
            self._recall(before)
        self._is_steady = np.append(self._is_told & self._is_heard(), False)

    def decide(self, columns: TallyColumns) -> tuple[Places, Places]:
        """The places of the tallies whose pairs have moved for certain, and of those that have to be looked
        at to know. Say with `looked` what came of the look."""
        pairs = of_pairs(columns.subjects, columns.windows)
        self._places = places = self._known.pairs.find(columns.subjects, columns.windows, pairs)
        self.seen[places[places != NOWHERE]] = True
        rank, level = reached(self._rule, columns.matched), self._level.take(places, mode="wrap")
        unmoved = (level == CLOSED) | ((level == _UNKNOWN) & (rank == 0))
        moved = (level != rank) & ~unmoved
        steady = (level == rank) & self._is_steady.take(places, mode="wrap")
        steady &= ~self._is_settled(columns.windows)
        if steady.any():
            same = steady & (columns.mark() == self._marks.take(places, mode="wrap"))
            moved |= steady & ~same
            unmoved |= same
        return np.flatnonzero(moved), np.flatnonzero(~(unmoved | moved))

    def known_of(self, places: Places) -> list[int]:
        """Where the alerts of the tallies at these places stand among the known ones, as far as they do."""
        known = self._places[places]
        found: list[int] = known[known != NOWHERE].tolist()
        return found

    def looked(self, columns: TallyColumns, same: Sequence[int]) -> None:
        """What came of the look at what `decide` named: the places of those whose alert stands with just
        these orders. They are remembered for the next time, as far as that is bounded."""
        if len(same):
            stood = np.asarray(same, np.int64)
            self._marks[self._places[stood]] = columns.mark()[stood]
            self._is_told[self._places[stood]] = True

    def unseen(self) -> list[int]:
        """The places of the known alerts that stand and had no tally."""
        places: list[int] = np.flatnonzero(~self.seen & (self._known.level != CLOSED)).tolist()
        return places

    def remembered(self) -> Remembered | None:
        """What the next evaluation of this rule may go by."""
        index = self._known.pairs
        told = np.flatnonzero(self._is_told[index.order])[:MOST]
        if not len(told):
            return None
        own = index.order[told]
        return Remembered(_meaning(self._rule), index.marks[told], self._marks[own], self._known.digest[own])

    def _recall(self, before: Remembered) -> None:
        places, own = self._known.pairs.in_order(before.pairs)
        self._marks[own] = before.marks[places]
        self._is_told[own] = before.digests[places] == self._known.digest[own]

    def _is_heard(self) -> Flags:
        """Whether an alert is open, and was told of at its level as its highest, or as its last."""
        known = self._known
        told = (
            known.peak == known.level if self._rule.tells(Reason.EASED, None) else known.peak >= known.level
        )
        heard: Flags = told & (known.level > 0)
        return heard

    def _is_settled(self, windows: pa.DictionaryArray) -> Flags:
        counting = self._rule.counting
        settled = [
            self._now >= parse_window(name, counting.within).ends_at(counting.zone) + self._rule.grace
            for name in windows.dictionary.to_pylist()
        ]
        flags: Flags = np.array(settled, np.bool_).take(windows.indices.to_numpy())
        return flags


def _meaning(rule: Rule) -> str:
    """Two tallies can be compared when they were made by the same counting."""
    return f"{rule.id} {rule.counting!r}"


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _of_each(coded: pa.DictionaryArray, told: Callable[[str | None], int]) -> Ranks:
    """What is told of each text, asked once for each different one."""
    each = np.array([told(name) for name in [*coded.dictionary.to_pylist(), None]], np.int16)
    chosen: Ranks = each.take(pc.fill_null(coded.indices, len(each) - 1).to_numpy(zero_copy_only=False))
    return chosen
