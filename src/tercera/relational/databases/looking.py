"""What `tercera check` looks at in tables: columns, how times are stored, rejects, privileges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tercera.model import Counting
from tercera.orders import Check, Scope, check_of_rows
from tercera.relational.databases.columns import everything
from tercera.relational.databases.seen import Seen
from tercera.relational.databases.session import Session, Tables
from tercera.relational.databases.whole import whole
from tercera.relational.expressions.tally import Question

_LOOKED_AT = 10_000
"""How many rows are read."""


def looks(session: Session, tables: Tables, counting: Counting) -> Iterator[Check]:
    """Whether a rule can be counted. SourceError when a table or a column is not there."""
    table = session.orders(everything(tables.fields, counting))
    yield Check("orders", True, f"{tables.orders.shown} has {len(table.columns)} columns")
    yield _kind_of_time(session, tables)
    yield _share(session, tables, counting)
    if tables.customers is not None:
        session.directory()
        yield Check("customers", True, f"{tables.customers.shown} has its columns")
    yield _privileges(session, tables)


def _kind_of_time(session: Session, tables: Tables) -> Check:
    path = tables.fields.placed_at
    kind = session.columns(session.orders()).cell(path).value.type()
    known = kind.is_string() or kind.is_date() or kind.is_timestamp()
    remedy = "" if known else "name a column of dates or times, or make one with source.orders.query"
    return Check("placed_at", known, f"{path} is stored as {kind}", remedy)


def _share(session: Session, tables: Tables, counting: Counting) -> Check:
    """How many of the first rows are rejects, and why."""
    first = session.dialect.apart(session.orders().limit(_LOOKED_AT))
    question = Question(tables.fields, replace(counting, evidence=0), Scope(at_least=2**31))
    seen = Seen(question, session.dialect, ())
    asked = whole(session.columns(first), session.dialect, question, ())
    for _ in seen.tallies(session.answer(asked)):
        pass
    survey = seen.survey()
    rejects = {reason: each.rows for reason, each in survey.rejects.items()}
    remedy = "correct the columns, formats or valid patterns of source.orders"
    return check_of_rows(survey.rows, rejects, remedy)


def _privileges(session: Session, tables: Tables) -> Check:
    writes = session.connection.can_write(tables.orders)
    detail = {
        None: "not known; a user that can only read is enough",
        False: "the user can only read",
        True: "the user could change the orders",
    }[writes]
    remedy = "a user that can only read is enough, and safer" if writes else ""
    return Check("privileges", True, detail, remedy)
