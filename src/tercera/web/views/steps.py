"""How orders came about in a window, as SVG: the sizes. The same course as in the pictures of mails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tercera.rendering.charts import Course, legible, marks
from tercera.rendering.words import Words

WIDTH, HEIGHT = 560, 210
LEFT, RIGHT, TOP, GROUND = 10, 550, 14, 180
APART = 16
"""Points between the labels of two levels."""


@dataclass(frozen=True, slots=True)
class LevelLine:
    """A level; `label` is "" where it would touch another one."""

    y: float
    tone: str
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A day below the picture."""

    x: float
    anchor: str
    label: str


@dataclass(frozen=True, slots=True)
class Point:
    """Where orders came, and what is said of it."""

    x: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class StepChart:
    """All that is drawn."""

    levels: tuple[LevelLine, ...]
    line: str
    area: str
    marks: tuple[Mark, ...]
    points: tuple[Point, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    ground: int = GROUND


def step_chart(course: Course, words: Words, tone: Callable[[str], str]) -> StepChart:
    """The picture of a course; `tone` says how alarming a level looks."""
    length = (course.window.end - course.window.start).days
    top = max([course.steps[-1][1], *(level.threshold for level in course.levels)]) * 1.15

    def x(day: int) -> float:
        return round(LEFT + (RIGHT - LEFT) * day / length, 1)

    def y(count: int) -> float:
        return round(GROUND - (GROUND - TOP) * count / top, 1)

    named = legible([level.threshold for level in course.levels], (GROUND - TOP) / top, APART)
    path = _path(course, x, y)
    return StepChart(
        levels=tuple(
            LevelLine(
                y(level.threshold),
                tone(level.name),
                f"{level.name} · {words.number(level.threshold)}" if level.threshold in named else "",
            )
            for level in course.levels
        ),
        line=path,
        area=f"{path}V{GROUND}H{x(0)}Z",
        marks=_marks(course, words, x),
        points=tuple(
            Point(
                x(day),
                y(count),
                words.say("alert.point", count, day=words.placed(course.window.start + timedelta(days=day))),
            )
            for day, count in course.steps
        ),
    )


def _path(course: Course, x: Callable[[int], float], y: Callable[[int], float]) -> str:
    corners = "".join(f"H{x(day)}V{y(count)}" for day, count in course.steps)
    return f"M{x(0)} {y(0)}{corners}H{x(course.until)}"


def _marks(course: Course, words: Words, x: Callable[[int], float]) -> tuple[Mark, ...]:
    period, start = course.window.period, course.window.start
    return tuple(
        Mark(x((day - start).days), "middle" if day > start else "start", words.short_day(day, period))
        for day in marks(course)
    )
