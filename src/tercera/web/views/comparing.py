"""Two versions of a rule over history, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from tercera.model import Period, WindowId
from tercera.questions.whatif import WhatIf
from tercera.rendering.words import Words
from tercera.rules import Rule
from tercera.web.views.whatif import TALL
from tercera.windows import parse_window


@dataclass(frozen=True, slots=True)
class Side:
    """What a version comes to: alerts in all, by level, and the customers they are about."""

    alerts: int
    by_level: tuple[tuple[str, int], ...]
    customers: int


@dataclass(frozen=True, slots=True)
class Row:
    """A window: the alerts of one and of the other, in numbers and in units of the picture."""

    id: WindowId
    name: str
    one: int
    other: int
    tall_one: float
    tall_other: float

    @property
    def more(self) -> str:
        """By how many the other one has more, with a sign; nothing where they are alike."""
        return f"{self.other - self.one:+,}" if self.other != self.one else ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both, and each window that either knows of, the oldest first."""

    one: Side
    other: Side
    rows: tuple[Row, ...]


def compare(one: tuple[Rule, WhatIf], other: tuple[Rule, WhatIf], words: Words) -> Comparison:
    """Of two versions with the same windows."""
    period = one[0].counting.within
    alerts, others = (found.alerts(rule.floor) for rule, found in (one, other))
    most = max([*alerts.values(), *others.values()], default=0) or 1
    names = sorted({*alerts, *others}, key=lambda name: parse_window(name, period).start)
    rows = tuple(_row(name, alerts.get(name, 0), others.get(name, 0), most, period, words) for name in names)
    return Comparison(_side(*one), _side(*other), rows)


def _row(name: WindowId, one: int, other: int, most: int, period: Period, words: Words) -> Row:
    shown = words.window(parse_window(name, period))
    return Row(name, shown, one, other, round(one * TALL / most, 1), round(other * TALL / most, 1))


def _side(rule: Rule, found: WhatIf) -> Side:
    by_window = found.by_level(rule.levels).values()
    sums = [sum(each) for each in zip(*by_window, strict=True)] or [0] * len(rule.levels)
    by_level = tuple((level.name, count) for level, count in zip(rule.levels, sums, strict=True))
    return Side(sum(sums), by_level, found.subjects(rule.floor))
