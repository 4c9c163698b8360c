"""What would have been said over history: the live tally and the live judgement, nothing written or sent."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice

from tercera.model import Survey, Tally
from tercera.orders import Scope, Source
from tercera.rules import Rule, judge
from tercera.tally.columns import ColumnReading, TallyColumns
from tercera.windows import window_of_day

_SOME = 2_000
"""Of how many pairs the statuses are looked at, where a rule matches nothing."""

_SHOWN = 8
"""How many statuses are told."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """`alerts` are pairs at or above the lowest level, `customers` the subjects among them; `by_level` holds
    the highest level of each pair, `by_window` is in window order. `seconds` is wall time. When no order at
    all meets the rule's `when`, `instead` holds statuses that orders have, the most frequent first."""

    rule: str
    alerts: int
    customers: int
    by_level: dict[str, int]
    by_window: dict[str, int]
    survey: Survey
    seconds: float
    instead: tuple[str, ...] = ()


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
    instead = () if found.by_level or not reading.survey.orders else _instead(rule, source, scope)
    return Backtest(
        rule=rule.id,
        alerts=found.by_level.total(),
        customers=len(found.subjects),
        by_level={level.name: found.by_level[level.name] for level in rule.levels},
        by_window=dict(sorted(found.by_window.items())),
        survey=reading.survey,
        instead=instead,
        seconds=time.perf_counter() - began,
    )


def _instead(rule: Rule, source: Source, scope: Scope) -> tuple[str, ...]:
    """Statuses of some orders, if none at all meets the rule; nothing else would tell of a misspelt one."""
    scope = replace(scope, at_least=1)
    for _ in source.tally(replace(rule.counting, evidence=0), scope):
        return ()
    seen: Counter[str] = Counter()
    for tally in islice(source.tally(replace(rule.counting, when=(), evidence=5), scope), _SOME):
        seen.update(order.status for order in tally.evidence)
    return tuple(status for status, _ in seen.most_common(_SHOWN))


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
