"""Rows of an answer as a batch of columns, which hold a tenth of the memory: a row for each piece of evidence
of a pair, or one, as `reading` takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tercera.relational.databases.row import Row
from tercera.relational.expressions.dialect import Dialect
from tercera.tally.columns import Integers, spread

_TOTAL = pa.decimal128(38, 4)

Pairs = Sequence[tuple[Row, Sequence[Row]]]
"""The numbers of each pair, and its evidence in order."""


def packed(pairs: Pairs, dialect: Dialect, *, totals: bool) -> pa.RecordBatch:
    """The columns of some pairs. Without `totals` there are no orders but matching ones."""
    sizes = np.array([len(evidence) for _, evidence in pairs], np.int64)
    numbers = _numbers([row for row, _ in pairs], dialect, totals=totals)
    evidence = _evidence([row for _, rows in pairs for row in rows], dialect)
    rows = np.maximum(sizes, 1)
    own, places = np.repeat(np.arange(len(sizes)), rows), spread(np.zeros_like(rows), rows)
    shown = _rows_of(sizes, rows)
    columns = {
        **{name: column.take(pa.array(own)) for name, column in numbers.items()},
        "place": pa.array(places, mask=shown < 0),
        **{name: column.take(pa.array(shown, mask=shown < 0)) for name, column in evidence.items()},
    }
    return pa.RecordBatch.from_pydict(columns)


def packed_orders(rows: Sequence[Row], dialect: Dialect) -> pa.RecordBatch:
    """The orders that several rules count, of a day each, and which rules these are."""
    days = [dialect.told_day(row.opens) for row in rows]
    return pa.RecordBatch.from_pydict(
        {
            "subject": pa.array([row.subject for row in rows], pa.string()),
            "day": pa.array(days, pa.date32()),
            "order_id": pa.array([row.order_id for row in rows], pa.string()),
            "matches": pa.array([int(row.matches) for row in rows], pa.int64()),
            "placed": _times([row.first for row in rows]),
            "amount": _money([row.amount for row in rows], dialect, pa.decimal128(18, 4)),
            "status": pa.array([row.status for row in rows], pa.string()),
        }
    )


def _rows_of(sizes: Integers, rows: Integers) -> Integers:
    """Which piece of evidence stands in each row; -1 in that of a pair without any."""
    found: Integers = np.full(int(rows.sum()), -1, np.int64)
    found[np.repeat(sizes > 0, rows)] = np.arange(int(sizes.sum()))
    return found


def _numbers(rows: Sequence[Row], dialect: Dialect, *, totals: bool) -> dict[str, pa.Array]:
    return {
        "subject": pa.array([row.subject for row in rows], pa.string()),
        "opens": pa.array([dialect.told_day(row.opens) for row in rows], pa.date32()),
        "matched": pa.array([int(row.matched) for row in rows], pa.int64()),
        "orders": pa.array([int(row.orders) if totals else 0 for row in rows], pa.int64()),
        "amount": _money([row.amount for row in rows], dialect),
        "first": _times([row.first for row in rows]),
        "last": _times([row.last for row in rows]),
    }


def _evidence(rows: Sequence[Row], dialect: Dialect) -> dict[str, pa.Array]:
    return {
        "order_id": pa.array([row.order_id or "" for row in rows], pa.string()),
        "placed": _times([row.first or 0 for row in rows]),
        "status": pa.array([row.status or "" for row in rows], pa.string()),
        "cost": _money([row.amount for row in rows], dialect),
    }


def _times(numbers: Sequence[int | None]) -> pa.Array:
    return pa.array([None if number is None else int(number) for number in numbers], pa.int64())


def _money(values: Sequence[object], dialect: Dialect, kind: pa.DataType = _TOTAL) -> pa.Array:
    return pa.array([dialect.told_money(value) for value in values], kind)
