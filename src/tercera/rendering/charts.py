"""How a customer's matching orders came about in a window: a step line against the levels, as a picture.

Drawn by Vega-Lite through vl-convert, which runs no browser and asks no network. It takes about a second to
start and tens of milliseconds for each picture, so it is loaded for the first one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

from tercera.messages import Notice, NoticeKind
from tercera.model import Level, Period, Placed, Tally
from tercera.rendering.words import Words
from tercera.windows import Window, parse_window

WIDTH, HEIGHT = 506, 96
"""Points, of the field that the line is drawn in. The picture has twice as many pixels, for fine screens."""

EDGE = 6
"""Points, left and right of the field."""

APART = 11
"""Points between the labels of two levels; one that would come closer is left out."""

INK, SOFT, LINE, WARM = "#22282d", "#7a756b", "#d9d2c4", "#ad4a21"
_FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"


@dataclass(frozen=True, slots=True)
class Course:
    """What a picture shows: by the day within the window, how many orders had come; the levels in reach; and
    up to which day (without it) anything is known."""

    window: Window
    steps: tuple[tuple[int, int], ...]
    levels: tuple[Level, ...]
    until: int


def course_of(notice: Notice) -> Course | None:
    """None where there is nothing to draw: no orders, or a window of a single day."""
    if notice.kind is not NoticeKind.ALERT:
        return None
    return course(notice.tally, notice.period, notice.levels, _day(notice.at))


def course(tally: Tally, period: Period, levels: Sequence[Level], known: date) -> Course | None:
    """Of a tally of which `known` was the last day that anybody looked at. None as for `course_of`."""
    if period is Period.DAY or not tally.evidence:
        return None
    window = parse_window(tally.window, period)
    length = (window.end - window.start).days
    days = sorted((_day(each.placed_at) - window.start).days for each in tally.evidence)
    counts = accumulate(days.count(day) for day in sorted(set(days)))
    until = max(days[-1] + 1, min(length, (known - window.start).days + 1))
    return Course(
        window,
        tuple(zip(sorted(set(days)), counts, strict=True)),
        _in_reach(levels, tally.matched),
        min(until, length),
    )


def draw(course: Course, words: Words) -> bytes:
    """A PNG."""
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(json.dumps(specification(course, words)), scale=2)
    return png


def specification(course: Course, words: Words) -> dict[str, Any]:
    """The picture in Vega-Lite's words. Nothing in it is from an order or a customer but days and counts."""
    length = (course.window.end - course.window.start).days
    last = course.steps[-1][1]
    line = [(0, 0), *course.steps, (course.until, last)]
    top = max([last, *(level.threshold for level in course.levels)])
    x = {
        "field": "day",
        "type": "quantitative",
        "scale": {"domain": [0, length]},
        "axis": _days(course, words),
    }
    y = {"field": "count", "type": "quantitative", "scale": {"domain": [0, top * 1.2]}, "axis": None}
    named = legible([level.threshold for level in course.levels], HEIGHT / (top * 1.2))
    thresholds = [
        {
            "day": length,
            "count": each.threshold,
            "label": f"{each.name} · {words.number(each.threshold)}" if each.threshold in named else "",
        }
        for each in course.levels
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": WIDTH,
        "height": HEIGHT,
        "background": "#ffffff",
        "padding": {"left": EDGE, "right": EDGE, "top": 4, "bottom": 2},
        "config": {"view": {"stroke": None}, "font": _FONT},
        "layer": [
            {
                "data": {"values": thresholds},
                "layer": [
                    {
                        "mark": {"type": "rule", "color": LINE, "strokeDash": [3, 3]},
                        "encoding": {"y": y},
                    },
                    {
                        "mark": {"type": "text", "align": "right", "baseline": "bottom", "dy": -2,
                                 "fontSize": 9.5, "color": SOFT},
                        "encoding": {"x": x, "y": y, "text": {"field": "label"}},
                    },
                ],
            },
            {
                "data": {"values": [{"day": day, "count": count} for day, count in line]},
                "layer": [
                    {
                        "mark": {"type": "area", "interpolate": "step-after", "color": WARM, "opacity": 0.1},
                        "encoding": {"x": x, "y": y},
                    },
                    {
                        "mark": {"type": "line", "interpolate": "step-after", "color": WARM},
                        "encoding": {"x": x, "y": y},
                    },
                ],
            },
            {
                "data": {"values": [{"day": day, "count": count} for day, count in course.steps]},
                "mark": {"type": "point", "filled": True, "color": WARM, "size": 34, "opacity": 1},
                "encoding": {"x": x, "y": y},
            },
        ],
    }  # fmt: skip


def _in_reach(levels: Sequence[Level], matched: int) -> tuple[Level, ...]:
    """Those that were crossed, and the next one: a far one would flatten the line."""
    crossed = [level for level in levels if level.threshold <= matched]
    return tuple(crossed + [level for level in levels if level.threshold > matched][:1])


def legible(thresholds: Sequence[int], points: float, apart: float = APART) -> set[int]:
    """Those whose labels have room, from the top, where one more is worth so many points."""
    kept: list[int] = []
    for threshold in sorted(thresholds, reverse=True):
        if not kept or (kept[-1] - threshold) * points >= apart:
            kept.append(threshold)
    return set(kept)


def _days(course: Course, words: Words) -> dict[str, Any]:
    below = {
        (day - course.window.start).days: words.short_day(day, course.window.period) for day in marks(course)
    }
    return {
        "title": None,
        "values": list(below),
        "labelExpr": f"({json.dumps(below)})[datum.value]",
        "labelColor": SOFT,
        "labelFontSize": 9.5,
        "labelBound": True,
        "grid": False,
        "tickColor": LINE,
        "domainColor": LINE,
        "tickSize": 3,
    }


def marks(course: Course) -> Iterable[date]:
    """The days that are written below the picture."""
    start, end = course.window.start, course.window.end
    every = {Period.WEEK: 1, Period.MONTH: 7}.get(course.window.period)
    if every is not None:
        return [start + timedelta(days=day) for day in range(0, (end - start).days, every)]
    days = (start + timedelta(days=day) for day in range((end - start).days))
    return [day for day in days if day.day == 1]


def _day(placed: Placed) -> date:
    return date(placed.year, placed.month, placed.day)
