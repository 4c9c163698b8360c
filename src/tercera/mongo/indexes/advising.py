"""Which indexes the rules need of a deployment, what is there, and what it costs to ask with and without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import OperationFailure, PyMongoError

from tercera.fields import CustomerFields, OrderFields
from tercera.indexes.advice import Asked, Figures, IndexCheck, Tell, index_check
from tercera.indexes.costs import Cost
from tercera.indexes.needs import Advice, Fit, Index, Need, Proposal, Purpose, advise
from tercera.model import CUSTOMER, Counting, Pair, SubjectId
from tercera.mongo.directory import at, text_of
from tercera.mongo.indexes import statements
from tercera.mongo.indexes.gauge import Gauge
from tercera.mongo.indexes.indexing import (
    create_index,
    estimated_size,
    existing_indexes,
    newest,
    size_of,
    statement,
)
from tercera.mongo.pipelines.question import SHORTEST_PART, Question
from tercera.mongo.rows.columns import Columns
from tercera.orders import Check, Scope
from tercera.windows import window_of_day

_LOOKED_AT = 1_000
"""How many of the newest documents stand for all."""

LOOKS = 100
"""Customers whose live look is measured."""

SHELL = "mongosh"
"""Where statements are written."""

_SEEK = 0.00005
"""Seconds to find the first entry of one customer in an index, for estimates."""

Documents = Collection[dict[str, Any]]


def orders_needs(fields: OrderFields, countings: Sequence[Counting], *, live: bool) -> list[Need]:
    """An index for sweeps, from which they are answered without opening a document; one for looks at some
    subjects, for each field that the rules count for."""
    sweep = Need(Purpose.SWEEP, (fields.placed_at,), tuple(swept_paths(fields, countings))[1:])
    counted = dict.fromkeys(counting.per for counting in countings if counting.per not in fields.derive)
    looks = [
        Need(Purpose.LIVE, (fields.path_of(per), fields.placed_at), equality=1, required=live)
        for per in counted
    ]
    return [sweep, *looks]


def swept_paths(fields: OrderFields, countings: Sequence[Counting]) -> Iterator[str]:
    """The fields of an index from which a sweep is answered without reading a document."""
    yield fields.placed_at
    yield fields.customer_id
    for counting in countings:
        if counting.per != CUSTOMER:
            yield fields.path_of(counting.per)
    yield fields.path_of("status")
    for counting in countings:
        yield from (fields.path_of(match.field) for match in counting.when)
    yield fields.order_id
    if fields.amount:
        yield fields.amount


@dataclass(frozen=True)
class OrdersAdviser:
    """Of the orders' collection. `asked` has at least one; raises the driver's errors."""

    documents: Documents
    fields: OrderFields
    asked: Sequence[Asked]
    tell: Tell

    def checks(self, *, fix: bool, live: bool) -> Iterator[Check]:
        """One for each need. What an earlier one created is there for the later ones."""
        countings = [each.counting for each in self.asked]
        for need in orders_needs(self.fields, countings, live=live):
            [advice] = advise(existing_indexes(self.documents, [need]), [need])
            yield self._check(advice, fix=fix)

    def _check(self, advice: Advice, *, fix: bool) -> IndexCheck:
        figures = self._figures(advice)
        if not fix or advice.proposal is None:
            return index_check(advice, figures, statement(self.documents, advice), SHELL)
        return _created(
            self.documents,
            advice,
            self.tell,
            lambda made: replace(self._figures(made), before=figures.cost),
        )

    def _figures(self, advice: Advice) -> Figures:
        need = advice.need
        measure = self._sweep if need.purpose is Purpose.SWEEP else self._look
        question, cost, expected = measure(advice)
        size = (
            estimated_size(self._sample, advice.proposal.paths, self._gauge.stored)
            if advice.proposal
            else size_of(self.documents, advice.index.name)
            if advice.index
            else None
        )
        return Figures("documents", question, self._gauge.stored, cost, None, expected, size)

    def _sweep(self, advice: Advice) -> tuple[str, Cost | None, Cost | None]:
        questions = [Question(self.fields, each.counting, each.scope, self._types) for each in self.asked]
        question = min(questions, key=lambda each: each.scope.start or date.min)
        of_rules = f" of {len(questions)} rules" if len(questions) > 1 else ""
        wanted = question.filter() or {}
        indexed = self._gauge.uses_index(wanted)
        rows = self._gauge.matching(wanted, indexed=indexed)
        pipelines = statements.of_sweeps(questions, indexed=indexed, rows=rows[0] if rows else None)
        cost = self._gauge.cost(pipelines, indexed=indexed)
        expected = self._swept_with(question, rows[0]) if advice.proposal and rows else None
        return f"a sweep{of_rules} reads", cost, expected

    def _swept_with(self, question: Question, rows: int) -> Cost:
        part = next(iter(question.parts(SHORTEST_PART)))
        columns = Columns(part)
        pipeline = (columns.pipeline(padded=False) if columns.can_be_asked else _judged(part))[1:]
        return Cost(0, rows, self._gauge.seconds_for(pipeline, rows), estimated=True)

    def _look(self, advice: Advice) -> tuple[str, Cost | None, Cost | None]:
        path = advice.need.leading[0]
        each = next(each for each in self.asked if self.fields.path_of(each.counting.per) == path)
        question = self._question_of_some(each)
        named = f"a look at {len(question.scope.pairs or ())} of {each.counting.per} reads"
        if each.counting.per == CUSTOMER:
            named = f"a look at {len(question.scope.pairs or ())} customers reads"
        if not question.scope.pairs:
            return named, None, None
        wanted = question.filter() or {}
        indexed = self._gauge.uses_index(wanted)
        cost = self._gauge.cost(statements.of_a_look(question), indexed=indexed)
        if advice.proposal is None or cost is None:
            return named, cost, None
        if cost.estimated or cost.unfinished:  # so few are in no sample
            return named, cost, None
        rows = self._gauge.matching(wanted, indexed=True)
        if rows is None:
            return named, cost, None
        seconds = self._gauge.seconds_for(_judged(question)[1:], rows[0]) + LOOKS * _SEEK
        return named, cost, Cost(rows[0], rows[0], seconds, estimated=True)

    def _question_of_some(self, asked: Asked) -> Question:
        """A live look at subjects of the newest orders, in the newest window."""
        path = self.fields.path_of(asked.counting.per)
        texts = (text_of(at(document, path)) for document in self._sample)
        subjects = list(dict.fromkeys(text for text in texts if text))[:LOOKS]
        last = window_of_day(
            date.fromordinal((asked.scope.end or date.max).toordinal() - 1), asked.counting.within
        )
        pairs: set[Pair] = {(SubjectId(subject), last.id) for subject in subjects}
        scope = Scope(last.start, last.end, at_least=0, pairs=pairs)
        return Question(self.fields, asked.counting, scope, self._types)

    @cached_property
    def _gauge(self) -> Gauge:
        return Gauge(self.documents)

    @cached_property
    def _sample(self) -> list[dict[str, Any]]:
        return newest(self.documents, _LOOKED_AT)

    @cached_property
    def _types(self) -> frozenset[str]:
        """Of `placed_at`. The source looks in all of history, which without an index takes long."""
        values = [at(document, self.fields.placed_at) for document in self._sample]
        found = {
            kind
            for kind, type_ in (("string", str), ("date", datetime))
            for value in values
            if isinstance(value, type_)
        }
        return frozenset(found or {"string", "date"})


def _judged(question: Question) -> list[dict[str, Any]]:
    return statements.of_a_look(question)[0]


def check_directory(documents: Documents, fields: CustomerFields, *, fix: bool, tell: Tell) -> IndexCheck:
    """Whether a customer is found by the id without reading the whole directory."""
    need = Need(Purpose.DIRECTORY, (fields.id,), equality=1)
    [advice] = advise(existing_indexes(documents, [need]), [need])
    gauge = Gauge(documents)

    def figures(found: Advice) -> Figures:
        # Nothing is run for this: a directory is small, and it is plain what is read.
        scan = Cost(gauge.stored, 0, None) if found.fit is Fit.NONE else None
        size = size_of(documents, found.index.name) if found.index else None
        return Figures("customers", "each look-up reads", gauge.stored, scan, None, None, size)

    if not fix or advice.proposal is None:
        return index_check(advice, figures(advice), statement(documents, advice), SHELL)
    return _created(documents, advice, tell, figures)


def _created(documents: Documents, advice: Advice, tell: Tell, figures: Any) -> IndexCheck:
    """Creates what is proposed; the check says how it went."""
    proposal = advice.proposal
    assert proposal is not None
    what = f"creating {proposal.name} on {documents.full_name}"
    tell(what, None, None)
    try:
        create_index(documents, proposal, lambda done, total: tell(what, done, total))
    except PyMongoError as error:
        return _refused(documents, advice, proposal, error)
    made = Advice(advice.need, Fit.COVERING, Index(proposal.name, proposal.paths))
    return index_check(made, figures(made), None, SHELL, created=True)


def _refused(documents: Documents, advice: Advice, proposal: Proposal, error: PyMongoError) -> IndexCheck:
    by_hand = statement(documents, advice)
    said = str(error).split(", full error:")[0]
    code = error.code if isinstance(error, OperationFailure) else None
    remedy = {
        13: f"this user may not; have somebody with readWrite or dbAdmin on it run: {by_hand}",
        166: "it is a view: create the index on the collection that it is made of",
        171: f"two of {', '.join(proposal.paths)} hold arrays, which no index can",
    }.get(code or 0, f"put that right, then run: {by_hand}")
    found = index_check(advice, Figures("documents", ""), by_hand, SHELL)
    return replace(found, ok=False, detail=f"could not be created: {said}", remedy=remedy)
