"""A measured figure and the bound that it has to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TypeVar

T = TypeVar("T")


class Bound(StrEnum):
    """On which side of its bound a figure has to be."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was claimed, what was measured, and the raw numbers behind it."""

    claim: str
    value: float
    bound: Bound
    limit: float
    unit: str = "×"
    detail: str = ""

    @property
    def holds(self) -> bool:
        """Whether the claim is true here and now."""
        return self.value <= self.limit if self.bound is Bound.AT_MOST else self.value >= self.limit

    @property
    def measured(self) -> str:
        """The value with its unit."""
        return f"{self.value:.2f} {self.unit}"

    @property
    def limited(self) -> str:
        """The bound with its unit."""
        return f"{self.bound} {self.limit:g} {self.unit}"


class NotEqualError(Exception):
    """Two ways to the same answer disagree: nothing may be said of their speed."""


def require_equal(ours: object, theirs: object, what: str) -> None:
    """Raises `NotEqualError` unless both found the same."""
    if ours != theirs:
        raise NotEqualError(f"{what}: tercera found {ours}, the rival {theirs}")


def alternating(first: Callable[[], T], second: Callable[[], T], rounds: int) -> tuple[list[T], list[T]]:
    """Measurements of both, taken in turns, so that a machine that slows down slows both."""
    pairs = [(first(), second()) for _ in range(rounds)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def seconds(runs: Sequence[float]) -> str:
    """`1.20 s (1.10–1.31)`: the median and the range."""
    return f"{median(runs):.2f} s ({min(runs):.2f}–{max(runs):.2f})"
