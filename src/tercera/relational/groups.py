"""Which rules can be answered from one reading: those that count for the same field in the same zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from tercera.errors import SourceError
from tercera.fields import OrderFields
from tercera.model import Counting, Period
from tercera.orders import Scope
from tercera.relational.expressions.tally import Question, When

Kept = TypeVar("Kept")
"""What was read, in whatever way it is kept."""


@dataclass
class Group(Generic[Kept]):
    """So many rules that share what is kept: the widest `question` of theirs, and the `when` of each. `kept`
    is None before the first of them asks."""

    question: Question
    several: tuple[When, ...]
    rules: int
    kept: Kept | None = None
    _failed: bool = field(default=False, init=False)

    def kept_by(self, read: Callable[[], Kept]) -> Kept | None:
        """What `read` gave the first time that one of the rules asked. None once it could not be read: the
        rules may be luckier one by one, or say which of them is not."""
        if self.kept is None and not self._failed:
            try:
                self.kept = read()
            except SourceError:
                self._failed = True
        return self.kept

    def bit(self, counting: Counting) -> int:
        """By which number the rows that match one of the rules are known."""
        return 1 << self.several.index(counting.when)

    def covers(self, counting: Counting, scope: Scope) -> bool:
        """Whether a question can be answered from what is kept."""
        wide, own = self.question.scope, self.question.counting
        return (
            counting.when in self.several
            and (counting.per, counting.zone) == (own.per, own.zone)
            and (own.evidence > 0 or counting.evidence == 0)
            and (wide.start is None or (scope.start is not None and wide.start <= scope.start))
            and (wide.end is None or (scope.end is not None and scope.end <= wide.end))
            and (scope.recent is None or scope.recent == wide.recent)
        )


def grouped(
    fields: OrderFields, asked: Iterable[tuple[Counting, Scope]], most: int | None = None
) -> Iterator[Group[Kept]]:
    """The rules that can share, together; of one group no more than so many ways to match."""
    alike: dict[tuple[str, str], dict[When, list[Question]]] = defaultdict(lambda: defaultdict(list))
    for counting, scope in asked:
        alike[counting.per, counting.zone][counting.when].append(Question(fields, counting, scope))
    for ways in alike.values():
        whens = list(ways)
        for first in range(0, len(whens), most or len(whens)):
            several = tuple(whens[first : first + (most or len(whens))])
            questions = [question for when in several for question in ways[when]]
            yield Group(widest(questions), several, len(questions))


def widest(questions: list[Question]) -> Question:
    """The question whose rows are all that these, of rules that count for the same field in the same zone,
    ask for, and whose `when` names every field that theirs do."""
    scopes, first = [each.scope for each in questions], questions[0]
    starts, ends = [scope.start for scope in scopes], [scope.end for scope in scopes]
    wide = Scope(
        start=None if None in starts else min(each for each in starts if each),
        end=None if None in ends else max(each for each in ends if each),
        recent=next((scope.recent for scope in scopes if scope.recent), None),
    )
    evidence = max(each.counting.evidence for each in questions)
    when = tuple(dict.fromkeys(match for each in questions for match in each.counting.when))
    return replace(
        first, counting=replace(first.counting, when=when, within=Period.DAY, evidence=evidence), scope=wide
    )
