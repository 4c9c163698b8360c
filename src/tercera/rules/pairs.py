"""Pairs of a subject and a window, very many of them in columns: where each stands among others.

They are looked for by marks of theirs, in order, which are made once, where Arrow makes a table of hashes
anew for every part of what is looked for; then the pairs themselves are compared.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tercera.tally.marks import Marks, of_texts

Places = npt.NDArray[np.int64]
NOWHERE = -1

_WINDOWS = 1
"""A number for marks (see `marks.of_texts`) that is not that of subjects."""

_LAST = np.uint64(2**64 - 1)


def of_pairs(subjects: pa.Array, windows: pa.Array) -> Marks:
    """A mark for each pair."""
    coded = _coded(windows)
    marks = of_texts(subjects)
    marks += of_texts(coded.dictionary, _WINDOWS)[coded.indices.to_numpy(zero_copy_only=False)]
    return marks


class PairIndex:
    """Some pairs, of which there is none twice. `order` has the places of all, by their marks."""

    def __init__(self, subjects: pa.Array, windows: pa.Array, marks: Marks | None = None) -> None:
        self._subjects = subjects
        self._windows = _coded(windows)
        marks = of_pairs(subjects, windows) if marks is None else marks
        self.order: Places = np.argsort(marks)
        self.marks = marks[self.order]
        self._is_exact = not bool((self.marks[1:] == self.marks[:-1]).any())

    def __len__(self) -> int:
        return len(self.marks)

    def find(self, subjects: pa.Array, windows: pa.Array, marks: Marks) -> Places:
        """Where each of these pairs, whose marks these are, stands; NOWHERE where it does not."""
        if not len(self):
            return np.full(len(marks), NOWHERE)
        windows = _coded(windows)
        if not self._is_exact:
            found = pc.fill_null(pc.index_in(_keys(subjects, windows), value_set=self._keys), NOWHERE)
            return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)
        places = self._marked(marks)
        asked = np.flatnonzero(places != NOWHERE)
        if len(asked) < len(marks):
            subjects, windows = subjects.take(pa.array(asked)), windows.take(pa.array(asked))
        is_same = self._are(places[asked], subjects, windows)
        places[asked[~is_same]] = NOWHERE
        return places

    def in_order(self, marks: Marks) -> tuple[Places, Places]:
        """Of marks in order those that pairs here have: their places, and the places of the pairs."""
        near = np.minimum(np.searchsorted(marks, self.marks), len(marks) - 1)
        has = marks[near] == self.marks
        return near[has], self.order[has]

    def _marked(self, marks: Marks) -> Places:
        """Where the pairs with these marks stand. Marks are spread evenly: those that begin alike are few,
        and passed one by one."""
        own, starts, shift = self._beginnings
        near = starts.take((marks >> shift).view(np.int64))
        found = own.take(near)
        behind = np.flatnonzero(found < marks)
        while len(behind):
            near[behind] += 1
            found[behind] = own.take(near[behind])
            behind = behind[found[behind] < marks[behind]]
        places: Places = np.where(found == marks, self._places.take(near), NOWHERE)
        return places

    def _are(self, places: Places, subjects: pa.Array, windows: pa.DictionaryArray) -> npt.NDArray[np.bool_]:
        """Whether the pairs at these places are just these."""
        own = self._windows
        number = pc.index_in(windows.dictionary, value_set=own.dictionary).fill_null(NOWHERE)
        told = number.to_numpy(zero_copy_only=False).take(windows.indices.to_numpy())
        same: npt.NDArray[np.bool_] = own.indices.to_numpy().take(places) == told
        is_own = pc.equal(self._subjects.take(pa.array(places)), subjects)
        same &= pc.fill_null(is_own, False).to_numpy(zero_copy_only=False)
        return same

    @cached_property
    def _beginnings(self) -> tuple[Marks, Places, np.uint64]:
        """The marks in order, and a last one; where those with each beginning start; and how far a mark is
        shifted to have its beginning left."""
        bits = len(self).bit_length() + 1
        shift = np.uint64(64 - bits)
        sizes = np.bincount((self.marks >> shift).view(np.int64), minlength=1 << bits)
        starts = np.cumsum(sizes) - sizes
        return np.append(self.marks, _LAST), starts, shift

    @cached_property
    def _places(self) -> Places:
        return np.append(self.order, NOWHERE)

    @cached_property
    def _keys(self) -> pa.Array:
        return _keys(self._subjects, self._windows)


def _keys(subjects: pa.Array, windows: pa.Array) -> pa.Array:
    """One text for each pair. No window's id has the character between."""
    return pc.binary_join_element_wise(windows.cast(pa.string()), subjects, "\0")


def _coded(texts: pa.Array) -> pa.DictionaryArray:
    return texts if isinstance(texts, pa.DictionaryArray) else texts.dictionary_encode()
