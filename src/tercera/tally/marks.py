"""Marks of values in columns: 64 bits that equal values share, and different ones as good as never do.

Each value is cut into words of 32 bits, each word is multiplied by a key of its own, and the products are
added up modulo 2^64. Whatever two different values somebody chooses who does not know the keys, one draw of
keys in 2^33 at most gives them one mark (multilinear hashing, Carter and Wegman 1981). The keys are drawn
anew in each process and never leave it: marks mean nothing elsewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numpy.lib.stride_tricks import sliding_window_view

Marks = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]
_Words = npt.NDArray[np.uint32]
_Sizes = npt.NDArray[np.int32]

_SECRET = secrets.randbits(256)
_LONG = 128
"""Bytes of a text that are cut into words; of a longer one its digest is."""

_NULL, _LENGTH, _WORDS = range(3)
"""The first keys of a number: those of what is no word, and that of the first word."""

_LOOKED_AT = 1_000
_FEW = 100
"""So many different texts among the first ones are taken for names of something, such as statuses."""


def of_texts(texts: pa.Array, number: int = 0) -> Marks:
    """One for each text. Marks with different numbers have nothing to do with each other."""
    texts = texts.cast(pa.string())
    sizes = _sizes(texts)
    if not len(texts) or sizes.min() == sizes.max() or not _are_few(texts):
        return _of_texts(texts, sizes, number)
    coded = texts.dictionary_encode()
    each = _of_texts(coded.dictionary, _sizes(coded.dictionary), number)
    each = np.append(each, _keys(number, _WORDS)[_NULL])
    marks: Marks = each[pc.fill_null(coded.indices, len(each) - 1).to_numpy(zero_copy_only=False)]
    return marks


def of_value(value: object) -> int:
    """One for whatever its `repr` tells."""
    told = repr(value).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(told, key=_SECRET.to_bytes(32), digest_size=8).digest())


def of_rows(table: pa.Table) -> Marks:
    """One for each row of these columns, in this order."""
    marks, first = np.zeros(table.num_rows, np.uint64), 0
    is_whole = table.num_rows >= _AT_ONCE * max((column.num_chunks for column in table.columns), default=0)
    for batch in (table if is_whole else table.combine_chunks()).to_batches():
        own = marks[first : first + batch.num_rows]
        for number, values in enumerate(batch.columns):
            own += _of_column(values, number)
        first += batch.num_rows
    return marks


def of_runs(marks: Marks, starts: Integers) -> Marks:
    """One for each run of rows that follow one another: those from `starts[place]` up to `starts[place + 1]`.
    Their order counts; none is empty."""
    if not len(marks):
        return marks
    sizes = np.diff(starts)
    places = np.arange(len(marks)) - np.repeat(starts[:-1], sizes)
    lower, upper = (_keys(number, int(sizes.max())) for number in (_RUNS, _RUNS + 1))
    turned = np.empty_like(marks)
    for part in _parts(len(marks)):
        half, at, own = marks[part], places[part], turned[part]
        np.multiply(half & _LOWER, lower.take(at), out=own)
        own += (half >> _HALF) * upper.take(at)
    runs: Marks = np.add.reduceat(turned, starts[:-1])
    return runs


_RUNS = 1_000
"""More than a table has columns."""

_LOWER, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)

_AT_ONCE = 16_384
"""Rows that are worked on together: what is made of them on the way stays in the processor's cache."""


def _parts(rows: int) -> Iterator[slice]:
    return (slice(first, first + _AT_ONCE) for first in range(0, rows, _AT_ONCE))


@lru_cache(maxsize=256)
def _keys(number: int, count: int) -> Marks:
    """The first keys of a number; always the same ones."""
    keys: Marks = np.random.PCG64([_SECRET, number]).random_raw(count)
    return keys


def _of_column(values: pa.Array, number: int) -> Marks:
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return of_texts(values, number)
    if pa.types.is_null(values.type):
        return np.full(len(values), _keys(number, _WORDS)[_NULL], np.uint64)
    width = values.type.bit_width // 8
    if width < np.dtype(np.uint32).itemsize:
        return _of_column(values.cast(pa.int64()), number)
    words = np.frombuffer(values.buffers()[1], np.uint32)
    own = words.reshape(-1, width // 4)[values.offset : values.offset + len(values)]
    marks = np.zeros(len(values), np.uint64)
    _add(marks, own, number)
    return _with_nulls(marks, values, number)


def _of_texts(texts: pa.Array, sizes: _Sizes, number: int) -> Marks:
    marks = sizes.astype(np.uint64)
    marks *= _keys(number, _WORDS)[_LENGTH]
    if len(texts) and sizes.max() > _LONG:
        long = pa.array(sizes > _LONG)
        shown = [_digest(text) for text in texts.filter(long).to_pylist()]
        cut = pc.replace_with_mask(texts, long, pa.array(shown, pa.string()))
        _add(marks, _words(cut, _sizes(cut)), number)
    else:
        _add(marks, _words(texts, sizes), number)
    return _with_nulls(marks, texts, number)


def _with_nulls(marks: Marks, values: pa.Array, number: int) -> Marks:
    if values.null_count:
        marks[pc.is_null(values).to_numpy(zero_copy_only=False)] = _keys(number, _WORDS)[_NULL]
    return marks


def _add(marks: Marks, words: _Words, number: int) -> None:
    """Adds the products of the words to the marks."""
    keys = _keys(number, _WORDS + words.shape[1])[_WORDS:]
    room = np.empty(_AT_ONCE, np.uint64)
    for part in _parts(len(words)):
        own, turned = marks[part], room[: len(words[part])]
        for key, column in zip(keys, words[part].T, strict=True):
            np.copyto(turned, column)
            if turned.max():  # the upper halves of numbers are mostly zeros
                turned *= key
                own += turned


def _words(texts: pa.Array, sizes: _Sizes) -> _Words:
    """The bytes of each text, filled up with zeros. Their lengths tell what is filled."""
    longest = int(sizes.max(initial=0))
    width = -(-longest // 4) * 4
    starts = _offsets(texts)
    told = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    is_even = longest > 0 and sizes.min() == longest
    packed = told[starts[0] : starts[-1]].reshape(-1, longest) if is_even else None
    if packed is not None and width == longest:
        return packed.view(np.uint32)
    filled = np.zeros((len(texts), width), np.uint8)
    if packed is not None:
        filled[:, :longest] = packed
        return filled.view(np.uint32)
    for size in filter(None, np.unique(sizes).tolist()):
        own = np.flatnonzero(sizes == size)
        filled[own, :size] = sliding_window_view(told, size)[starts[own]]
    return filled.view(np.uint32)


def _sizes(texts: pa.Array) -> _Sizes:
    return np.diff(_offsets(texts))


def _offsets(texts: pa.Array) -> npt.NDArray[np.int32]:
    if not len(texts):
        return np.zeros(1, np.int32)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)
    return offsets[texts.offset : texts.offset + len(texts) + 1]


def _are_few(texts: pa.Array) -> bool:
    return bool(pc.count_distinct(texts.slice(0, _LOOKED_AT)).as_py() <= _FEW)


def _digest(text: str) -> str:
    return blake2b(text.encode(), key=_SECRET.to_bytes(32), digest_size=32).hexdigest()
