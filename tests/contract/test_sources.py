"""What every kind of source must do: give exactly the tallies of the oracle.

The kinds are those that `tercera.sources` lists. Each is stored and opened by `harness_<kind>.py`, which has
`VARIANTS`, `representable(value)`, `open_source(variant, rows, fields, customers, customer_fields, zone)` and
`SEES_ALL_REJECTS`, and `COUNTS_PAIRS` if its surveys count pairs. A new kind is tested without a new test,
and fails without a harness.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tercera import sources
from tercera.fields import CustomerFields, OrderFields
from tercera.model import CUSTOMER, Customer, Match, Pair, Period, SubjectId, Survey, Tally, WindowId
from tercera.orders import DOUBTFUL, SAMPLES, Recent, Scope, Source
from tercera.tally.sharing import sharing
from tercera.windows import parse_window, window_of_day
from tests import oracle
from tests.contract.order_cases import CASES, PLAIN, Case, cases, order


def _harness(kind: str) -> ModuleType | None:
    name = f"tests.contract.harness_{kind}"
    return import_module(name) if find_spec(name) else None


@dataclass(frozen=True)
class Store:
    """One way of storing orders of a kind of source."""

    harness: ModuleType
    variant: str

    def opened(
        self,
        rows: Iterable[dict[str, Any]],
        fields: OrderFields,
        zone: str,
        customers: Any = (),
        customer_fields: CustomerFields | None = None,
    ) -> AbstractContextManager[Source]:
        """A source of these rows."""
        opened: AbstractContextManager[Source] = self.harness.open_source(
            self.variant,
            list(rows),
            fields,
            list(customers),
            customer_fields or CustomerFields(language="language"),
            zone,
        )
        return opened

    def representable(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows as this kind can hold them."""
        return [{name: self.harness.representable(value) for name, value in row.items()} for row in rows]


STORES = [
    pytest.param(Store(harness, variant), id=f"{kind}-{variant}")
    for kind in sources.kinds()
    if (harness := _harness(kind))
    for variant in harness.VARIANTS
]
each_store = pytest.mark.parametrize("store", STORES)


@pytest.mark.parametrize("kind", sources.kinds())
def test_every_kind_has_a_harness(kind: str) -> None:
    """A source that this suite can't open is a source that nobody tested."""
    assert _harness(kind), f"write tests/contract/harness_{kind}.py"


@each_store
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fact)
def test_a_tally_is_that_of_the_oracle(store: Store, case: Case) -> None:
    """The case's fact, as the oracle tells it, in tallies, counts and rejects."""
    _check_unbounded(store, case)


@each_store
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=cases)
def test_any_orders_are_tallied_as_the_oracle_does(store: Store, case: Case) -> None:
    """Whatever the orders, the fields and the counting."""
    _check_unbounded(store, case)


@each_store
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=cases, data=st.data())
def test_a_scope_asks_for_some_windows_or_some_pairs(store: Store, case: Case, data: st.DataObject) -> None:
    """Windows outside of the bounds are not read; an asked pair is answered even when there is nothing."""
    rows, whole = store.representable(case.rows), _expected(store, case, Scope())
    windows = sorted({window for _, window in whole.tallies}) or [_window_of_now(case)]
    first, last = sorted(data.draw(st.tuples(st.sampled_from(windows), st.sampled_from(windows))))
    within = case.counting.within
    start, end = parse_window(first, within).start, parse_window(last, within).end
    asked: list[Pair] = sorted(
        data.draw(st.sets(st.sampled_from(sorted(whole.tallies)), max_size=4)) if whole.tallies else set()
    )
    asked.append((SubjectId("nobody"), WindowId(windows[0])))
    at_least = data.draw(st.sampled_from([0, 1, 2, 3]))
    with store.opened(rows, case.fields, case.zone) as source:
        for scope in (Scope(start, end, at_least), Scope(start, None, at_least), Scope(None, end, at_least)):
            _check_bounded(store, case, source, scope)
            _check_bounded(store, case, source, replace(scope, totals=False))
        assert _by_pair(source.tally(case.counting, Scope(pairs=asked))) == {
            pair: _tally_of(store, case, pair) for pair in asked
        }


@each_store
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=cases, data=st.data())
def test_rules_that_share_a_reading_are_answered_as_each_alone(
    store: Store, case: Case, data: st.DataObject
) -> None:
    """Whatever each of them counts, in whichever windows; also some pairs, and what only one of them asks."""
    rules = data.draw(st.lists(_others(case), min_size=2, max_size=3))
    window = parse_window(_window_of_now(case), case.counting.within)
    sweeps = [Scope(window.start, window.end, at_least, totals=False) for at_least in (1, 2)]
    before = window_of_day(window.start - timedelta(days=1), case.counting.within)
    sweeps.append(replace(sweeps[0], start=before.start))
    others = [
        Scope(at_least=2),
        Scope(window.start, window.end, 0, totals=False),
        *(Scope(window.start, window.end, at_least) for at_least in (0, 1)),
    ]
    scopes = data.draw(st.sampled_from([sweeps, sweeps + others]))
    asked = [(rule.counting, data.draw(st.sampled_from(scopes))) for rule in rules]
    with (
        store.opened(store.representable(case.rows), case.fields, case.zone) as source,
        sharing(source, asked) as shared,
    ):
        for rule, (counting, scope) in zip(rules, asked, strict=True):
            _check_bounded(store, rule, shared, scope)
            pairs = [
                (SubjectId(one), WindowId(two))
                for one, two in sorted(_expected(store, rule, scope).tallies)[:3]
            ]
            expected = {pair: _tally_of(store, rule, pair) for pair in pairs}
            assert _by_pair(shared.tally(counting, replace(scope, pairs=pairs, totals=True))) == expected
            subjects = {pair[0] for pair in pairs}
            assert shared.doubtful(counting, window, subjects) == source.doubtful(counting, window, subjects)


def _others(case: Case) -> st.SearchStrategy[Case]:
    """The same orders, counted in other ways."""
    counting = case.counting
    whens = st.sampled_from([counting.when, counting.when[:1], (), (Match("status", ("returned",)),)])
    pers = st.sampled_from([counting.per, counting.per, CUSTOMER, "order_id"])
    return st.builds(
        lambda when, per, within, evidence: replace(
            case, counting=replace(counting, when=when, per=per, within=within, evidence=evidence)
        ),
        whens,
        pers,
        st.sampled_from([counting.within, counting.within, Period.DAY]),
        st.sampled_from([counting.evidence, 1]),
    )


@each_store
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=cases, hours=st.integers(0, 24 * 45), days=st.integers(0, 40))
def test_the_newest_order_is_told_where_it_is_asked_for(
    store: Store, case: Case, hours: int, days: int
) -> None:
    """Of all rows that can be dated, and not of those that lie in the future."""
    until = datetime(2023, 5, 25, tzinfo=UTC) + timedelta(hours=hours)
    recent = Recent(until.date() - timedelta(days=days), until)
    with store.opened(store.representable(case.rows), case.fields, case.zone) as source:
        for scope in (
            Scope(recent=recent),
            Scope(date(2023, 1, 1), date(2024, 1, 1), 1, None, False, recent),
        ):
            reading = source.tally(case.counting, scope)
            list(reading)
            expected = _expected(store, case, scope).newest
            assert (reading.survey.newest, recent) == (expected, recent)


@each_store
@pytest.mark.parametrize("case", CASES[:12], ids=lambda case: case.fact)
def test_what_rejects_could_change_is_that_of_the_oracle(store: Store, case: Case) -> None:
    """The case's fact, in orders that could count."""
    _check_doubtful(store, case)


@each_store
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(case=cases)
def test_what_rejects_of_any_orders_could_change(store: Store, case: Case) -> None:
    """Whatever the orders, the fields and the counting."""
    _check_doubtful(store, case)


def _check_doubtful(store: Store, case: Case) -> None:
    window = parse_window(_window_of_now(case), case.counting.within)
    fields = case.fields.model_copy(update={"timezone": case.fields.timezone or case.zone})
    rows, scope = store.representable(case.rows), Scope(window.start, window.end)
    expected = oracle.doubtful(rows, fields, case.counting, scope)
    subjects = {SubjectId(subject) for subject in [*list(expected)[:5], "nobody"]}
    with store.opened(rows, case.fields, case.zone) as source:
        found = source.doubtful(case.counting, window, subjects)
    assert found.keys() <= subjects
    if store.harness.SEES_ALL_REJECTS:
        assert found == {subject: expected[subject] for subject in subjects if subject in expected}
        return
    undated = [row for row in rows if row["placed_at"] is None or _is_dated(row, case)]
    least = oracle.doubtful(undated, fields, case.counting, scope)
    for subject in subjects:
        for reason in DOUBTFUL:
            least_found = least.get(subject, {}).get(reason, 0)
            assert (
                least_found
                <= found.get(subject, {}).get(reason, 0)
                <= expected.get(subject, {}).get(reason, 0)
            )


@each_store
def test_a_sample_shows_the_row(store: Store) -> None:
    """Somebody who reads a reject can find it again, and long values are cut."""
    rows = store.representable(
        [order(f"o{number}", "2023-06-01", customer_id=None, seller="x" * 1000) for number in range(20)]
    )
    with store.opened(rows, PLAIN, "UTC") as source:
        reading = source.tally(CASES[0].counting, Scope())
        assert list(reading) == []
    [(reason, count)] = reading.survey.rejects.items()
    assert (reason, count.rows, count.matching, len(count.samples)) == ("no_customer", 20, 20, SAMPLES)
    for sample in count.samples:
        assert str(sample["order_id"]).startswith("o")
        assert all(value is None or len(value) <= 200 for value in sample.values())


@each_store
def test_customers_are_found_by_their_ids(store: Store) -> None:
    """Only the asked ones; what is blank is missing; who is not there is not in the answer."""
    customers = [
        {"id": "ana_1", "name": "Ana Ñúñez", "email": "ana@example.com", "language": "es"},
        {"id": "bob_2", "name": " ", "email": None, "language": None},
        {"id": "eve_3", "name": "Eve", "email": "eve@example.com", "language": "en"},
    ]
    with store.opened([], PLAIN, "UTC", customers) as source:
        assert source.customers([]) == {}
        assert source.customers(["ana_1", "bob_2", "nobody"]) == {
            "ana_1": Customer("ana_1", "Ana Ñúñez", "ana@example.com", "es"),
            "bob_2": Customer("bob_2"),
        }


@each_store
def test_customers_have_a_zone_and_fields_of_ones_own(store: Store) -> None:
    """A zone that nobody knows is none; a field that is blank is not there."""
    fields = CustomerFields(timezone="zone", fields={"segment": "segment", "town": "zone"})
    customers = [
        {"id": "ana_1", "name": "Ana", "email": None, "zone": "America/Bogota", "segment": "vip"},
        {"id": "bob_2", "name": "Bob", "email": None, "zone": "../etc/passwd", "segment": " "},
        {"id": "eve_3", "name": "Eve", "email": None, "zone": None, "segment": None},
    ]
    with store.opened([], PLAIN, "UTC", customers, fields) as source:
        assert source.customers(["ana_1", "bob_2", "eve_3"]) == {
            "ana_1": Customer(
                "ana_1", "Ana", None, None, "America/Bogota", (("segment", "vip"), ("town", "America/Bogota"))
            ),
            "bob_2": Customer("bob_2", "Bob", None, None, None, (("town", "../etc/passwd"),)),
            "eve_3": Customer("eve_3", "Eve"),
        }


@each_store
def test_a_check_of_a_good_source_is_all_well(store: Store) -> None:
    """Nothing to remedy, and something to show."""
    rows = store.representable([order("o1", "2023-06-01")])
    with store.opened(rows, PLAIN, "UTC", [{"id": "ana_1", "name": "Ana", "email": None}]) as source:
        checks = list(source.check([CASES[0].counting], fix=True))
    assert checks
    assert [check for check in checks if not check.ok] == []


def _expected(
    store: Store, case: Case, scope: Scope, rows: list[dict[str, Any]] | None = None
) -> oracle.Answer:
    fields = case.fields.model_copy(update={"timezone": case.fields.timezone or case.zone})
    rows = store.representable(case.rows) if rows is None else rows
    return oracle.tally(rows, fields, case.counting, scope)


def _check_unbounded(store: Store, case: Case) -> None:
    expected = _expected(store, case, Scope())
    with store.opened(store.representable(case.rows), case.fields, case.zone) as source:
        reading = source.tally(case.counting, Scope())
        assert _by_pair(reading) == expected.tallies
        _check_survey(store, reading.survey, expected)


def _check_survey(store: Store, survey: Survey, expected: oracle.Answer) -> None:
    assert (survey.rows, survey.orders, _rejects(survey)) == (
        expected.rows,
        expected.orders,
        expected.rejects,
    )
    _check_pairs(store, survey, expected)
    for count in survey.rejects.values():
        assert len(count.samples) == min(count.rows, SAMPLES)


def _check_pairs(store: Store, survey: Survey, expected: oracle.Answer) -> None:
    if getattr(store.harness, "COUNTS_PAIRS", False):
        assert survey.pairs == expected.pairs


def _check_bounded(store: Store, case: Case, source: Source, scope: Scope) -> None:
    expected = _expected(store, case, scope)
    reading = source.tally(case.counting, scope)
    found_tallies = _by_pair(reading)
    if not scope.totals:
        expected = _without_totals(expected, found_tallies, reading.survey)
    assert found_tallies == expected.tallies
    if store.harness.SEES_ALL_REJECTS:
        _check_survey(store, reading.survey, expected)
        return
    dated = [row for row in store.representable(case.rows) if _is_dated(row, case)]
    least, found = _expected(store, case, scope, dated), _rejects(reading.survey)
    assert reading.survey.orders == expected.orders
    _check_pairs(store, reading.survey, expected)
    assert reading.survey.rows >= least.rows
    for reason, (rows, matching) in least.rejects.items():
        assert found[reason] >= (rows, matching)
    for reason, (rows, matching) in found.items():
        assert (rows, matching) <= expected.rejects[reason]


def _without_totals(
    expected: oracle.Answer, found: Mapping[tuple[str, str], Tally], survey: Survey
) -> oracle.Answer:
    """The answer with the totals that were left out, if they were: 0 for each of them."""
    tallies = {
        pair: replace(tally, orders=0) if pair in found and not found[pair].orders else tally
        for pair, tally in expected.tallies.items()
    }
    if survey.orders:
        return replace(expected, tallies=tallies)
    return replace(expected, tallies=tallies, orders=0, pairs=0)


def _is_dated(row: dict[str, Any], case: Case) -> bool:
    fields = case.fields.model_copy(update={"timezone": case.fields.timezone or case.zone})
    placed = oracle.read_placed(row["placed_at"], fields, case.counting.zone)
    return placed is not None and placed is not ValueError


def _rejects(survey: Survey) -> dict[Any, tuple[int, int]]:
    return {reason: (count.rows, count.matching) for reason, count in survey.rejects.items()}


def _by_pair(tallies: Iterable[Tally]) -> dict[tuple[str, str], Tally]:
    found = list(tallies)
    by_pair: dict[tuple[str, str], Tally] = {(tally.subject, tally.window): tally for tally in found}
    assert len(by_pair) == len(found), "a pair was answered twice"
    return by_pair


def _tally_of(store: Store, case: Case, pair: Pair) -> Tally:
    every = _expected(store, case, Scope(at_least=0)).tallies
    return every.get(pair, Tally(*pair, matched=0, orders=0))


def _window_of_now(case: Case) -> str:
    names = {
        "day": "2023-06-01",
        "week": "2023-W22",
        "month": "2023-06",
        "quarter": "2023-Q2",
        "year": "2023",
    }
    return names[case.counting.within]
