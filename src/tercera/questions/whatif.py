"""What any threshold of a rule would have said over history: one tally answers them all.

Of each window it is enough to know how many pairs have how many matching orders; of the whole, how many
customers ever had how many in a window. Both are a few numbers, however many orders there are.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tercera.model import Counting, Level, Period, WindowId
from tercera.orders import Scope, Source
from tercera.tally.columns import ColumnReading, TallyColumns
from tercera.windows import Window, parse_window, window_of, window_of_day

HISTORY = {Period.DAY: 184, Period.WEEK: 156, Period.MONTH: 120, Period.QUARTER: 80, Period.YEAR: 40}
"""How many windows are looked at, with the one that is open."""

Counts = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """`windows` are those with any matching order, and all between them, the oldest first: how many pairs
    have just so many matching orders. `customers`: how many subjects have just so many in the window where
    they have most. `seconds` is wall time."""

    windows: Mapping[WindowId, Counts]
    customers: Counts
    seconds: float

    @property
    def highest(self) -> int:
        """The most matching orders that any pair has; 0 where nothing matches."""
        return max(self.customers, default=0)

    def alerts(self, threshold: int) -> dict[WindowId, int]:
        """How many alerts each window would have had: as many as customers, for a window has one each."""
        return {window: at_least(counts, threshold) for window, counts in self.windows.items()}

    def by_level(self, levels: Sequence[Level]) -> dict[WindowId, tuple[int, ...]]:
        """Of each window, how many pairs reach each level and no higher one; in the order of the levels."""
        ends = [*(level.threshold for level in levels[1:]), None]
        return {
            window: tuple(
                at_least(counts, level.threshold) - (at_least(counts, end) if end else 0)
                for level, end in zip(levels, ends, strict=True)
            )
            for window, counts in self.windows.items()
        }

    def subjects(self, threshold: int) -> int:
        """How many customers would have had an alert in any window."""
        return at_least(self.customers, threshold)


def at_least(counts: Counts, threshold: int) -> int:
    """How many have so many or more."""
    return sum(number for count, number in counts.items() if count >= threshold)


def history_of(counting: Counting, now: datetime) -> Scope:
    """The windows that are looked at: `HISTORY` of them, up to the one that is open."""
    last = window_of(now, counting.within, counting.zone)
    first = last
    for _ in range(HISTORY[counting.within] - 1):
        first = window_of_day(first.start.fromordinal(first.start.toordinal() - 1), counting.within)
    return Scope(first.start, last.end, totals=False)


def what_if(counting: Counting, source: Source, now: datetime) -> WhatIf:
    """Tallies history once. Raises `SourceError`."""
    began = time.perf_counter()
    found = _Found()
    reading = source.tally(replace(counting, evidence=0), history_of(counting, now))
    if isinstance(reading, ColumnReading):
        for columns in reading.columns():
            found.add_columns(columns)
    else:
        for tally in reading:
            found.add(tally.subject, tally.window, tally.matched)
    names = _without_gaps(found.windows, counting.within)
    return WhatIf(
        {name: dict(sorted(found.windows.get(name, {}).items())) for name in names},
        dict(sorted(found.customers().items())),
        time.perf_counter() - began,
    )


def _without_gaps(found: Iterable[WindowId], period: Period) -> list[WindowId]:
    known = sorted((parse_window(name, period) for name in found), key=lambda window: window.start)
    if not known:
        return []
    names: list[WindowId] = []
    window: Window = known[0]
    while window.start <= known[-1].start:
        names.append(window.id)
        window = window.following()
    return names


@dataclass
class _Found:
    """Pairs by window and count, and the worst of each subject, as they stream by."""

    windows: dict[WindowId, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    worst: dict[str, int] = field(default_factory=dict)
    tables: list[Any] = field(default_factory=list)

    def add(self, subject: str, window: WindowId, matched: int) -> None:
        """One pair."""
        if matched:
            self.windows[window][matched] += 1
            self.worst[subject] = max(matched, self.worst.get(subject, 0))

    def add_columns(self, columns: TallyColumns) -> None:
        """Many pairs, counted by the engine of columns."""
        import pyarrow as pa

        pairs = pa.table({"subject": columns.subjects, "window": columns.windows, "matched": columns.matched})
        pairs = pairs.filter(pa.compute.field("matched") > 0)
        sizes = pairs.group_by(["window", "matched"]).aggregate([([], "count_all")])
        for row in sizes.to_pylist():
            self.windows[WindowId(row["window"])][row["matched"]] += row["count_all"]
        self.tables.append(_worst(pairs.select(["subject", "matched"])))

    def customers(self) -> Counter[int]:
        """How many subjects have which count in their worst window."""
        found = Counter(self.worst.values())
        if self.tables:
            import pyarrow as pa

            whole = _worst(pa.concat_tables(self.tables, promote_options="permissive"))
            for each in whole.column("matched").value_counts().to_pylist():
                found[each["values"]] += each["counts"]
        return found


def _worst(table: Any) -> Any:
    """The highest count of each subject."""
    return table.group_by("subject").aggregate([("matched", "max")]).rename_columns(["subject", "matched"])
