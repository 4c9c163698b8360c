"""Which indexes the rules need of a table, what is there, and what it costs to ask with and without.

For tables the index for sweeps is on the time alone: rows of one month lie together, so that an engine finds
them quickly, and an index that also held the status would have to be written again with every change of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from tercera.fields import OrderFields
from tercera.indexes.advice import Asked, Figures, IndexCheck, Tell, index_check
from tercera.indexes.costs import Cost
from tercera.indexes.needs import Advice, Fit, Index, Need, Purpose, advise
from tercera.model import CUSTOMER, Pair, SubjectId
from tercera.orders import Scope
from tercera.relational import indexing
from tercera.relational.connection import Address
from tercera.relational.databases.session import Session, Tables
from tercera.relational.expressions.tally import Question
from tercera.relational.indexing import Indexing, RefusedError
from tercera.windows import window_of_day

BUDGET = 10.0
"""Seconds for one statement at most."""

LOOKS = 100
"""Customers whose live look is measured."""

_SEEN = 1_000
"""In so many rows customers are looked for."""

_BYTES = 30
"""About how much an entry takes in an index on a customer and a time."""


def orders_needs(fields: OrderFields, asked: Sequence[Asked], *, live: bool) -> list[Need]:
    """An index for sweeps, and one for looks at some subjects, for each column that the rules count for."""
    counted = dict.fromkeys(each.counting.per for each in asked if each.counting.per not in fields.derive)
    looks = [
        Need(Purpose.LIVE, (fields.path_of(per), fields.placed_at), equality=1, required=live)
        for per in counted
    ]
    return [Need(Purpose.SWEEP, (fields.placed_at,)), *looks]


def advised(
    engine: str,
    address: Address,
    session: Session,
    tables: Tables,
    asked: Sequence[Asked],
    *,
    fix: bool,
    live: bool,
    tell: Tell,
) -> Iterator[IndexCheck]:
    """Of the orders and the customers; nothing for an engine that keeps no indexes."""
    module = indexing.load(engine)
    if module is None:
        return
    needs = {tables.orders: orders_needs(tables.fields, asked, live=live)}
    if tables.customers is not None and tables.customer_fields is not None:
        needs[tables.customers] = [Need(Purpose.DIRECTORY, (tables.customer_fields.id,), equality=1)]
    for place, wanted in needs.items():
        with module.open_table(address, place) as table:
            yield from TableAdviser(table, module.SHELL, session, tables, asked, tell).checks(wanted, fix=fix)


@dataclass(frozen=True)
class TableAdviser:
    """Of one table. `session` asks it what the source would ask, and only reads."""

    table: Indexing
    shell: str
    session: Session
    tables: Tables
    asked: Sequence[Asked]
    tell: Tell

    def checks(self, needs: Sequence[Need], *, fix: bool) -> Iterator[IndexCheck]:
        """One for each need. What an earlier one created is there for the later ones."""
        for need in needs:
            [advice] = advise(self.table.indexes(need), [need])
            if self.table.is_table:
                yield self._check(advice, fix=fix)
            else:
                found = index_check(replace(advice, proposal=None), self._figures(advice), None, self.shell)
                yield replace(found, ok=True, detail="those of the tables that the view or query is made of")

    def _check(self, advice: Advice, *, fix: bool) -> IndexCheck:
        figures = self._figures(advice)
        proposal = advice.proposal
        if proposal is None or not fix:
            return index_check(advice, figures, self._statement(advice), self.shell)
        what = f"creating {proposal.name}"
        self.tell(what, None, None)
        try:
            self.table.create(proposal, lambda done, total: self.tell(what, done, total))
        except RefusedError as error:
            return self._refused(advice, figures, error)
        made = Advice(advice.need, Fit.COVERING, Index(proposal.name, proposal.paths))
        now = replace(self._figures(made), before=figures.cost)
        return index_check(made, now, None, self.shell, created=True)

    def _refused(self, advice: Advice, figures: Figures, error: RefusedError) -> IndexCheck:
        by_hand = self._statement(advice)
        found = index_check(advice, figures, by_hand, self.shell)
        remedy = f"{error.remedy}; in {self.shell}: {by_hand}"
        return replace(found, ok=False, detail=f"could not be created: {error.words}", remedy=remedy)

    def _statement(self, advice: Advice) -> str | None:
        if advice.unhide is not None:
            return self.table.show(advice.unhide)
        return self.table.statement(advice.proposal) if advice.proposal else None

    def _figures(self, advice: Advice) -> Figures:
        purpose = advice.need.purpose
        if purpose is Purpose.SWEEP:
            question, cost = self._sweep()
        elif purpose is Purpose.LIVE:
            question, cost = self._look(advice.need)
        else:  # nothing is run for this: a directory is small, and it is plain what is read
            question = "each look-up reads"
            cost = Cost(self.table.stored(), 0, None) if advice.fit is Fit.NONE else None
        stored = self.table.stored()
        if not self.table.is_table:
            return Figures("rows", question, stored or None, cost)
        if advice.proposal is not None:
            found = cost.wanted if cost else None
            expected = None if found is None else Cost(found, found, None, estimated=True)
            return Figures("rows", question, stored, cost, None, expected, stored * _BYTES)
        size = self.table.size(advice.index.name) if advice.index else None
        return Figures("rows", question, stored, cost, size=size)

    def _sweep(self) -> tuple[str, Cost | None]:
        widest = min(self.asked, key=lambda each: each.scope.start or date.min)
        of_rule = f" of {widest.rule}" if len(self.asked) > 1 else ""
        question = Question(self.tables.fields, widest.counting, widest.scope)
        written = self.session.statement(question, self.session.shown(widest.counting), ())
        return f"a sweep{of_rule} reads", self.table.cost(written, BUDGET)

    def _look(self, need: Need) -> tuple[str, Cost | None]:
        path = need.leading[0]
        each = next(each for each in self.asked if self.tables.fields.path_of(each.counting.per) == path)
        subjects = self._subjects(path)
        of = "customers" if each.counting.per == CUSTOMER else f"of {each.counting.per}"
        named = f"a look at {len(subjects)} {of} reads"
        if not subjects:
            return named, None
        last = window_of_day(
            date.fromordinal((each.scope.end or date.max).toordinal() - 1), each.counting.within
        )
        pairs: set[Pair] = {(SubjectId(subject), last.id) for subject in subjects}
        scope = Scope(last.start, last.end, at_least=0, pairs=pairs)
        question = Question(self.tables.fields, each.counting, scope)
        return named, self.table.cost(self.session.statement(question, (), subjects), BUDGET)

    def _subjects(self, path: str) -> list[str]:
        """Some values of a column, of whichever rows come first: finding the newest may take long."""
        orders = self.session.orders()
        if path not in orders.columns:
            return []
        rows = self.session.answer(orders.select(path).limit(_SEEN))
        return list(dict.fromkeys(str(value) for (value,) in rows if value is not None))[:LOOKS]
