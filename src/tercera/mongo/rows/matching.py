"""Rows that match a rule, kept while a source is read, before it is known whose have come together."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tercera.model import Placed
from tercera.mongo.rows.values import Instant

Integers = npt.NDArray[np.int64]

MatchingRow = tuple[Instant, str, str, Any, Placed]
"""When, order id, status, stored amount, and when once more, as it is told."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A readable `placed_at`, and its day (as an ordinal)."""

    placed: Placed
    instant: Instant
    day: int


class Columns(NamedTuple):
    """Of each matching row the number of its subject, its day, and the place of its way."""

    subjects: Integers
    days: Integers
    ways: Integers


class MatchingRows:
    """Rows that match any rule. Most are never looked at one by one, for their pair has too few: a row is
    put together when it is asked for."""

    def __init__(self) -> None:
        self._orders: list[str] = []
        self._amounts: list[Any] = []
        self._starts: list[int] = []
        self._alike: list[tuple[Instant, str, Placed]] = []
        """What rows have in common, from each start on: when, status, when once more."""

    def add(self, moment: Moment, status: str, orders: Sequence[str], amounts: Sequence[Any]) -> None:
        """Rows of one time and status."""
        self._starts.append(len(self._orders))
        self._alike.append((moment.instant, status, moment.placed))
        self._orders += orders
        self._amounts += amounts

    def __getitem__(self, place: int) -> MatchingRow:
        instant, status, placed = self._alike[bisect_right(self._starts, place) - 1]
        return instant, self._orders[place], status, self._amounts[place], placed
