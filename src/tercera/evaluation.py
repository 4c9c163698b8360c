"""Which of very many pairs can't have moved: told from columns, without a value for each pair.

What `rules.judge` and `lifecycle.reconcile` would say is certain of a pair

1. that is not known and reaches no level: nothing is there, and nothing was;
2. whose alert is closed: that is final;
3. whose alert is open at the level that the count reaches, which has been told (or recorded) as its highest,
   in a window that is not over for good, with the very orders that it had when it was last compared: then
   neither the count nor the clock moves it, and no silence has anything to keep back.

For certain a pair moved that reaches a level and is not known, and one of the third kind with other orders.
All the rest is looked at one by one. `tests/property/test_evaluation.py` holds both together against a look
at every pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tercera.columns import TallyColumns, spread
from tercera.model import State
from tercera.rules import Rule
from tercera.windows import parse_window

MOST_BYTES = 256 * 1024 * 1024
"""What may be remembered of a rule's tallies: those of a million pairs with three orders each."""

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
_NOWHERE = -1


@dataclass(frozen=True)
class Standings:
    """The alerts that are known of a rule, as columns. `level` and `peak` are ranks (see `Rule.rank`);
    `digest` is the mark of the tally that each was last written with."""

    keys: pa.Array
    is_open: Flags
    is_closed: Flags
    level: npt.NDArray[np.int64]
    peak: npt.NDArray[np.int64]
    digest: pa.Array

    def __len__(self) -> int:
        return len(self.keys)


def standings(
    rule: Rule,
    subjects: Sequence[str],
    windows: Sequence[str],
    states: Sequence[str],
    levels: Sequence[str | None],
    peaks: Sequence[str | None],
    digests: Sequence[str],
) -> Standings:
    """As the ledger has them, a sequence for each column."""
    state = pa.array(states, pa.string())
    return Standings(
        _keys(pa.array(subjects, pa.string()), pa.array(windows, pa.string())),
        _flags(pc.equal(state, State.OPEN.value)),
        _flags(pc.equal(state, State.CLOSED.value)),
        _ranks(rule, levels),
        _ranks(rule, peaks),
        pa.array(digests, pa.string()),
    )


@dataclass(frozen=True)
class Remembered:
    """Tallies that were compared with the ledger: `digest` is the mark of each, null where none was made."""

    rule: str
    keys: pa.Array
    values: pa.Table
    starts: Places
    digest: pa.Array


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
        self._looked: list[tuple[pa.Array, TallyColumns, pa.Array]] = []
        self._bytes = 0

    def decide(self, columns: TallyColumns) -> tuple[Places, Places]:
        """The places of the tallies whose pairs have moved for certain, and of those that have to be looked
        at to know. Say with `looked` what came of the look."""
        self._keys = _keys(columns.subjects, columns.windows)
        self._places = places = _index(self._keys, self._known.keys)
        self._same = np.zeros(len(columns), np.bool_)
        is_known = places != _NOWHERE
        self.seen[places[is_known]] = True
        rank = reached(self._rule, columns.matched)
        unmoved, moved = ~is_known & (rank == 0), ~is_known & (rank > 0)
        if is_known.any():
            unmoved |= is_known & self._known.is_closed[places]
            steady = np.flatnonzero(is_known & self._is_steady(columns, rank))
            self._same[steady], differs = self._compared(columns, steady)
            moved[steady[differs]] = True
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
        self._bytes += columns.values.nbytes
        if self._bytes <= MOST_BYTES and len(self._known):
            digest = self._known.digest.take(pa.array(np.maximum(self._places, 0)))
            digest = pc.if_else(pa.array(self._same), digest, pa.scalar(None, pa.string()))
            self._looked.append((self._keys, columns, digest))

    def unseen(self) -> list[int]:
        """The places of the known alerts that stand and had no tally."""
        places: list[int] = np.flatnonzero(~self.seen & ~self._known.is_closed).tolist()
        return places

    def remembered(self) -> Remembered | None:
        """What the next evaluation of this rule may go by."""
        if not self._looked:
            return None
        keys, columns, digests = zip(*self._looked, strict=True)
        ends = np.cumsum([0, *(each.starts[-1] for each in columns)])
        starts = [each.starts[:-1] + end for each, end in zip(columns, ends[:-1], strict=True)]
        return Remembered(
            _meaning(self._rule),
            pa.concat_arrays(keys),
            pa.concat_tables([each.values for each in columns]).combine_chunks(),
            np.concatenate([*starts, ends[-1:]]),
            pa.concat_arrays(digests),
        )

    def _is_steady(self, columns: TallyColumns, rank: Places) -> Flags:
        """Whether an alert is open at the level that holds, has been told of it, and is not over for good."""
        known, places = self._known, self._places
        steady: Flags = known.is_open[places] & (known.level[places] == rank) & (rank > 0)
        return steady & (known.peak[places] >= rank) & ~self._is_settled(columns.windows)

    def _is_settled(self, windows: pa.Array) -> Flags:
        coded = windows.dictionary_encode()
        counting = self._rule.counting
        settled = [
            self._now >= parse_window(name, counting.within).ends_at(counting.zone) + self._rule.grace
            for name in coded.dictionary.to_pylist()
        ]
        flags: Flags = np.array(settled, np.bool_)[coded.indices.to_numpy(zero_copy_only=False)]
        return flags

    def _compared(self, columns: TallyColumns, places: Places) -> tuple[Flags, Flags]:
        """Whether tallies are what they were when the alert was written, as far as that is remembered; and
        whether they are not."""
        same, differs = np.zeros(len(places), np.bool_), np.zeros(len(places), np.bool_)
        if (before := self._before) is None or not len(places):
            return same, differs
        earlier = _index(self._keys.take(pa.array(places)), before.keys)
        marks = before.digest.take(pa.array(np.maximum(earlier, 0)))
        known = self._known.digest.take(pa.array(self._places[places]))
        told = (earlier != _NOWHERE) & _flags(pc.equal(marks, known))
        sizes = np.diff(columns.starts)[places]
        alike = told & (sizes == np.diff(before.starts)[earlier])
        if alike.any():
            chosen, earlier, sizes = places[alike], earlier[alike], sizes[alike]
            now, then = spread(columns.starts[chosen], sizes), spread(before.starts[earlier], sizes)
            equal = _equal_rows(columns.values, now, before.values, then)
            same[alike] = np.logical_and.reduceat(equal, np.concatenate([[0], np.cumsum(sizes)[:-1]]))
        return same, told & ~same


def _meaning(rule: Rule) -> str:
    """Two tallies can be compared when they were made by the same counting."""
    return f"{rule.id} {rule.counting!r}"


def _keys(subjects: pa.Array, windows: pa.Array) -> pa.Array:
    """One text for each pair. No window's id has the character between."""
    return pc.binary_join_element_wise(windows, subjects, "\0")


def _index(keys: pa.Array, among: pa.Array) -> Places:
    """Where each key stands among others; _NOWHERE where it does not."""
    found = pc.fill_null(pc.index_in(keys, value_set=among), _NOWHERE)
    places: Places = found.to_numpy(zero_copy_only=False).astype(np.int64)
    return places


def _ranks(rule: Rule, names: Sequence[str | None]) -> npt.NDArray[np.int64]:
    coded = pa.array(names, pa.string()).dictionary_encode()
    ranks = np.array([*(rule.rank(name) for name in coded.dictionary.to_pylist()), 0], np.int64)
    chosen: npt.NDArray[np.int64] = ranks[
        pc.fill_null(coded.indices, len(ranks) - 1).to_numpy(zero_copy_only=False)
    ]
    return chosen


def _flags(array: pa.Array) -> Flags:
    flags: Flags = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return flags


def _equal_rows(one: pa.Table, rows: Places, other: pa.Table, others: Places) -> Flags:
    equal = np.ones(len(rows), np.bool_)
    first, second = pa.array(rows), pa.array(others)
    for name in one.column_names:
        left, right = one.column(name).take(first), other.column(name).take(second)
        same = pc.fill_null(pc.equal(left, right), False)
        if left.null_count and right.null_count:
            same = pc.or_(same, pc.and_(pc.is_null(left), pc.is_null(right)))
        equal &= same.to_numpy()
    return equal
