"""Packs of rows judged and tallied here, with the meaning that `judging` and `tally` give them in the server.

1. Of each pack the rows that may be rejects are found by looking at each distinct value once.
2. These are judged one by one; the others are good.
3. Good rows that match come together by (subject, window).
4. Only pairs that have enough of them are looked at further: distinct orders, amounts, evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

from bson import Int64, ObjectId

from tercera.model import (
    CUSTOMER,
    Evidence,
    Match,
    Pair,
    Placed,
    RejectReason,
    SubjectId,
    Tally,
    WindowId,
)
from tercera.mongo.columns import Pack, Row, UncoveredError
from tercera.mongo.question import Question
from tercera.mongo.ranges import Days
from tercera.mongo.survey import SurveyCount
from tercera.mongo.values import (
    Instant,
    accepts,
    amount_of,
    instant_of,
    is_missing,
    pattern_of,
    placed_of,
    shown,
    text_of,
)
from tercera.orders import LONGEST_TEXT
from tercera.windows import window_of

_REQUIRED = ("order_id", "customer_id", "status")
_MOST_KNOWN = 200_000
_PLAIN = {str}
_KEPT = frozenset({str, type(None), int, Int64, float, ObjectId})
"""Types whose values a set keeps, and keeps apart: True is 1 to it."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """A readable `placed_at`; `window` is None outside of the question's windows."""

    placed: Placed
    instant: Instant
    window: WindowId | None


_Matching = tuple[Instant, str, str, Any, Placed]
"""A matching row: when, order id, status, stored amount, and when once more, as it is told."""

_WHEN_AND_WHICH = itemgetter(0, 1)
"""By which the orders of a pair are sorted; stored amounts need not be comparable."""


@dataclass
class Known:
    """What was found of stored values: the text of each, at which paths it is good, and what the matching
    rows of a pair came to.

    Sweep after sweep sees the same customers, so it is kept, up to a bound. It is of one counting.
    """

    texts: dict[Any, str | None] = field(default_factory=dict)
    good: dict[str, set[Any]] = field(default_factory=lambda: defaultdict(set))
    tallies: dict[Pair, tuple[list[_Matching], list[type], Tally]] = field(default_factory=dict)

    def trim(self) -> None:
        """Forgets everything when it has become much."""
        if len(self.texts) + len(self.tallies) > _MOST_KNOWN:
            self.texts.clear()
            self.good.clear()
            self.tallies.clear()

    def text(self, value: Any) -> str | None:
        """See `text_of`."""
        if value not in self.texts:
            self.texts[value] = text_of(value)
        return self.texts[value]


@dataclass
class Reader:
    """Reads packs, part by part, for one question. Raises `UncoveredError` where only the server is exact."""

    question: Question
    survey: SurveyCount
    known: Known
    _matching: dict[WindowId, dict[str, list[_Matching]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    _moments: dict[Any, _Moment | None] = field(default_factory=dict)
    _days: tuple[Days, ...] = ()
    _texts: tuple[str | None, str | None] = (None, None)

    def __post_init__(self) -> None:
        question = self.question
        self._windows = {window.id for window in question.windows or ()}
        self.begin(question)
        self._paths = {name: path for name, path in question.paths.items() if name != "placed_at"}
        self._placed_path = question.fields.placed_at
        self._text = self.known.text
        needed = {*_REQUIRED, question.subject}
        valid = {str(name): pattern_of(pattern) for name, pattern in question.fields.valid.items()}
        self._patterns = {name: valid.get(name) for name in self._paths if name in needed}
        """Of the fields that every order must have."""

    def judges_like(self, other: Reader) -> bool:
        """Whether both suspect the same rows. They are of one zone and one collection."""
        return self._paths == other._paths and self._patterns == other._patterns

    def begin(self, part: Question) -> None:
        """The packs that follow are of a part: of their rows only those count that are a matter of it."""
        self._moments.clear()
        self._days, self._texts = part.days, part.texts

    def add(self, pack: Pack, suspects: Collection[int]) -> None:
        """Counts a pack's rows, of which `suspects` gave those that may be rejects."""
        for place in suspects:
            self._add_row(pack.row(place), judged=True)
        if len(suspects) == pack.size:
            return
        if self._placed_path in pack.shared and self._match_together(pack):
            self._add_good(pack, suspects)
            return
        for place in range(pack.size):
            if place not in suspects:
                self._add_row(pack.row(place), judged=False)

    def tallies(self) -> Iterator[Tally]:
        """Of the pairs that have enough matching orders."""
        least = self.question.scope.at_least
        for window, subjects in self._matching.items():
            for subject, rows in subjects.items():
                if len(rows) >= least and (tally := self._tally(subject, window, rows)):
                    yield tally

    def suspects(self, pack: Pack) -> Collection[int]:
        """The rows that may be rejects."""
        for path, value in pack.shared.items():
            if self._bad(path, [value]):
                return range(pack.size)
        found: set[int] = set()
        for path, column in pack.columns.items():
            if not self._is_plain(path, column) and (bad := self._bad(path, column)):
                found.update(place for place, value in enumerate(column) if value in bad)
        return found

    def _bad(self, path: str, values: Sequence[Any]) -> set[Any]:
        """The values at a path that make their rows rejects."""
        if path == self._placed_path:
            return {value for value in values if self._moment(value) is None}
        if path not in self._paths.values():
            return set()
        if not _KEPT.issuperset(map(type, values)):
            raise UncoveredError
        new = set(values) - self.known.good[path]
        if not new:
            return new
        names = [name for name in self._patterns if self._paths[name] == path]
        bad = {value for value in new for name in names if not self._is_good(name, value)}
        self.known.good[path] |= new - bad
        return bad

    def _is_plain(self, path: str, column: Sequence[Any]) -> bool:
        """Whether all are texts that need no look at each: quick to say of ids that hardly repeat."""
        return (
            path == self._paths["order_id"]
            and not any(self._patterns[name] for name in self._patterns if self._paths[name] == path)
            and set(map(type, column)) == _PLAIN
            and min(column) >= "!"
            and max(column) < "\x7f"
            and max(map(len, column)) <= LONGEST_TEXT
        )

    def _moment(self, value: Any) -> _Moment | None:
        if type(value) not in _KEPT and not isinstance(value, datetime):
            raise UncoveredError
        if value not in self._moments:
            self._moments[value] = self._read_moment(value)
        return self._moments[value]

    def _read_moment(self, value: Any) -> _Moment | None:
        counting = self.question.counting
        placed = placed_of(value, self.question.fields, counting.zone)
        if placed is None:
            return None
        window = window_of(placed, counting.within, counting.zone).id
        is_inside = window in self._windows and self._is_of_part(placed)
        return _Moment(placed, instant_of(placed), window if is_inside else None)

    def _is_of_part(self, placed: Placed) -> bool:
        day = placed.date() if isinstance(placed, datetime) else placed
        return any(
            (first is None or first <= day) and (end is None or day < end) for first, end in self._days
        )

    def _match_together(self, pack: Pack) -> bool:
        """Whether either all rows of a pack match, or none, whatever stands in its columns."""
        return all(self._path_of(match) in pack.shared for match in self.question.counting.when)

    def _path_of(self, match: Match) -> str:
        return self._paths["customer_id" if match.field == CUSTOMER else match.field]

    def _matches(self, row: Row) -> bool:
        return all(
            accepts(match, self._text(row[self._path_of(match)])) for match in self.question.counting.when
        )

    def _add_good(self, pack: Pack, suspects: Collection[int]) -> None:
        """Good rows of one day that match together."""
        moment = self._moment(pack.shared[self._placed_path])
        assert moment is not None
        if moment.window is None:
            return
        self._seen(pack.size - len(suspects))
        if not self._matches(pack.shared):
            return
        status = self._text(pack.shared[self._paths["status"]])
        assert status is not None
        subjects, orders = (self._column(pack, name) for name in (self.question.subject, "order_id"))
        rows = zip(subjects, orders, self._amounts(pack), strict=True)
        kept = (row for place, row in enumerate(rows) if place not in suspects) if suspects else rows
        text, matching = self._text, self._matching[moment.window]
        instant, placed = moment.instant, moment.placed
        for subject, order, amount in kept:
            name = subject if type(subject) is str else text(subject) or ""
            order_id = order if type(order) is str else text(order) or ""
            matching[name].append((instant, order_id, status, amount, placed))

    def _column(self, pack: Pack, name: str) -> Sequence[Any]:
        path = self._paths[name]
        return pack.columns[path] if path in pack.columns else [pack.shared[path]] * pack.size

    def _amounts(self, pack: Pack) -> Sequence[Any]:
        path = self.question.fields.amount
        if path is None:
            return [None] * pack.size
        return pack.columns[path] if path in pack.columns else [pack.shared[path]] * pack.size

    def _add_row(self, row: Row, *, judged: bool) -> None:
        moment = self._moment(row[self._placed_path])
        if self._is_elsewhere(row, moment):
            return
        matching = self._matches(row)
        if judged and (reason := self._reason(row, moment)):
            sample = [{"p": path, "v": shown(value)} for path, value in row.items()]
            self.survey.add({"_id": {"r": reason, "m": matching}, "n": 1, "e": [sample]})
            return
        self._seen(1)
        if matching:
            assert moment is not None
            assert moment.window is not None
            texts = {name: self._text(row[path]) or "" for name, path in self._paths.items()}
            amount = row[self.question.fields.amount] if self.question.fields.amount else None
            self._matching[moment.window][texts[self.question.subject]].append(
                (moment.instant, texts["order_id"], texts["status"], amount, moment.placed)
            )

    def _is_elsewhere(self, row: Row, moment: _Moment | None) -> bool:
        """Whether a row is dated outside of the windows, or is a matter of another part of the question."""
        if moment is not None:
            return moment.window is None
        value, (low, high) = row[self._placed_path], self._texts
        if not isinstance(value, str):
            return False
        return (low is not None and value < low) or (high is not None and value >= high)

    def _seen(self, rows: int) -> None:
        self.survey.add({"_id": None, "n": rows, "k": 0, "p": 0})

    def _reason(self, row: Row, moment: _Moment | None) -> RejectReason | None:
        """The first that holds, in the order of `RejectReason`; None for a good row."""
        for name, missing, invalid in (
            ("order_id", RejectReason.NO_ORDER_ID, RejectReason.INVALID_ORDER_ID),
            ("customer_id", RejectReason.NO_CUSTOMER, RejectReason.INVALID_CUSTOMER_ID),
            ("placed_at", RejectReason.NO_DATE, RejectReason.UNREADABLE_DATE),
            ("status", RejectReason.NO_STATUS, RejectReason.INVALID_STATUS),
        ):
            value = row[self._placed_path if name == "placed_at" else self._paths[name]]
            good = moment is not None if name == "placed_at" else self._is_good(name, value)
            if not good:
                return missing if is_missing(value) else invalid
        subject = self.question.subject
        return None if self._is_good(subject, row[self._paths[subject]]) else RejectReason.NO_SUBJECT

    def _is_good(self, name: str, value: Any) -> bool:
        """Whether the value of a needed field makes no row a reject."""
        text, pattern = self._text(value), self._patterns[name]
        return text is not None and (pattern is None or pattern.search(text) is not None)

    def _tally(self, subject: str, window: WindowId, rows: list[_Matching]) -> Tally | None:
        if len({row[1] for row in rows}) < len(rows):
            rows = _merged(rows)
        if len(rows) < self.question.scope.at_least:
            return None
        rows.sort(key=_WHEN_AND_WHICH)
        pair, types = (SubjectId(subject), window), [type(row[3]) for row in rows]  # True equals 1
        known = self.known.tallies.get(pair)
        if known is None or known[0] != rows or known[1] != types:
            self.known.tallies[pair] = known = rows, types, self._counted(pair, rows)
        return known[-1]

    def _counted(self, pair: Pair, rows: list[_Matching]) -> Tally:
        amounts = [amount_of(row[3]) for row in rows]
        readable = [amount for amount in amounts if amount is not None]
        told = zip(rows[: self.question.counting.evidence], amounts, strict=False)
        return Tally(
            *pair,
            matched=len(rows),
            orders=0,
            amount=sum(readable, Decimal(0)) if readable else None,
            first_at=rows[0][-1],
            last_at=rows[-1][-1],
            evidence=tuple(Evidence(row[1], row[-1], row[2], amount) for row, amount in told),
        )


def _merged(rows: Iterable[_Matching]) -> list[_Matching]:
    """The distinct orders: of the rows of each the earliest time, the smallest status, the largest amount."""
    orders: dict[str, _Matching] = {}
    for row in rows:
        order_id = row[1]
        if (known := orders.get(order_id)) is None:
            orders[order_id] = row
            continue
        instant, _, status, amount, placed = known
        if row[0] < instant:
            instant, placed = row[0], row[-1]
        orders[order_id] = (instant, order_id, min(status, row[2]), _larger(amount, row[3]), placed)
    return list(orders.values())


def _larger(one: Any, other: Any) -> Any:
    """That of two stored amounts that reads as the larger number."""
    first, second = amount_of(one), amount_of(other)
    return one if second is None or (first is not None and first >= second) else other
