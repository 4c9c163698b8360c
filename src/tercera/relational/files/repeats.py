"""Which numbers stand more than once in a column: by sorting, which costs a tenth of grouping them.

Numbers are looked at a part at a time, so that memory stays bounded however many there are.
"""

from __future__ import annotations

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tercera.relational.embedded import Database

_AT_ONCE = 12_000_000
"""So many numbers are held whatever memory the engine may take: 100 MB."""

_BYTES_AT_ONCE = 32
"""Of the engine's memory, in which one more number may be held: a quarter of it beside it."""

Numbers = npt.NDArray[np.uint64]


def repeated(
    database: Database, marked: ir.Table, rows: int, name: str, at_once: int | None = None
) -> ir.Table | None:
    """The `mark`s that more than one of so many rows have, each once, in a table of this name. None when
    there are none."""
    at_once = at_once or max(_AT_ONCE, database.memory // _BYTES_AT_ONCE)
    parts = -(-rows // at_once)
    found = None
    for part in range(parts):
        chosen = marked.filter(marked.mark % parts == part) if parts > 1 else marked
        # Of marks in several parts, one may have more than its share.
        twice = _twice(_numbers(database, chosen.select("mark"), rows))
        if len(twice):
            marks = pa.Array.from_buffers(pa.uint64(), len(twice), [None, pa.py_buffer(twice)])
            found = database.add(name, pa.table({"mark": marks}))
    return found


def _numbers(database: Database, question: ir.Table, rows: int) -> Numbers:
    """The numbers of a column, of which there are no more than so many. Buffer by buffer, because shorter
    ways import pandas where it is installed, or hold them twice."""
    numbers, found = np.empty(rows, np.uint64), 0
    for batch in database.batches(question):
        numbers[found : found + batch.num_rows] = np.from_dlpack(batch.column(0))
        found += batch.num_rows
    return numbers[:found]


def _twice(numbers: Numbers) -> Numbers:
    numbers.sort()
    return np.unique(numbers[1:][numbers[1:] == numbers[:-1]])
