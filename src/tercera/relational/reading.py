"""Counted pairs as tallies, in columns, from the rows of an engine: one for each piece of evidence of a pair,
or one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache, lru_cache, partial
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tercera.model import Counting, Evidence, Period, SubjectId, Tally, WindowId
from tercera.relational.expressions.placing import read_placed
from tercera.tally.columns import Integers, TallyColumns, spread
from tercera.tally.marks import Marks, of_rows, of_runs
from tercera.windows import window_of_day

_AT_ONCE = 200_000
"""Rows that are looked at together: some 20 MB."""

_NUMBERS = ("subject", "opens", "matched", "orders", "amount", "first", "last")
_OF_PAIR = ("matched", "amount", "first", "last")
_OF_EVIDENCE = ("order_id", "placed", "status", "cost")


def in_columns(told: Iterable[pa.RecordBatch], counting: Counting) -> Iterator[TallyColumns]:
    """The rows of `tally.evidence`, in its order, or those of `tally.tallies`. The rows of a pair follow one
    another, and may come in two batches."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in told:
        waiting.append(batch)
        rows += batch.num_rows
        if rows >= _AT_ONCE:
            table = pa.Table.from_batches(waiting)
            starts = _starts(table)
            last = int(starts[-1])
            if last:
                yield _columns(table.slice(0, last), starts[:-1], counting)
            waiting = table.slice(last).to_batches()
            rows = table.num_rows - last
    if rows:
        table = pa.Table.from_batches(waiting)
        yield _columns(table, _starts(table), counting)


def _starts(table: pa.Table) -> Integers:
    """Where the rows of each pair begin: their first piece of evidence has the place 0, or there is none."""
    if "place" not in table.column_names:
        return np.arange(table.num_rows)
    place = pc.fill_null(table.column("place"), 0)
    return np.flatnonzero(place.to_numpy() == 0)


def _columns(table: pa.Table, starts: Integers, counting: Counting) -> TallyColumns:
    is_first = np.zeros(table.num_rows, np.bool_)
    is_first[starts] = True
    pairs = table.select(["subject", "opens", *_OF_PAIR]).filter(pa.array(is_first)).combine_chunks()
    ends = np.append(starts, table.num_rows)
    return TallyColumns(
        subjects=pairs.column("subject").combine_chunks(),
        windows=_windows(pairs.column("opens").combine_chunks(), counting.within),
        matched=pairs.column("matched").to_numpy(),
        mark=cache(partial(_marked, pairs, table, ends)),
        tell=partial(_told, table, ends, counting),
    )


def _windows(opens: pa.Array, within: Period) -> pa.DictionaryArray:
    coded = opens.dictionary_encode()
    names = [_window_id(day, within) for day in coded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(coded.indices, pa.array(names, pa.string()))


def _marked(pairs: pa.Table, table: pa.Table, starts: Integers) -> Marks:
    marks = of_rows(pairs.select(_OF_PAIR))
    if "order_id" in table.column_names:
        marks += of_runs(of_rows(table.select(_OF_EVIDENCE)), starts)
    return marks


def _told(table: pa.Table, starts: Integers, counting: Counting, places: Integers | None) -> Iterator[Tally]:
    if places is None:
        sizes = np.diff(starts)
    else:
        sizes = np.diff(starts)[places]
        if not len(sizes):
            return
        table = table.take(pa.array(spread(starts[places], sizes)))
    zone, within = counting.zone, counting.within
    numbers = (table.column(name).to_pylist() for name in _NUMBERS)
    shown = _evidence(table, zone) if "order_id" in table.column_names else None
    pairs = zip(*numbers, strict=True)
    for size in sizes.tolist():
        own = list(islice(shown, size)) if shown else []
        subject, opens, matched, orders, amount, first, last = next(pairs)
        deque(islice(pairs, size - 1), 0)
        yield Tally(
            SubjectId(subject),
            _window_id(opens, within),
            matched,
            orders,
            amount,
            None if first is None else read_placed(first, zone),
            None if last is None else read_placed(last, zone),
            tuple(each for each in own if each is not None),
        )


def _evidence(table: pa.Table, zone: str) -> Iterator[Evidence | None]:
    """Of each row; None where there is none."""
    rows = (table.column(name).to_pylist() for name in ("order_id", "placed", "status", "cost"))
    for order_id, placed, status, cost in zip(*rows, strict=True):
        yield None if order_id is None else Evidence(order_id, read_placed(placed, zone), status, cost)


@lru_cache(maxsize=4096)
def _window_id(opens: date, within: Period) -> WindowId:
    return window_of_day(opens, within).id
