"""What is asked of the orders' collection: which windows, which days, which rows can lie in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property

from tercera.fields import OrderFields
from tercera.model import CUSTOMER, Counting, Match, Pair, SubjectId, WindowId
from tercera.mongo.pipelines.expressions import Expression, either, literal, piecewise, stored_variants
from tercera.mongo.pipelines.moments import Moment, moment_of
from tercera.mongo.pipelines.ranges import Days, Filter, placed_within, text_of_day
from tercera.mongo.pipelines.zones import EARLIEST, LATEST, Span
from tercera.orders import Scope
from tercera.windows import Window, parse_window, window_of_day

When = tuple[Match, ...]
"""The conditions of one rule."""

SHORTEST_PART = timedelta(days=28)
"""Windows shorter than this are asked for together."""

_MOST_LITERAL_WINDOWS = 64
_MARGIN = timedelta(days=7)
_LENGTHS = {"day": 10, "week": 8, "month": 7, "quarter": 7, "year": 4}
"""Of the windows' ids, which stand before the subject in a key."""
_TEXTS = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}


@dataclass(frozen=True)
class Question:
    """What is asked of one collection. `types` are those of `placed_at` that occur: `string`, `date`.

    The ranges of two parts of a question overlap where a zone may shift the day. A text that is no date is
    then a matter of the part within whose `texts` (from, up to) it sorts.
    """

    fields: OrderFields
    counting: Counting
    scope: Scope
    types: frozenset[str] = frozenset({"string", "date"})
    texts: tuple[str | None, str | None] = (None, None)

    @cached_property
    def windows(self) -> tuple[Window, ...] | None:
        """The windows that are asked for, in order; None when the scope does not bound them."""
        period, scope = self.counting.within, self.scope
        if scope.pairs is not None:
            named = {parse_window(window, period) for _, window in scope.pairs}
            return tuple(sorted(named, key=lambda window: window.start))
        if scope.start is None or scope.end is None:
            return None
        first, last = _whole(scope.start, scope.end, self.counting)
        found = []
        window = window_of_day(first or EARLIEST, period)
        while last is not None and window.end <= last:
            found.append(window)
            window = window.following()
        return tuple(found)

    @cached_property
    def days(self) -> tuple[Days, ...]:
        """The runs of days that the windows cover."""
        if self.windows is None:
            return (_whole(self.scope.start, self.scope.end, self.counting),)
        runs: list[tuple[date, date]] = []
        for window in self.windows:
            if runs and runs[-1][1] == window.start:
                runs[-1] = (runs[-1][0], window.end)
            else:
                runs.append((window.start, window.end))
        return tuple(runs)

    @property
    def is_bounded(self) -> bool:
        """Whether some days are left out."""
        return self.days != ((None, None),)

    @property
    def span(self) -> Span:
        """The days whose changes of the clock matter."""
        first, last = self._hull
        return Span(first - _MARGIN if first else EARLIEST, last + _MARGIN if last else LATEST)

    @property
    def _hull(self) -> Days:
        return (self.days[0][0], self.days[-1][1]) if self.days else (LATEST, LATEST)

    @cached_property
    def moment(self) -> Moment:
        """How `placed_at` is read."""
        path = f"${self.fields.placed_at}"
        return moment_of(path, self.fields, self.counting.zone, self.types, self.span)

    @property
    def subject(self) -> str:
        """The name of the field that is counted for."""
        return "customer_id" if self.counting.per == CUSTOMER else self.counting.per

    @property
    def paths(self) -> dict[str, str]:
        """Where the values stand that a row is judged by, by the fields' names."""
        names = ["order_id", "customer_id", "status", self.subject]
        names += [match.field for match in self.counting.when if match.field != CUSTOMER]
        return {**{name: self.fields.path_of(name) for name in names}, "placed_at": self.fields.placed_at}

    def filter(self) -> Filter | None:
        """The rows to read; None for all."""
        placed = placed_within(self.fields.placed_at, self.fields, self.counting.zone, self.days, self.types)
        if self.scope.pairs is None or self.counting.per in self.fields.derive:
            return placed
        subjects = sorted({subject for subject, _ in self.scope.pairs})
        return {self.fields.path_of(self.counting.per): {"$in": stored_variants(subjects)}, **(placed or {})}

    @property
    def only_window(self) -> Window | None:
        """The window, when just one is asked for."""
        return self.windows[0] if self.windows is not None and len(self.windows) == 1 else None

    def inside(self, wall: Expression) -> Expression:
        """Whether a wall clock lies in the only window."""
        assert self.only_window is not None
        start, end = _midnight(self.only_window.start), _midnight(self.only_window.end)
        return {"$and": [{"$gte": [wall, start]}, {"$lt": [wall, end]}]}

    def key(self, subject: str, window: str) -> str:
        """How a pair is named in answers."""
        return subject if self.only_window else f"{window}{subject}"

    def pair(self, key: str) -> Pair:
        """The pair of a name."""
        if self.only_window:
            return SubjectId(key), self.only_window.id
        length = _LENGTHS[self.counting.within]
        return SubjectId(key[length:]), WindowId(key[:length])

    def window(self, wall: Expression) -> Expression:
        """The id of the window that a wall clock falls in, or null outside of the scope."""
        if self.windows is not None and len(self.windows) <= _MOST_LITERAL_WINDOWS:
            steps: list[tuple[datetime, Expression]] = []
            for window in self.windows:
                if steps and steps[-1][0] == _midnight(window.start):
                    steps.pop()
                steps += [(_midnight(window.start), literal(window.id)), (_midnight(window.end), None)]
            return piecewise(wall, None, steps)
        inside = [
            {operator: [wall, _midnight(day)]}
            for operator, day in zip(("$gte", "$lt"), self._hull, strict=True)
            if day is not None
        ]
        text = _window_text(wall, self.counting.within)
        return either({"$and": inside}, text, None) if inside else text

    def parts(self, shortest: timedelta) -> Iterator[Question]:
        """The same question about one run of windows after the other, each of `shortest` at least.

        Windows share no orders, so the answers together are the answer to the whole.
        """
        (begin, end), scope = self._hull, self.scope
        if scope.pairs is not None or begin is None or end is None or not self._can_part(begin):
            yield self
            return
        start, low = begin, None
        for window in self.windows or ():
            if window.end - start >= shortest and window.end < end:
                high = text_of_day(self.fields, window.end)
                yield replace(self, scope=replace(scope, start=start, end=window.end), texts=(low, high))
                start, low = window.end, high
        yield replace(self, scope=replace(scope, start=start, end=end), texts=(low, None))

    def _can_part(self, day: date) -> bool:
        return "string" not in self.types or text_of_day(self.fields, day) is not None


def _whole(start: date | None, end: date | None, counting: Counting) -> Days:
    """The days of the windows that lie wholly between the bounds."""
    period = counting.within
    if start is not None:
        window = window_of_day(start, period)
        start = window.start if window.start >= start else window.end
    if end is not None:
        end = window_of_day(end, period).start
    return start, end


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _window_text(wall: Expression, period: str) -> Expression:
    if period != "quarter":
        return {"$dateToString": {"date": wall, "format": _TEXTS[period]}}
    quarter = {"$toString": {"$toInt": {"$ceil": {"$divide": [{"$month": wall}, 3]}}}}
    return {"$concat": [{"$dateToString": {"date": wall, "format": "%Y"}}, "-Q", quarter]}
