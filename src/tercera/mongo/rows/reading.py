"""Packs of rows judged here, with the meaning that `judging` gives them in the server: once for all rules
that need the same of a row.

1. Of each pack the rows that may be rejects are found by looking at each distinct value once.
2. These are judged one by one; the others are good.
3. Good rows that match any rule are kept, with which rules they match; of the others, how many there are of
   each day. What each rule makes of them is the matter of `counting`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from itertools import compress
from typing import Any

import numpy as np
from bson import Int64, ObjectId

from tercera.model import CUSTOMER, Match, RejectReason
from tercera.mongo.pipelines.question import Question, When
from tercera.mongo.rows.columns import Pack, Row, UncoveredError
from tercera.mongo.rows.matching import Columns, MatchingRows, Moment
from tercera.mongo.rows.values import accepts, instant_of, is_missing, pattern_of, placed_of, shown, text_of
from tercera.orders import LONGEST_TEXT

_REQUIRED = ("order_id", "customer_id", "status")
_PLAIN = {str}
_KEPT = frozenset({str, type(None), int, Int64, float, ObjectId})
"""Types whose values a set keeps, and keeps apart: True is 1 to it."""

_FIRST, _LAST = 0, date.max.toordinal() + 1

Way = tuple[bool, ...]
"""Which rules a row matches."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that can't be judged: of which day (None: of none), and which rules it would match."""

    reason: RejectReason
    day: int | None
    way: Way
    sample: list[dict[str, Any]]


@dataclass
class Values:
    """What was found of stored values: the text of each, and at which paths it is good.

    Sweep after sweep sees the same customers, so it is kept. It is of questions that need the same of a row
    (`needs`).
    """

    texts: dict[Any, str | None] = field(default_factory=dict)
    good: dict[str, set[Any]] = field(default_factory=lambda: defaultdict(set))

    def text(self, value: Any) -> str | None:
        """See `text_of`."""
        if value not in self.texts:
            self.texts[value] = text_of(value)
        return self.texts[value]


Needs = tuple[str, str, frozenset[tuple[str, str]], frozenset[str]]


def needs(question: Question) -> Needs:
    """What a row is judged by: questions for which it is the same can be read by one reader."""
    needed = frozenset({*_REQUIRED, question.subject})
    return question.counting.zone, question.subject, frozenset(question.paths.items()), needed


class Reader:
    """Reads packs, part by part, for questions with the same `needs`. Raises `UncoveredError` where only the
    server is exact."""

    def __init__(self, questions: Sequence[Question], values: Values) -> None:
        question = questions[0]
        self.whens: tuple[When, ...] = tuple(dict.fromkeys(each.counting.when for each in questions))
        self.good: Counter[int] = Counter()
        """How many good rows there are of each day (an ordinal)."""
        self.rejects: list[Reject] = []
        self.ways: list[Way] = []
        self.rows = MatchingRows()
        """Those that match any of the rules; `columns` say more of each."""

        self._fields, self._zone = question.fields, question.counting.zone
        self._subject = question.subject
        self._paths = {name: path for name, path in question.paths.items() if name != "placed_at"}
        self._placed_path = question.fields.placed_at
        self._deciding = tuple(dict.fromkeys(self._path_of(match) for when in self.whens for match in when))
        valid = {str(name): pattern_of(pattern) for name, pattern in question.fields.valid.items()}
        needed = {*_REQUIRED, question.subject}
        self._patterns = {name: valid.get(name) for name in self._paths if name in needed}
        """Of the fields that every order must have."""

        self._known, self._text = values, values.text
        self._moments: dict[Any, Moment | None] = {}
        self._ways: dict[tuple[Any, ...], int] = {}
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._days: list[tuple[int, int]] = []
        self._columns: tuple[list[int], list[int], list[int]] = ([], [], [])

    @cached_property
    def subjects(self) -> list[str]:
        """The names of the subjects of matching rows, by their numbers, when all is read."""
        return list(self._numbers)

    @cached_property
    def columns(self) -> Columns:
        """What is known of `rows`, when all is read."""
        return Columns(*(np.array(column, np.int64) for column in self._columns))

    def read(self, part: Question, packs: Iterable[Pack]) -> None:
        """Reads the packs of a part: of their rows only those count that are a matter of it."""
        self._days = [
            (first.toordinal() if first else _FIRST, end.toordinal() if end else _LAST)
            for first, end in part.days
        ]
        for pack in packs:
            suspects = self._suspects(pack)
            for place in suspects:
                self._add_row(pack.row(place), part.texts)
            if len(suspects) < pack.size:
                self._add_good(pack, suspects)

    def _suspects(self, pack: Pack) -> Collection[int]:
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
        new = set(values) - self._known.good[path]
        if not new:
            return new
        names = [name for name in self._patterns if self._paths[name] == path]
        bad = {value for value in new for name in names if not self._is_good(name, value)}
        self._known.good[path] |= new - bad
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

    def _moment(self, value: Any) -> Moment | None:
        if type(value) not in _KEPT and not isinstance(value, datetime):
            raise UncoveredError
        if value not in self._moments:
            placed = placed_of(value, self._fields, self._zone)
            self._moments[value] = (
                None if placed is None else Moment(placed, instant_of(placed), placed.toordinal())
            )
        return self._moments[value]

    def _path_of(self, match: Match) -> str:
        return self._paths["customer_id" if match.field == CUSTOMER else match.field]

    def _way(self, deciding: tuple[Any, ...]) -> int:
        """The place of the way in which rows match that have these values where rules look."""
        if (known := self._ways.get(deciding)) is None:
            texts = {path: self._text(value) for path, value in zip(self._deciding, deciding, strict=True)}
            way = tuple(
                all(accepts(match, texts[self._path_of(match)]) for match in when) for when in self.whens
            )
            if way not in self.ways:
                self.ways.append(way)
            known = self._ways[deciding] = self.ways.index(way)
        return known

    def _add_good(self, pack: Pack, suspects: Collection[int]) -> None:
        """Good rows: those that match any rule, and how many others there are."""
        good = [place not in suspects for place in range(pack.size)] if suspects else None
        size = pack.size - len(suspects)

        def column(path: str | None) -> Sequence[Any]:
            if path is None or path not in pack.columns:
                return [pack.shared[path] if path else None] * size
            values = pack.columns[path]
            return values if good is None else list(compress(values, good))

        if {self._placed_path, *self._deciding} <= pack.shared.keys():
            moment = self._moment(pack.shared[self._placed_path])
            assert moment is not None
            if self._is_of_part(moment):
                way = self._way(tuple(pack.shared[path] for path in self._deciding))
                self.good[moment.day] += size
                if any(self.ways[way]):
                    self._keep_alike(column, moment, way, size)
            return
        moments = [self._moment(value) for value in column(self._placed_path)]
        deciding = zip(*(column(path) for path in self._deciding), strict=True)
        ways = list(map(self._way, deciding)) if self._deciding else [self._way(())] * size
        names = [column(self._paths[name]) for name in (self._subject, "order_id", "status")]
        for moment, way, *texts in zip(moments, ways, *names, column(self._fields.amount), strict=True):
            if moment is not None and self._is_of_part(moment):
                self._keep(moment, way, *texts)

    def _keep_alike(
        self, column: Callable[[str | None], Sequence[Any]], moment: Moment, way: int, size: int
    ) -> None:
        """Rows of one day and one way."""
        subjects, orders = (self._texts(column(self._paths[name])) for name in (self._subject, "order_id"))
        [status] = self._texts(column(self._paths["status"])[:1])
        self.rows.add(moment, status, orders, column(self._fields.amount))
        numbers, days, ways = self._columns
        numbers += map(self._numbers.__getitem__, subjects)
        days += [moment.day] * size
        ways += [way] * size

    def _keep(self, moment: Moment, way: int, subject: Any, order: Any, status: Any, amount: Any) -> None:
        """A good row."""
        self.good[moment.day] += 1
        if any(self.ways[way]):
            subject, order, status = self._texts([subject, order, status])
            self.rows.add(moment, status, [order], [amount])
            for column, value in zip(self._columns, (self._numbers[subject], moment.day, way), strict=True):
                column.append(value)

    def _texts(self, values: Sequence[Any]) -> Sequence[str]:
        if set(map(type, values)) == _PLAIN:
            return values
        return [value if type(value) is str else self._text(value) or "" for value in values]

    def _add_row(self, row: Row, texts: tuple[str | None, str | None]) -> None:
        """A row that may be a reject."""
        moment = self._moment(row[self._placed_path])
        if not self._is_of_part(moment) if moment else _is_elsewhere(row[self._placed_path], texts):
            return
        way = self._way(tuple(row[path] for path in self._deciding))
        if reason := self._reason(row, moment):
            sample = [{"p": path, "v": shown(value)} for path, value in row.items()]
            self.rejects.append(
                Reject(reason, None if moment is None else moment.day, self.ways[way], sample)
            )
            return
        assert moment is not None
        subject, order, status = (row[self._paths[name]] for name in (self._subject, "order_id", "status"))
        amount = row[self._fields.amount] if self._fields.amount else None
        self._keep(moment, way, subject, order, status, amount)

    def _is_of_part(self, moment: Moment) -> bool:
        return any(first <= moment.day < end for first, end in self._days)

    def _reason(self, row: Row, moment: Moment | None) -> RejectReason | None:
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
        return (
            None if self._is_good(self._subject, row[self._paths[self._subject]]) else RejectReason.NO_SUBJECT
        )

    def _is_good(self, name: str, value: Any) -> bool:
        """Whether the value of a needed field makes no row a reject."""
        text, pattern = self._text(value), self._patterns[name]
        return text is not None and (pattern is None or pattern.search(text) is not None)


def _is_elsewhere(value: Any, texts: tuple[str | None, str | None]) -> bool:
    """Whether a value that is no date is a matter of another part of the question: see `Question.texts`."""
    if not isinstance(value, str):
        return False
    low, high = texts
    return (low is not None and value < low) or (high is not None and value >= high)
