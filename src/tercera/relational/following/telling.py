"""Orders and their subjects as text, by the same expressions as in a tally."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, cast

import ibis
import ibis.expr.types as ir

from tercera.fields import OrderFields
from tercera.model import CUSTOMER, SubjectId
from tercera.relational.expressions.cells import Columns, derived
from tercera.relational.expressions.dialect import Dialect
from tercera.relational.files.documents import Documents
from tercera.tally.changes import Batch

ORDER = "told_order"


def field_of(per: str) -> str:
    """The order field that a rule counts for."""
    return "customer_id" if per == CUSTOMER else per


def paths_of(fields: OrderFields, pers: Collection[str]) -> list[str]:
    """Where the ids of an order and of its subjects stand."""
    return list(dict.fromkeys([fields.order_id, *(fields.path_of(field_of(per)) for per in sorted(pers))]))


def every_path(fields: OrderFields) -> list[str]:
    """Every path that a tally may read."""
    paths = [fields.order_id, fields.customer_id, fields.placed_at, fields.path_of("status")]
    paths += [fields.amount] if fields.amount else []
    paths += [*fields.fields.values(), *(each.source for each in fields.derive.values())]
    return list(dict.fromkeys(paths))


def told(
    columns: Columns | Documents, fields: OrderFields, dialect: Dialect, pers: Sequence[str]
) -> dict[str, ir.StringValue]:
    """The text of an order's id, and of its subjects by their place in `pers`; null where there is none."""
    return {ORDER: _text(columns, fields, dialect, "order_id"), **subjects(columns, fields, dialect, pers)}


def subjects(
    columns: Columns | Documents, fields: OrderFields, dialect: Dialect, pers: Sequence[str]
) -> dict[str, ir.StringValue]:
    """The same without the order."""
    return {
        subject_name(place): _text(columns, fields, dialect, field_of(per)) for place, per in enumerate(pers)
    }


def subject_name(place: int) -> str:
    """The column of the subjects of one field."""
    return f"told_subject_{place}"


def batch_of(
    rows: Iterable[Sequence[Any]], pers: Sequence[str], *, moved: Collection[str] = (), untold: int = 0
) -> dict[str, Any]:
    """What a batch says of rows of (order, subjects …)."""
    subjects: dict[str, set[SubjectId]] = {per: set() for per in pers}
    for row in rows:
        for per, subject in zip(pers, row[1:], strict=False):
            if subject is not None:
                subjects[per].add(SubjectId(subject))
    return {
        "subjects": {per: frozenset(found) for per, found in subjects.items()},
        "moved": frozenset(moved),
        "untold": untold,
    }


def empty(position: str | None = None, *, is_current: bool = True) -> Batch:
    """Nobody changed."""
    return Batch(position=position, is_current=is_current)


def _text(columns: Columns | Documents, fields: OrderFields, dialect: Dialect, name: str) -> ir.StringValue:
    cell = columns.cell(fields.path_of(name))
    if rule := fields.derive.get(name):
        cell = derived(cell, rule, dialect)
    return cast("ir.StringValue", ibis.ifelse(cell.present, cell.text, ibis.null("string")))
