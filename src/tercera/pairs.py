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

from tercera.marks import Marks, of_texts

Places = npt.NDArray[np.int64]
NOWHERE = -1

_WINDOWS = 1
"""A number for marks (see `marks.of_texts`) that is not that of subjects."""


def of_pairs(subjects: pa.Array, windows: pa.Array) -> Marks:
    """A mark for each pair."""
    coded = _coded(windows)
    marks = of_texts(subjects)
    marks += of_texts(coded.dictionary, _WINDOWS)[coded.indices.to_numpy(zero_copy_only=False)]
    return marks


class PairIndex:
    """Some pairs, of which there is none twice."""

    def __init__(self, subjects: pa.Array, windows: pa.Array, marks: Marks | None = None) -> None:
        self._subjects = subjects
        self._windows = _coded(windows)
        marks = of_pairs(subjects, windows) if marks is None else marks
        self._order: Places = np.argsort(marks)
        self._marks = marks[self._order]
        self._is_exact = not bool((self._marks[1:] == self._marks[:-1]).any())

    def __len__(self) -> int:
        return len(self._marks)

    def find(self, subjects: pa.Array, windows: pa.Array, marks: Marks) -> Places:
        """Where each of these pairs, whose marks these are, stands; NOWHERE where it does not."""
        if not len(self):
            return np.full(len(marks), NOWHERE)
        if not self._is_exact:
            found = pc.fill_null(pc.index_in(_keys(subjects, windows), value_set=self._keys), NOWHERE)
            return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)
        asked = np.argsort(marks)
        near = np.minimum(np.searchsorted(self._marks, marks[asked]), len(self) - 1)
        places = np.empty(len(marks), np.int64)
        places[asked] = np.where(self._marks[near] == marks[asked], self._order[near], NOWHERE)
        found = places != NOWHERE
        own = pa.array(places, mask=~found)
        same_window = pc.equal(self._windows.take(own).cast(pa.string()), windows.cast(pa.string()))
        same = pc.and_(pc.equal(self._subjects.take(own), subjects), same_window)
        return np.where(pc.fill_null(same, False).to_numpy(zero_copy_only=False), places, NOWHERE)

    def in_order(self, marks: Marks) -> tuple[Places, Places]:
        """Of marks in order those that pairs here have: their places, and the places of the pairs."""
        near = np.minimum(np.searchsorted(marks, self._marks), len(marks) - 1)
        has = marks[near] == self._marks
        return near[has], self._order[has]

    @cached_property
    def _keys(self) -> pa.Array:
        return _keys(self._subjects, self._windows)


def _keys(subjects: pa.Array, windows: pa.Array) -> pa.Array:
    """One text for each pair. No window's id has the character between."""
    return pc.binary_join_element_wise(windows.cast(pa.string()), subjects, "\0")


def _coded(texts: pa.Array) -> pa.DictionaryArray:
    return texts if isinstance(texts, pa.DictionaryArray) else texts.dictionary_encode()
