"""The rows of an answer are the same tallies one by one and in columns."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from tercera.fields import OrderFields
from tercera.model import CUSTOMER, Counting, Match, Period
from tercera.orders import Scope
from tercera.relational.connection import STREAMED
from tercera.relational.databases.row import Row
from tercera.relational.databases.seen import Seen
from tercera.relational.engines.duckdb import DIALECT
from tercera.relational.expressions.placing import number_of
from tercera.relational.expressions.tally import Question

MONTH = Counting((Match("status", ("returned",)),), CUSTOMER, Period.MONTH, "UTC")
JUNE = date(2023, 6, 1)
NONE = Row(None, None, None, -1, 1, 0, 0, 1, 1, None, None, None, None, None, None, None)


def pair(number: int, orders: int) -> list[Row]:
    """The rows of a pair with so many orders as evidence."""
    day, subject = number_of(JUNE), f"c{number:06}"
    numbers = NONE._replace(subject=subject, opens=JUNE, rows=3, orders=9, matched=number)
    if not orders:
        return [numbers]
    shown = [
        Row(None, subject, JUNE, place, 0, 0, 0, 0, 0, Decimal(f"{number}.5"), day, None, None, f"o{place}",
            "returned", None)
        for place in range(orders)
    ]  # fmt: skip
    return [numbers._replace(amount=Decimal("1.50") * orders, first=day, last=day), *shown]


def seen(**scope: Any) -> Seen:
    """Nothing yet."""
    return Seen(Question(OrderFields(), MONTH, Scope(**scope)), DIALECT, ())


def test_an_answer_is_the_same_in_columns() -> None:
    """Also where it is longer than what is held as values, and of pairs that have no evidence."""
    answer = [NONE, *(row for number in range(STREAMED // 2) for row in pair(number, number % 5))]
    one, other = seen(), seen()
    tallies = list(one.tallies(answer))
    columns = list(other.columns(answer))
    assert [each for some in columns for each in some.tell(None)] == tallies
    assert other.survey() == one.survey()
    assert one.survey().rows == 1 + 3 * len(tallies)
    [some] = columns
    chosen = np.array([7, 10, 4999])
    assert list(some.tell(chosen)) == [tallies[place] for place in chosen]
    assert list(some.pairs(chosen)) == [(tallies[place].subject, "2023-06") for place in chosen]
    assert some.matched.tolist() == [each.matched for each in tallies]


def test_amounts_are_written_with_four_decimals() -> None:
    """What a ledger compares is how they are written, and engines differ in that."""
    [columns] = seen().columns(pair(2, 2))
    [tally] = columns.tell(None)
    written = [str(each) for each in (tally.amount, *(one.amount for one in tally.evidence))]
    assert written == ["3.0000", "2.5000", "2.5000"]


def test_without_totals_nothing_is_said_of_other_orders() -> None:
    """Whatever an engine counted."""
    [columns] = seen(totals=False).columns(pair(2, 2))
    assert [each.orders for each in columns.tell(None)] == [0]


def test_no_rows_are_no_columns() -> None:
    """And no survey either."""
    nothing = seen()
    assert list(nothing.columns([])) == []
    assert nothing.survey().rows == 0
