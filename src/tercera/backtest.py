"""What would have been said over history: the live tally and the live judgement, nothing written or sent."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from tercera.model import Survey
from tercera.orders import Scope, Source
from tercera.rules import Rule, judge
from tercera.windows import window_of_day


@dataclass(frozen=True, slots=True)
class Backtest:
    """`alerts` are pairs at or above the lowest level, `customers` the subjects among them; `by_level` holds
    the highest level of each pair, `by_window` is in window order. `seconds` is wall time."""

    rule: str
    alerts: int
    customers: int
    by_level: dict[str, int]
    by_window: dict[str, int]
    survey: Survey
    seconds: float


def backtest(
    rule: Rule,
    source: Source,
    first: date | None = None,
    last: date | None = None,
    progress: Callable[[int], None] | None = None,
) -> Backtest:
    """Judges every pair of the windows from the one that holds `first` to the one that holds `last`.

    None means no bound. `progress` is called with the number of pairs judged so far, now and then.
    """
    began = time.perf_counter()
    within = rule.counting.within
    scope = Scope(
        start=window_of_day(first, within).start if first else None,
        end=window_of_day(last, within).end if last else None,
        at_least=rule.floor,
    )
    by_level: Counter[str] = Counter()
    by_window: Counter[str] = Counter()
    subjects: set[str] = set()
    reading = source.tally(replace(rule.counting, evidence=0), scope)
    for judged, tally in enumerate(reading, 1):
        if (level := judge(rule, tally).level) is not None:
            by_level[level.name] += 1
            by_window[tally.window] += 1
            subjects.add(tally.subject)
        if progress and judged % 10_000 == 0:
            progress(judged)
    return Backtest(
        rule=rule.id,
        alerts=by_level.total(),
        customers=len(subjects),
        by_level={level.name: by_level[level.name] for level in rule.levels},
        by_window=dict(sorted(by_window.items())),
        survey=reading.survey,
        seconds=time.perf_counter() - began,
    )
