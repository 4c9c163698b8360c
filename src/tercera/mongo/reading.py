"""Packs of rows judged and tallied here, with the meaning that `judging` and `tally` give them in the server.

1. Of each pack the rows that may be rejects are found by looking at each distinct value once.
2. These are judged one by one; the others are good.
3. Good rows that match come together by (subject, window).
4. Only pairs that have enough of them are looked at further: distinct orders, amounts, evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tercera.model import CUSTOMER, Evidence, Match, Placed, RejectReason, SubjectId, Tally, WindowId
from tercera.mongo.columns import Pack, Row, UncoveredError
from tercera.mongo.question import Question
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
_PLAIN = {str}
_UNKEPT = {bool, list, dict}
"""Types of values that no set keeps, or keeps apart from others: True is 1 to it."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """A readable `placed_at`; `window` is None outside of the question's windows."""

    placed: Placed
    instant: Instant
    window: WindowId | None


@dataclass(slots=True)
class _Order:
    """A matching order: of its rows the earliest time, the smallest status, the largest amount."""

    moment: _Moment
    status: str
    amounts: list[Any]

    def add(self, moment: _Moment, status: str, amount: Any) -> None:
        if moment.instant < self.moment.instant:
            self.moment = moment
        self.status = min(self.status, status)
        self.amounts.append(amount)

    def evidence(self, order_id: str) -> Evidence:
        known = [amount for amount in map(amount_of, self.amounts) if amount is not None]
        return Evidence(order_id, self.moment.placed, self.status, max(known) if known else None)


_Matching = tuple[str, _Moment, str, Any]
"""Order id, moment, status and stored amount of a row."""


@dataclass
class Reader:
    """Reads the packs of one question. Raises `UncoveredError` where only the server is exact."""

    question: Question
    survey: SurveyCount
    _pairs: dict[tuple[str, WindowId], list[_Matching]] = field(default_factory=lambda: defaultdict(list))
    _texts: dict[Any, str | None] = field(default_factory=dict)
    _moments: dict[Any, _Moment | None] = field(default_factory=dict)
    _valid: dict[str, dict[Any, bool]] = field(default_factory=lambda: defaultdict(dict))

    def __post_init__(self) -> None:
        question = self.question
        self._windows = {window.id for window in question.windows or ()}
        self._paths = {name: path for name, path in question.paths.items() if name != "placed_at"}
        self._placed_path = question.fields.placed_at

    def add(self, pack: Pack) -> None:
        """Counts a pack's rows."""
        suspects = self._suspects(pack)
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
        for (subject, window), rows in self._pairs.items():
            if len(rows) >= least and (tally := self._tally(subject, window, rows)):
                yield tally

    def _suspects(self, pack: Pack) -> set[int]:
        """The rows that may be rejects."""
        everyone = set(range(pack.size))
        for path, value in pack.shared.items():
            if path == self._placed_path and self._moment(value) is None:
                return everyone
            if path != self._placed_path and not self._is_valid(path, value):
                return everyone
        found: set[int] = set()
        for path, column in pack.columns.items():
            if path == self._placed_path:
                found.update(place for place, value in enumerate(column) if self._moment(value) is None)
            elif path in self._paths.values() and not self._is_plain(path, column):
                bad = {value for value in self._distinct(column) if not self._is_valid(path, value)}
                if bad:
                    found.update(place for place, value in enumerate(column) if value in bad)
        return found

    def _is_plain(self, path: str, column: Sequence[Any]) -> bool:
        """Whether all are texts that need no look at each: quick to say of ids that hardly repeat."""
        return (
            path == self._paths["order_id"]
            and not any(self._patterns(path))
            and set(map(type, column)) == _PLAIN
            and min(column) >= "!"
            and max(column) < "\x7f"
            and max(map(len, column)) <= LONGEST_TEXT
        )

    def _distinct(self, column: Sequence[Any]) -> set[Any]:
        if not _UNKEPT.isdisjoint(map(type, column)):
            raise UncoveredError
        return set(column)

    def _patterns(self, path: str) -> Iterator[str]:
        for name, each in self._paths.items():
            if each == path and (pattern := self.question.fields.valid.get(name)):  # type: ignore[call-overload]
                yield pattern

    def _is_valid(self, path: str, value: Any) -> bool:
        """Whether no field that stands at the path makes a row a reject by this value.

        A field that only `when` asks for never does.
        """
        known = self._valid[path]
        if (found := known.get(value)) is None:
            text = self._text(value)
            needed = any(
                each == path and name in (*_REQUIRED, self.question.subject)
                for name, each in self._paths.items()
            )
            found = not needed or (
                text is not None and all(pattern_of(each).search(text) for each in self._patterns(path))
            )
            known[value] = found
        return found

    def _text(self, value: Any) -> str | None:
        if value not in self._texts:
            self._texts[value] = text_of(value)
        return self._texts[value]

    def _moment(self, value: Any) -> _Moment | None:
        if type(value) in _UNKEPT:
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
        return _Moment(placed, instant_of(placed), window if window in self._windows else None)

    def _match_together(self, pack: Pack) -> bool:
        """Whether either all rows of a pack match, or none, whatever stands in its columns."""
        return all(self._path_of(match) in pack.shared for match in self.question.counting.when)

    def _path_of(self, match: Match) -> str:
        return self._paths["customer_id" if match.field == CUSTOMER else match.field]

    def _matches(self, row: Row) -> bool:
        return all(
            accepts(match, self._text(row[self._path_of(match)])) for match in self.question.counting.when
        )

    def _add_good(self, pack: Pack, suspects: set[int]) -> None:
        """Good rows of one day that match together."""
        moment = self._moment(pack.shared[self._placed_path])
        assert moment is not None
        if moment.window is None:
            return
        self._seen(pack.size - len(suspects))
        if not self._matches(pack.shared):
            return
        path = self._paths["status"]
        status = self._text(pack.shared[path])
        assert status is not None
        subjects, orders = (self._column(pack, name) for name in (self.question.subject, "order_id"))
        amounts = self._amounts(pack)
        texts, window = self._text, moment.window
        for place, (subject, order, amount) in enumerate(zip(subjects, orders, amounts, strict=True)):
            if not suspects or place not in suspects:
                order_id = order if type(order) is str else texts(order)
                self._pairs[texts(subject), window].append((order_id, moment, status, amount))  # type: ignore[index,arg-type]

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
            texts = {name: self._text(row[path]) for name, path in self._paths.items()}
            amount = row[self.question.fields.amount] if self.question.fields.amount else None
            pair = (texts[self.question.subject], moment.window)
            self._pairs[pair].append((texts["order_id"], moment, texts["status"], amount))  # type: ignore[index,arg-type]

    def _is_elsewhere(self, row: Row, moment: _Moment | None) -> bool:
        """Whether a row is dated outside of the windows, or is a matter of another part of the question."""
        if moment is not None:
            return moment.window is None
        value, (low, high) = row[self._placed_path], self.question.texts
        if not isinstance(value, str):
            return False
        return (low is not None and value < low) or (high is not None and value >= high)

    def _seen(self, rows: int) -> None:
        self.survey.add({"_id": None, "n": rows, "k": 0})

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
        subject = row[self._paths[self.question.subject]]
        return RejectReason.NO_SUBJECT if self._text(subject) is None else None

    def _is_good(self, name: str, value: Any) -> bool:
        text = self._text(value)
        pattern = self.question.fields.valid.get(name)  # type: ignore[call-overload]
        return text is not None and (pattern is None or bool(pattern_of(pattern).search(text)))

    def _tally(self, subject: str, window: WindowId, rows: Iterable[_Matching]) -> Tally | None:
        orders: dict[str, _Order] = {}
        for order_id, moment, status, amount in rows:
            if known := orders.get(order_id):
                known.add(moment, status, amount)
            else:
                orders[order_id] = _Order(moment, status, [amount])
        if len(orders) < self.question.scope.at_least:
            return None
        found = sorted(orders, key=lambda order_id: (orders[order_id].moment.instant, order_id))
        told = [orders[order_id].evidence(order_id) for order_id in found]
        amounts = [one.amount for one in told if one.amount is not None]
        return Tally(
            SubjectId(subject),
            window,
            matched=len(told),
            orders=0,
            amount=sum(amounts, Decimal(0)) if amounts else None,
            first_at=told[0].placed_at,
            last_at=told[-1].placed_at,
            evidence=tuple(told[: self.question.counting.evidence]),
        )
