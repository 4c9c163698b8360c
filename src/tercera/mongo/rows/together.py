"""The rows of some windows, read once for the rules that ask for them, be it one or several of a cycle.

The parts of the widest question are asked for at the same time; what comes of each is judged once for all
rules that need the same of a row, and let go of but for what any of them counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from typing import Any

from bson.errors import InvalidBSON
from pymongo.errors import OperationFailure

from tercera.model import CUSTOMER, Counting, Match, Period
from tercera.mongo.pipelines.question import SHORTEST_PART, Question
from tercera.mongo.pipelines.tally import TOO_LARGE, undatable_rejects
from tercera.mongo.rows.columns import Columns, UncoveredError
from tercera.mongo.rows.counting import Counted, Kept, Marked
from tercera.mongo.rows.reading import Needs, Reader, Values, needs
from tercera.mongo.rows.survey import SurveyCount
from tercera.orders import Scope

Document = Mapping[str, Any]
Answer = tuple[list[Marked], SurveyCount]

_MOST_KNOWN = 200_000
"""Values, and tallies of a counting, that are kept."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How the server is asked: for the packed rows of a part, and for whatever a pipeline gives; `parallel`
    parts at the same time."""

    packed: Callable[[Question], list[Document]]
    aggregated: Callable[[list[dict[str, Any]]], list[Document]]
    parallel: int


@dataclass
class Memory:
    """What is kept from sweep to sweep, up to a bound: of stored values, for questions that need the same
    of a row, and of each counting's tallies."""

    _values: defaultdict[Needs, Values] = field(default_factory=lambda: defaultdict(Values))
    _tallies: defaultdict[Counting, Kept] = field(default_factory=lambda: defaultdict(dict))

    def values_for(self, place: Needs) -> Values:
        """What was found of values. Forgets everything when it has become much."""
        if len(self._values[place].texts) > _MOST_KNOWN:
            del self._values[place]
        return self._values[place]

    def tallies_for(self, counting: Counting) -> Kept:
        """What its pairs came to. Forgets everything when it has become much."""
        if len(self._tallies[counting]) > _MOST_KNOWN:
            del self._tallies[counting]
        return self._tallies[counting]


def read_together(
    asking: Asking, wide: Question, questions: Sequence[Question], memory: Memory, *, indexed: bool = True
) -> list[Answer] | None:
    """The answer to each question from one reading of `wide`, which covers them; None when the server has to
    judge the rows. All are of one zone."""
    groups = by_needs(questions)
    readers = {place: Reader(alike, memory.values_for(place)) for place, alike in groups.items()}
    with ThreadPoolExecutor(asking.parallel + 1, thread_name_prefix="read") as pool:
        undatable = {
            place: pool.submit(asking.aggregated, undatable_of_several(wide, alike))
            for place, alike in groups.items()
        }
        packed = {pool.submit(asking.packed, part): part for part in parts_of(wide, indexed=indexed)}
        try:
            for answers in as_completed(packed):
                part = packed[answers]
                packs = list(Columns(part).packs(answers.result()))
                for reader in readers.values():
                    reader.read(part, packs)
            rejects = {place: answers.result() for place, answers in undatable.items()}
        except (UncoveredError, InvalidBSON):
            return None
        except OperationFailure as error:
            if error.code in TOO_LARGE:
                return None
            raise
        finally:
            pool.shutdown(cancel_futures=True)
    return [
        _answer(question, readers[needs(question)], rejects[needs(question)], memory)
        for question in questions
    ]


def _answer(question: Question, reader: Reader, undatable: Sequence[Document], memory: Memory) -> Answer:
    """What one rule makes of what was read."""
    survey = SurveyCount()
    counted = Counted(question, reader, memory.tallies_for(question.counting))
    tallies = list(counted.tallies())
    counted.add_to(survey)
    place = reader.whens.index(question.counting.when)
    for reject in undatable:
        key = reject["_id"]
        survey.add({**reject, "_id": {"r": key["r"], "m": key["m"][place]}})
    return tallies, survey


def parts_of(wide: Question, *, indexed: bool) -> list[Question]:
    """What is asked for at the same time. Without an index each part would read all."""
    return list(wide.parts(SHORTEST_PART)) if indexed else [wide]


def by_needs(questions: Sequence[Question]) -> dict[Needs, list[Question]]:
    """The questions by what they need of a row."""
    groups: defaultdict[Needs, list[Question]] = defaultdict(list)
    for question in questions:
        groups[needs(question)].append(question)
    return groups


def undatable_of_several(wide: Question, alike: Sequence[Question]) -> list[dict[str, Any]]:
    """What asks for the rejects that reading `wide` does not come across, for questions that need the same of
    a row: each with a list that says of every different `when` of theirs whether it is met."""
    whens = tuple(dict.fromkeys(each.counting.when for each in alike))
    counting = replace(alike[0].counting, within=wide.counting.within)
    return undatable_rejects(replace(wide, counting=counting), whens)


def widest(questions: Sequence[Question]) -> Question:
    """The question that reads what all of these do: every value that any of them judges by, and the days of
    all their windows. All are bounded, and of one zone."""
    scopes, first = [each.scope for each in questions], questions[0]
    scope = Scope(
        start=min(scope.start for scope in scopes if scope.start),
        end=max(scope.end for scope in scopes if scope.end),
        totals=False,
    )
    fields = [match.field for each in questions for match in each.counting.when]
    fields += [each.counting.per for each in questions]
    when = tuple(Match(name, ()) for name in dict.fromkeys(fields) if name != CUSTOMER)
    counting = replace(first.counting, when=when, per=CUSTOMER, within=Period.DAY)
    return replace(first, counting=counting, scope=scope)
