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
"""Hardly more than so many numbers are held: 100 MB."""

Numbers = npt.NDArray[np.uint64]


def repeated(
    database: Database, marked: ir.Table, rows: int, name: str, at_once: int = _AT_ONCE
) -> ir.Table | None:
    """The `mark`s that more than one of so many rows have, each once, in a table of this name. None when
    there are none."""
    parts = -(-rows // at_once)
    found = None
    for part in range(parts):
        chosen = marked.filter(marked.mark % parts == part) if parts > 1 else marked
        twice = _twice(_numbers(database, chosen.select("mark")))
        if len(twice):
            marks = pa.Array.from_buffers(pa.uint64(), len(twice), [None, pa.py_buffer(twice)])
            found = database.add(name, pa.table({"mark": marks}))
    return found


def _numbers(database: Database, question: ir.Table) -> Numbers:
    """The numbers of a column. Buffer by buffer, because shorter ways import pandas where it is installed."""
    chunks = [np.from_dlpack(batch.column(0)) for batch in database.batches(question)]
    return np.concatenate(chunks) if chunks else np.empty(0, np.uint64)


def _twice(numbers: Numbers) -> Numbers:
    numbers.sort()
    return np.unique(numbers[1:][numbers[1:] == numbers[:-1]])
