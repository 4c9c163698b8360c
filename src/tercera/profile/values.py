"""A sample: rows that were read from a collection, a table or files, as columns of cells."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from tercera.orders import LONGEST_TEXT


class Kind(StrEnum):
    """How a value is stored."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    OBJECT_ID = "ObjectId"
    UUID = "UUID"
    TRUTH = "truth value"
    INSTANT = "stored instant"
    CLOCK = "stored time without an offset"
    DAY = "stored date"
    OTHER = "other"


STORED_TIMES = frozenset({Kind.INSTANT, Kind.CLOCK, Kind.DAY})
NUMBERS = frozenset({Kind.WHOLE, Kind.NUMBER})


@dataclass(frozen=True, slots=True)
class Cell:
    """One value that is there. `text` is how an id or a status reads, None where it has none; `moment` what
    a stored date or time is."""

    kind: Kind
    text: str | None = None
    moment: date | datetime | None = None


def cell_of(value: object) -> Cell | None:
    """A plain Python value as a cell; None when nothing stands there: null, blank, not a number."""
    if value is None:
        return None
    if isinstance(value, str):
        if not value.strip():
            return None
        return Cell(Kind.TEXT, value if len(value) <= LONGEST_TEXT else None)
    if isinstance(value, bool):
        return Cell(Kind.TRUTH)
    if isinstance(value, int):
        return Cell(Kind.WHOLE, str(value))
    if isinstance(value, float):
        return _of_float(value)
    if isinstance(value, Decimal):
        return Cell(Kind.NUMBER, str(value)) if value.is_finite() else None
    if isinstance(value, datetime):
        return Cell(Kind.CLOCK if value.tzinfo is None else Kind.INSTANT, None, value)
    if isinstance(value, date):
        return Cell(Kind.DAY, None, value)
    return Cell(Kind.UUID, str(value)) if isinstance(value, UUID) else Cell(Kind.OTHER)


def _of_float(value: float) -> Cell | None:
    if not math.isfinite(value):
        return None
    return Cell(Kind.WHOLE, str(int(value))) if value.is_integer() else Cell(Kind.NUMBER, str(value))


@dataclass(frozen=True, eq=False)
class Column:
    """The values at one path, row by row; None where there is none. Two are the same only if they are one."""

    path: str
    cells: tuple[Cell | None, ...]

    @cached_property
    def present(self) -> tuple[Cell, ...]:
        """The values that are there."""
        return tuple(cell for cell in self.cells if cell is not None)

    @property
    def share(self) -> float:
        """Of the rows that have a value."""
        return len(self.present) / len(self.cells) if self.cells else 0.0

    @cached_property
    def kinds(self) -> Counter[Kind]:
        """How many values are stored how."""
        return Counter(cell.kind for cell in self.present)

    @property
    def main_kind(self) -> Kind | None:
        """How most values are stored."""
        return self.kinds.most_common(1)[0][0] if self.kinds else None

    @cached_property
    def texts(self) -> Counter[str]:
        """How often each text stands there."""
        return Counter(cell.text for cell in self.present if cell.text is not None)

    @cached_property
    def moments(self) -> tuple[date | datetime, ...]:
        """The stored dates and times."""
        return tuple(cell.moment for cell in self.present if cell.moment is not None)

    def has(self, *kinds: Kind) -> float:
        """The share of values stored in one of these ways."""
        return sum(self.kinds[kind] for kind in kinds) / len(self.present) if self.present else 0.0


def at_midnight(moment: date | datetime) -> bool:
    """Whether no time of day is told."""
    return not isinstance(moment, datetime) or moment.time() == time()


@dataclass(frozen=True)
class Sample:
    """Some rows of one place. `total` is how many there are, None when that is not known; `how` says in
    words which ones were read."""

    name: str
    columns: Mapping[str, Column]
    rows: int
    total: int | None
    how: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether every row was read."""
        return self.total is not None and self.rows >= self.total

    @property
    def size(self) -> str:
        """How much there is and how much was read, in words."""
        if self.total is None:
            return f"{self.rows:,} rows {self.how}"
        return f"{self.total:,} row{'s'[: self.total != 1]}, {self.how}"


def sample_of(
    name: str, rows: Iterable[Mapping[str, Cell | None]], total: int | None, how: str = ""
) -> Sample:
    """Columns from rows, in the order in which their paths come up."""
    kept = list(rows)
    paths = dict.fromkeys(path for row in kept for path in row)
    columns = {path: Column(path, tuple(row.get(path) for row in kept)) for path in paths}
    return Sample(name, columns, len(kept), total, how)


@dataclass(frozen=True, slots=True)
class Counted:
    """How often each text stands in a field: in all rows, or in a sample of so many."""

    texts: Mapping[str, int]
    rows: int
    exact: bool
