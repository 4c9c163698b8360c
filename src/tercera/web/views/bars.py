"""Bars over time as SVG: the sizes. `templates/charts.html` draws them, the stylesheet colours them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TOP, BOTTOM, SIDE = 16, 20, 4
"""Points that are left free: for the highest number, for what stands below, at the edges."""

LABEL = 44
"""Points that a text below takes."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What one bar shows: how many of each tone from the ground up, what stands below it, and what is said
    when it is pointed at."""

    parts: tuple[tuple[str, int], ...]
    label: str
    title: str

    @property
    def total(self) -> int:
        """Its height."""
        return sum(count for _, count in self.parts)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    tone: str


@dataclass(frozen=True, slots=True)
class Column:
    """A bar's rectangles, and the stripe (from `x` on) that it is pointed at in. `label` is "" where texts
    would overlap."""

    x: float
    width: float
    middle: float
    boxes: tuple[Box, ...]
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """All that is drawn. `most` is the highest bar's number, `ground` where bars stand."""

    width: int
    height: int
    ground: float
    most: int
    columns: tuple[Column, ...]


def bar_chart(bars: Sequence[Bar], *, width: int = 360, height: int = 140) -> BarChart:
    """Lays bars out side by side."""
    most = max((bar.total for bar in bars), default=0)
    ground = height - BOTTOM
    step = (width - 2 * SIDE) / max(len(bars), 1)
    every = max(1, -(-LABEL * len(bars) // (width - 2 * SIDE)))
    scale = (ground - TOP) / most if most else 0.0
    columns = tuple(
        _column(
            bar,
            SIDE + place * step,
            step,
            ground,
            scale,
            labelled=(len(bars) - 1 - place) % every == 0,
        )
        for place, bar in enumerate(bars)
    )
    return BarChart(width, height, ground, most, columns)


def _column(bar: Bar, x: float, step: float, ground: float, scale: float, *, labelled: bool) -> Column:
    gap = min(step * 0.25, 6)
    boxes = []
    top = ground
    for tone, count in bar.parts:
        if count:
            height = max(count * scale, 1.0)
            top -= height
            boxes.append(Box(_short(x + gap / 2), _short(top), _short(step - gap), _short(height), tone))
    return Column(
        _short(x), _short(step), _short(x + step / 2), tuple(boxes), bar.label if labelled else "", bar.title
    )


def _short(number: float) -> float:
    return round(number, 1)
