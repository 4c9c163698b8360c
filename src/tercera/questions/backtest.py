"""What would have been said over history: the live tally and the live judgement, nothing written or sent."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from tercera.model import Survey, Tally
from tercera.orders import Scope, Source
from tercera.rules import Rule, judge
from tercera.tally.columns import ColumnReading, TallyColumns
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
    found = _Found(rule)
    reading = source.tally(replace(rule.counting, evidence=0), scope)
    if isinstance(reading, ColumnReading):
        for columns in reading.columns():
            found.add_columns(columns)
            if progress:
                progress(found.judged)
    else:
        for tally in reading:
            found.add(tally)
            if progress and found.judged % 10_000 == 0:
                progress(found.judged)
    return Backtest(
        rule=rule.id,
        alerts=found.by_level.total(),
        customers=len(found.subjects),
        by_level={level.name: found.by_level[level.name] for level in rule.levels},
        by_window=dict(sorted(found.by_window.items())),
        survey=reading.survey,
        seconds=time.perf_counter() - began,
    )


@dataclass
class _Found:
    """The pairs that reach a level."""

    rule: Rule
    judged: int = 0
    by_level: Counter[str] = field(default_factory=Counter)
    by_window: Counter[str] = field(default_factory=Counter)
    subjects: set[str] = field(default_factory=set)

    def add(self, tally: Tally) -> None:
        """Judges one."""
        self.judged += 1
        if (level := judge(self.rule, tally).level) is not None:
            self.by_level[level.name] += 1
            self.by_window[tally.window] += 1
            self.subjects.add(tally.subject)

    def add_columns(self, columns: TallyColumns) -> None:
        """Judges many."""
        from tercera.rules.evaluation import reached

        self.judged += len(columns)
        ranks = reached(self.rule, columns.matched)
        for rank, level in enumerate(self.rule.levels, 1):
            self.by_level[level.name] += int((ranks == rank).sum())
        alerts = ranks.nonzero()[0]
        for each in columns.windows.take(alerts).value_counts().to_pylist():
            self.by_window[each["values"]] += each["counts"]
        self.subjects.update(columns.subjects.take(alerts).unique().to_pylist())
