"""The rows of some windows, read once for the rules that ask for them, be it one or several of a cycle.

The parts of the widest question are asked for at the same time; what comes of each goes to every rule's
`Reader`, and is let go of.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Any

from bson.errors import InvalidBSON
from pymongo.errors import OperationFailure

from tercera.model import CUSTOMER, Counting, Match, Period, Tally
from tercera.mongo.columns import Columns, Pack, UncoveredError
from tercera.mongo.question import SHORTEST_PART, Question
from tercera.mongo.reading import Known, Reader
from tercera.mongo.survey import SurveyCount
from tercera.mongo.tally import TOO_LARGE, undatable_rejects
from tercera.orders import Scope

Document = Mapping[str, Any]
Answer = tuple[list[Tally], SurveyCount]


@dataclass(frozen=True, slots=True)
class Asking:
    """How the server is asked: for the packed rows of a part, and for whatever a pipeline gives; `parallel`
    parts at the same time."""

    packed: Callable[[Question], list[Document]]
    aggregated: Callable[[list[dict[str, Any]]], list[Document]]
    parallel: int


def read_together(
    asking: Asking, wide: Question, questions: Sequence[Question], known: Mapping[Counting, Known]
) -> list[Answer] | None:
    """The answer to each question from one reading of `wide`, which covers them; None when the server has to
    judge the rows. All are of one zone."""
    readers = [Reader(each, SurveyCount(), known[each.counting]) for each in questions]
    for reader in readers:
        reader.known.trim()
    groups = _alike(readers)
    with ThreadPoolExecutor(asking.parallel + 1, thread_name_prefix="read") as pool:
        undatable = [pool.submit(asking.aggregated, undatable_rejects(each)) for each in questions]
        packed = {pool.submit(asking.packed, part): part for part in wide.parts(SHORTEST_PART)}
        try:
            for answers in as_completed(packed):
                part = packed[answers]
                packs = list(Columns(part).packs(answers.result()))
                for alike in groups:
                    _read(alike, part, packs)
            for reader, rejects in zip(readers, undatable, strict=True):
                for reject in rejects.result():
                    reader.survey.add(reject)
        except (UncoveredError, InvalidBSON):
            return None
        except OperationFailure as error:
            if error.code in TOO_LARGE:
                return None
            raise
        finally:
            pool.shutdown(cancel_futures=True)
    return [(list(reader.tallies()), reader.survey) for reader in readers]


def _alike(readers: Sequence[Reader]) -> list[list[Reader]]:
    """The readers in groups that suspect the same rows, so that one of each looks for them."""
    groups: list[list[Reader]] = []
    for reader in readers:
        known = next((group for group in groups if group[0].judges_like(reader)), None)
        if known is None:
            groups.append([reader])
        else:
            known.append(reader)
    return groups


def _read(alike: Sequence[Reader], part: Question, packs: Sequence[Pack]) -> None:
    for reader in alike:
        reader.begin(part)
    for pack in packs:
        suspects = alike[0].suspects(pack)
        for reader in alike:
            reader.add(pack, suspects)


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
