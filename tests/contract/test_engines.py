"""A tally on engines that take long to answer: MariaDB, and Spark with executors of its own and without.

What each does in its own way is tried in `test_dialects.py`; here the whole statement is, on the cases of
`test_sources.py`, of which those that ask the same are asked together.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tercera.fields import CustomerFields
from tercera.model import Customer, SubjectId, WindowId
from tercera.orders import Recent, Scope
from tercera.tally.sharing import sharing
from tests.contract import databases, harness_sql, test_sources
from tests.contract.order_cases import CASES, PLAIN, Case
from tests.contract.test_sources import Store

ENGINES = ("mariadb", "spark_connect")
SOME = ("lines, duplicate", "a time with an offset", "ids that do not fit", "evidence is the earliest")
"""Spark thinks for seconds about statements of this size, however few the rows, so it is asked these."""


def _together() -> list[Case]:
    """The cases, those with the same fields and counting as one."""
    merged: dict[str, Case] = {}
    for case in CASES:
        key = repr((case.fields, case.counting, case.zone))
        known = merged.get(key)
        merged[key] = replace(known, rows=known.rows + case.rows) if known else case
    return list(merged.values())


TOGETHER = _together()
each_engine = pytest.mark.parametrize("variant", databases.each(only=ENGINES))
ASKED = [
    pytest.param(engine.values[0], case, marks=engine.marks, id=f"{engine.values[0]}-{case.fact}")
    for engine in databases.each(only=ENGINES)
    for case in TOGETHER
    if engine.values[0] == "mariadb" or case.fact.startswith(SOME)
]


@pytest.mark.parametrize(("variant", "case"), ASKED)
def test_a_tally_is_that_of_the_oracle(variant: str, case: Case) -> None:
    """In tallies, counts, evidence and rejects."""
    test_sources._check_unbounded(Store(harness_sql, variant), case)


@each_engine
def test_windows_pairs_and_the_newest_order_are_asked_for(variant: str) -> None:
    """What a sweep asks: some windows, some pairs, without totals, when the last order was, several rules."""
    store, case = Store(harness_sql, variant), TOGETHER[0]
    june = Scope(date(2023, 6, 1), date(2023, 7, 1), 1)
    recent = Recent(date(2023, 5, 1), datetime(2023, 6, 20, tzinfo=UTC))
    told = sorted(test_sources._expected(store, case, Scope()).tallies)[:3]
    pairs = [(SubjectId(subject), WindowId(window)) for subject, window in told]
    with store.opened(store.representable(case.rows), case.fields, case.zone) as source:
        test_sources._check_bounded(store, case, source, replace(june, totals=False, at_least=2))
        assert test_sources._by_pair(source.tally(case.counting, Scope(pairs=pairs))) == {
            pair: test_sources._tally_of(store, case, pair) for pair in pairs
        }
        light = replace(june, totals=False)
        asked = [(case.counting, light), (replace(case.counting, when=()), replace(light, at_least=2))]
        with sharing(source, asked) as shared:
            for counting, scope in asked:
                test_sources._check_bounded(store, replace(case, counting=counting), shared, scope)
        reading = source.tally(case.counting, replace(june, recent=recent))
        list(reading)
        assert (
            reading.survey.newest == test_sources._expected(store, case, replace(june, recent=recent)).newest
        )


@pytest.mark.parametrize("variant", databases.each(only=(*ENGINES, "spark")))
def test_rejects_customers_and_the_check(variant: str) -> None:
    """What is asked beside tallies."""
    store = Store(harness_sql, variant)
    test_sources._check_doubtful(store, TOGETHER[0])
    customers = [
        {"id": "ana_1", "name": "Ana Ñúñez", "email": "ana@example.com", "language": "es"},
        {"id": "ANA_1", "name": "another", "email": None, "language": None},
        {"id": "bob_2", "name": " ", "email": None, "language": None},
    ]
    rows = store.representable([{**TOGETHER[0].rows[0]}])
    with store.opened(rows, PLAIN, "UTC", customers, CustomerFields(language="language")) as source:
        assert source.customers(["ana_1", "bob_2", "nobody"]) == {
            "ana_1": Customer("ana_1", "Ana Ñúñez", "ana@example.com", "es"),
            "bob_2": Customer("bob_2"),
        }
        assert [check for check in source.check([TOGETHER[0].counting]) if not check.ok] == []
