"""The rows of some windows as columns: how they are asked for, and when that is worth it.

Judging a row costs a server ten times what reading it from an index does. So a sweep that needs no totals
asks for the bare values, packed by day and status (of which there are few), and `reading` judges them here.
That is meant for what a shop sees in its watched windows; of more than `MOST_ROWS` the server keeps the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tercera.mongo.pipelines.question import Question

MOST_ROWS = 100_000
"""More rows than this in one part of a question are judged by the server."""

Stage = dict[str, Any]
Row = dict[str, Any]
"""Stored values, by path."""


class UncoveredError(Exception):
    """Something that only the server judges exactly: the question has to be asked in the other way."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Rows that share some values: `shared` by path, `columns` by path, all of `size`."""

    shared: Row
    columns: Mapping[str, Sequence[Any]]
    size: int

    def row(self, place: int) -> Row:
        """One of them."""
        return {**self.shared, **{path: column[place] for path, column in self.columns.items()}}


@dataclass(frozen=True)
class Columns:
    """How the rows of a question are packed."""

    question: Question

    @property
    def can_be_asked(self) -> bool:
        """Whether the answer says all that the question wants to know."""
        question = self.question
        scope = question.scope
        return (
            not scope.totals
            and scope.pairs is None
            and scope.at_least > 0
            and question.windows is not None
            and not question.fields.derive.keys() & question.paths.keys()
        )

    @property
    def has_days(self) -> bool:
        """Whether every `placed_at` that can be read is the text of a day: there are few of them."""
        fields = self.question.fields
        return self.question.types <= {"string"} and not any(form.has_time for form in fields.date_formats)

    @cached_property
    def shared(self) -> tuple[str, ...]:
        """The paths of the values by which rows are packed."""
        placed = [self.question.fields.placed_at] if self.has_days else []
        return tuple(dict.fromkeys([self.question.paths["status"], *placed]))

    @cached_property
    def pushed(self) -> tuple[str, ...]:
        """The paths of the other values."""
        amount = [self.question.fields.amount] if self.question.fields.amount else []
        every = dict.fromkeys([*self.question.paths.values(), *amount])
        return tuple(path for path in every if path not in self.shared)

    def pipeline(self, *, padded: bool) -> list[Stage]:
        """What to ask. A missing value leaves no gap in a column, which is seen by its length; `padded` puts
        null there, and takes the server longer. (Null is also what an index has for it.)"""
        packed: Stage = {"_id": {f"s{place}": f"${path}" for place, path in enumerate(self.shared)}}
        packed["n"] = {"$sum": 1}
        for place, path in enumerate(self.pushed):
            packed[f"c{place}"] = {"$push": {"$ifNull": [f"${path}", None]} if padded else f"${path}"}
        return [{"$match": self.question.filter()}, {"$limit": MOST_ROWS + 1}, {"$group": packed}]

    def has_gaps(self, answers: Iterable[Mapping[str, Any]]) -> bool:
        """Whether they have to be asked for again, padded."""
        names = [f"c{place}" for place in range(len(self.pushed))]
        return any(len(answer[name]) < answer["n"] for answer in answers for name in names)

    def packs(self, answers: Sequence[Mapping[str, Any]]) -> Iterator[Pack]:
        """What was answered. `UncoveredError` when it is not all there is."""
        if sum(answer["n"] for answer in answers) > MOST_ROWS:
            raise UncoveredError
        for answer in answers:
            shared = {path: answer["_id"].get(f"s{place}") for place, path in enumerate(self.shared)}
            # Numbers that compare equal share a pack though their texts may differ: 1 and Decimal 1.0.
            if not all(value is None or isinstance(value, str) for value in shared.values()):
                raise UncoveredError
            columns = {path: answer[f"c{place}"] for place, path in enumerate(self.pushed)}
            yield Pack(shared, columns, answer["n"])
