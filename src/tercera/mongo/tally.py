"""The one aggregation behind a tally, and how its answer is read.

1. `$match` on the raw date: an index range (see `ranges`).
2. Each row becomes {k: its key, …}: the order of a (subject, window) with what is needed of it, or a reject
   with its reason and a sample. Rows that are dated outside of the scope have no key.
3. Rows with one key are one order (or the rejects of one reason).
4. Orders of one (subject, window) are counted; the earliest matching ones are the evidence.
5. Pairs below `at_least` melt into one document, so that the survey knows of them and nothing else travels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from bson import Decimal128

from tercera.model import (
    CUSTOMER,
    Counting,
    Evidence,
    Pair,
    RejectCount,
    RejectReason,
    SubjectId,
    Survey,
    Tally,
    WindowId,
)
from tercera.mongo.expressions import (
    Expression,
    amount_of,
    either,
    fits,
    is_missing,
    literal,
    matches,
    piecewise,
    stored_variants,
    strict_pattern,
    text_of,
    told_by,
    type_is,
)
from tercera.mongo.moments import Moment, moment_of
from tercera.mongo.ranges import Days, Filter, placed_within, undatable
from tercera.mongo.zones import EARLIEST, LATEST, Span
from tercera.orders import SAMPLE_LENGTH, SAMPLES, OrderFields, Scope
from tercera.windows import Window, parse_window, window_of_day

Stage = dict[str, Any]

MOST_UNDATABLE = 1000
"""Of rows that no date can be read from, a bounded sweep looks at no more than these."""

_MOST_LITERAL_WINDOWS = 64
_CENT = Decimal("0.0001")
_WINDOW_TEXT = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}


@dataclass(frozen=True)
class Question:
    """What is asked of one collection. `types` are those of `placed_at` that occur: `string`, `date`."""

    fields: OrderFields
    counting: Counting
    scope: Scope
    types: frozenset[str] = frozenset({"string", "date"})

    @cached_property
    def windows(self) -> tuple[Window, ...] | None:
        """The windows that are asked for, in order; None when not every one is named by the scope."""
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
        firsts = [first for first, _ in self.days if first]
        lasts = [last for _, last in self.days if last]
        margin = timedelta(days=7)
        all_first = len(firsts) == len(self.days) and firsts
        all_last = len(lasts) == len(self.days) and lasts
        return Span(
            min(firsts) - margin if all_first else EARLIEST, max(lasts) + margin if all_last else LATEST
        )

    @cached_property
    def moment(self) -> Moment:
        """How `placed_at` is read."""
        return moment_of(f"${self.fields.placed_at}", self.fields, self.counting.zone, self.types, self.span)

    @property
    def paths(self) -> dict[str, str]:
        """Where the values stand that a row is judged by, by their names in samples."""
        names = ["order_id", "customer_id", "status"]
        names += [match.field for match in self.counting.when]
        if self.counting.per != CUSTOMER:
            names.append(self.counting.per)
        paths = {name: self.fields.path_of(name) for name in names if name != CUSTOMER}
        return {**paths, "placed_at": self.fields.placed_at}

    def filter(self) -> Filter | None:
        """The rows to read; None for all."""
        placed = placed_within(self.fields.placed_at, self.fields, self.counting.zone, self.days, self.types)
        if self.scope.pairs is None or self.counting.per in self.fields.derive:
            return placed
        subjects = sorted({subject for subject, _ in self.scope.pairs})
        return {self.fields.path_of(self.counting.per): {"$in": stored_variants(subjects)}, **(placed or {})}

    def pipeline(self) -> list[Stage]:
        """The aggregation for the tallies and most of the survey."""
        rows = self.filter()
        stages: list[Stage] = [{"$match": rows}] if rows else []
        return [*stages, self._row(), self._orders(), *self._pairs()]

    def undatable_pipeline(self) -> list[Stage]:
        """The rejects that a bounded sweep does not come across: a bounded number of them."""
        found = undatable(self.fields.placed_at, self.fields, self.filter())
        whole = Question(self.fields, self.counting, Scope())
        first: list[Stage] = [{"$match": found}, {"$limit": MOST_UNDATABLE}, whole._row()]
        return [*first, whole._orders(), {"$match": {"_id.r": {"$exists": True}}}]

    def _row(self) -> Stage:
        """Every value is read once, into a variable."""
        variables = {name: self._text(name) for name in self.paths if name != "placed_at"}
        names = {name: f"text{place}" for place, name in enumerate(variables)}
        texts = {name: f"$${variable}" for name, variable in names.items()}
        subject = texts[self._subject_name]
        good = {
            "k": {"s": subject, "w": "$$window", "o": texts["order_id"]},
            "m": "$$matching",
            "d": either("$$matching", "$$placed", None),
            "t": either("$$matching", texts["status"], None),
        }
        if self.fields.amount:
            good["a"] = either("$$matching", amount_of(f"${self.fields.amount}"), None)
        reject = {"k": {"r": self._reason(texts)}, "m": "$$matching", "e": self._sample()}
        wall = self.moment.wall("$$placed")
        judged = either(self._is_good(texts), good, reject)
        in_window = {
            "$let": {
                "vars": {"window": self._window(wall), "matching": self._matching(texts)},
                "in": either(
                    {"$and": [{"$ne": ["$$placed", None]}, {"$eq": ["$$window", None]}]}, {"k": None}, judged
                ),
            }
        }
        return {
            "$replaceWith": {
                "$let": {
                    "vars": {
                        "placed": self.moment.value,
                        **{names[name]: value for name, value in variables.items()},
                    },
                    "in": in_window,
                }
            }
        }

    def _text(self, name: str) -> Expression:
        text = text_of(f"${self.paths[name]}")
        derived = self.fields.derive.get(name)
        return told_by(text, derived) if derived else text

    @property
    def _subject_name(self) -> str:
        return "customer_id" if self.counting.per == CUSTOMER else self.counting.per

    def _window(self, wall: Expression) -> Expression:
        """The window's id, or null outside of the scope."""
        if self.windows is not None and len(self.windows) <= _MOST_LITERAL_WINDOWS:
            steps: list[tuple[datetime, Expression]] = []
            for window in self.windows:
                if steps and steps[-1][0] == _midnight(window.start):
                    steps.pop()
                steps += [(_midnight(window.start), literal(window.id)), (_midnight(window.end), None)]
            return piecewise(wall, None, steps)
        period = self.counting.within
        if period == "quarter":
            quarter = {"$toString": {"$ceil": {"$divide": [{"$month": wall}, 3]}}}
            text: Expression = {"$concat": [_date_text(wall, "%Y"), "-Q", quarter]}
        else:
            text = _date_text(wall, _WINDOW_TEXT[period])
        inside = [
            {operator: [wall, _midnight(day)]}
            for operator, day in zip(("$gte", "$lt"), self._hull, strict=True)
            if day is not None
        ]
        return either({"$and": inside}, text, None) if inside else text

    @property
    def _hull(self) -> Days:
        return (self.days[0][0], self.days[-1][1]) if self.days else (LATEST, EARLIEST)

    def _matching(self, texts: Mapping[str, str]) -> Expression:
        conditions = [
            matches(match, texts["customer_id" if match.field == CUSTOMER else match.field])
            for match in self.counting.when
        ]
        return {"$and": conditions}

    def _is_good(self, texts: Mapping[str, str]) -> Expression:
        conditions: list[Expression] = [{"$ne": ["$$placed", None]}]
        conditions += [self._is_valid(name, texts[name]) for name in ("order_id", "customer_id", "status")]
        if self._subject_name not in ("order_id", "customer_id", "status"):
            conditions.append({"$ne": [texts[self._subject_name], None]})
        return {"$and": conditions}

    def _is_valid(self, name: str, text: str) -> Expression:
        pattern = self.fields.valid.get(name)  # type: ignore[call-overload]
        return fits(text, strict_pattern(pattern)) if pattern else {"$ne": [text, None]}

    def _reason(self, texts: Mapping[str, str]) -> Expression:
        """The first that holds, in the order of `RejectReason`."""
        branches: list[tuple[Expression, RejectReason]] = []
        for name, missing, invalid in (
            ("order_id", RejectReason.NO_ORDER_ID, RejectReason.INVALID_ORDER_ID),
            ("customer_id", RejectReason.NO_CUSTOMER, RejectReason.INVALID_CUSTOMER_ID),
            ("placed_at", RejectReason.NO_DATE, RejectReason.UNREADABLE_DATE),
            ("status", RejectReason.NO_STATUS, RejectReason.INVALID_STATUS),
        ):
            read = {"$ne": ["$$placed", None]} if name == "placed_at" else self._is_valid(name, texts[name])
            raw = texts[name] if name in self.fields.derive else f"${getattr(self.fields, name)}"
            branches += [
                ({"$and": [{"$not": [read]}, is_missing(raw)]}, missing),
                ({"$not": [read]}, invalid),
            ]
        return {
            "$switch": {
                "branches": [{"case": case, "then": str(reason)} for case, reason in branches],
                "default": str(RejectReason.NO_SUBJECT),
            }
        }

    def _sample(self) -> Expression:
        """The row's own values as text, cut; by path, so that whoever looks for the row finds it."""
        paths = [*self.paths.values(), *([self.fields.amount] if self.fields.amount else [])]
        distinct = list(dict.fromkeys(paths))
        return [{"p": literal(path), "v": _shown(f"${path}")} for path in distinct]

    def _orders(self) -> Stage:
        group: Stage = {
            "_id": "$k",
            "n": {"$sum": 1},
            "x": {"$sum": either("$m", 1, 0)},
            "d": {"$min": "$d"},
            "t": {"$min": "$t"},
            "e": {"$minN": {"n": SAMPLES, "input": "$e"}},
        }
        if self.fields.amount:
            group["a"] = {"$max": "$a"}
        return {"$group": group}

    def _pairs(self) -> list[Stage]:
        matched = {"$gt": ["$x", 0]}
        group: Stage = {
            "_id": {"r": "$_id.r", "s": "$_id.s", "w": "$_id.w"},
            "n": {"$sum": "$n"},
            "k": {"$sum": 1},
            "x": {"$sum": "$x"},
            "m": {"$sum": either(matched, 1, 0)},
            "f": {"$min": "$d"},
            "l": {"$max": "$d"},
            "e": {"$first": "$e"},
        }
        one: Expression = {"d": "$d", "o": "$_id.o", "t": "$t"}
        if self.fields.amount:
            one["a"] = "$a"
            group |= {"a": {"$sum": "$a"}, "h": {"$max": "$a"}}
        if self.counting.evidence > 0:
            group["v"] = {"$minN": {"n": self.counting.evidence, "input": either(matched, one, None)}}
        return [{"$match": {"_id": {"$ne": None}}}, {"$group": group}, *self._told()]

    def _told(self) -> list[Stage]:
        if self.scope.pairs is not None:
            pairs = [{"s": subject, "w": window} for subject, window in self.scope.pairs]
            return [{"$match": {"$or": [{"_id.r": {"$exists": True}}, {"_id": {"$in": pairs}}]}}]
        kept = {"$or": [{"$gte": ["$m", self.scope.at_least]}, {"$gt": ["$_id.r", None]}]}
        group: Stage = {
            "_id": either(kept, "$_id", None),
            "n": {"$sum": "$n"},
            "k": {"$sum": "$k"},
            "one": {"$first": either(kept, "$$ROOT", None)},
        }
        return [{"$group": group}]

    def read_tally(self, answer: Mapping[str, Any]) -> Tally:
        """A (subject, window) as the server answered it."""
        zone = self.counting.zone
        known = answer.get("h") is not None
        return Tally(
            SubjectId(answer["_id"]["s"]),
            WindowId(answer["_id"]["w"]),
            matched=answer["m"],
            orders=answer["k"],
            amount=_money(answer["a"]) if known else None,
            first_at=self.moment.read(answer["f"], zone) if answer["m"] else None,
            last_at=self.moment.read(answer["l"], zone) if answer["m"] else None,
            evidence=tuple(
                Evidence(one["o"], self.moment.read(one["d"], zone), one["t"], _money(one.get("a")))
                for one in answer.get("v", ())
            ),
        )


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


def _date_text(wall: Expression, form: str) -> Expression:
    return {"$dateToString": {"date": wall, "format": form}}


def _shown(value: Expression) -> Expression:
    """A value as text, cut to a bounded length; null when missing, its type's name when it has no text."""
    as_text = {"$convert": {"input": value, "to": "string", "onError": {"$type": value}, "onNull": None}}
    return either(type_is(value, "string"), {"$substrCP": [value, 0, SAMPLE_LENGTH]}, as_text)


def _money(stored: Any) -> Decimal | None:
    if stored is None:
        return None
    number = stored.to_decimal() if isinstance(stored, Decimal128) else Decimal(stored)
    return number.quantize(_CENT)


class SurveyCount:
    """Adds up what an aggregation saw, as its documents come by."""

    def __init__(self) -> None:
        self.rows = 0
        self.orders = 0
        self._rejects: dict[RejectReason, tuple[int, int, list[Any]]] = {}

    def add_pair(self, answer: Mapping[str, Any]) -> None:
        """Rows and orders of one pair, or of all that are not told of."""
        self.rows += answer["n"]
        self.orders += answer["k"]

    def add_reject(self, answer: Mapping[str, Any]) -> None:
        """The rejects of one reason."""
        reason = RejectReason(answer["_id"]["r"])
        rows, matching, samples = self._rejects.get(reason, (0, 0, []))
        self.rows += answer["n"]
        self._rejects[reason] = (rows + answer["n"], matching + answer["x"], samples + answer["e"])

    def survey(self) -> Survey:
        """The whole."""
        return Survey(
            self.rows,
            self.orders,
            {
                reason: RejectCount(rows, matching, tuple(_samples(samples)))
                for reason, (rows, matching, samples) in self._rejects.items()
            },
        )


def _samples(stored: Sequence[Any]) -> Iterator[Mapping[str, str | None]]:
    for row in stored[:SAMPLES]:
        yield {each["p"]: each.get("v") for each in row}


def silent(pairs: Collection[Pair]) -> Iterator[Tally]:
    """The tallies of pairs that have no orders."""
    for subject, window in pairs:
        yield Tally(subject, window, matched=0, orders=0)
