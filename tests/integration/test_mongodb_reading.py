"""A sweep of MongoDB without totals: what is read here says what the server would have said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128, Int64, ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from tercera.fields import OrderFields, Timestamps
from tercera.model import CUSTOMER, Counting, Match, Period, Survey, Tally
from tercera.orders import Scope, Source
from tercera.sources.mongodb import Settings, open_source
from tests import oracle
from tests.servers.mongod import mongod_uri, shared_database

pytestmark = pytest.mark.mongod

ZONE = "America/Bogota"
RETURNED = Counting((Match("status", ("returned", "cancelled")),), CUSTOMER, Period.MONTH, ZONE)
SUMMER = Scope(date(2023, 6, 1), date(2023, 8, 1), totals=False)
HEX = ObjectId("6465208fbc1391265257ed5d")
FIELDS = OrderFields(amount="amount", fields={"seller": "seller"}, timezone=ZONE)
DAYS = FIELDS.model_copy(update={"formats": ("%Y-%m-%d",)})
Row = dict[str, Any]


@contextmanager
def stored(rows: list[Row], fields: OrderFields, *, covering: bool = True) -> Iterator[Source]:
    """A source of these rows, with an index of all fields or of the date alone."""
    orders = shared_database("reading")["covered" if covering else "dated"]
    orders.delete_many({})
    if rows:
        orders.insert_many([dict(row) for row in rows])
    names = ("placed_at", "customer_id", "status", "order_id", "amount", "seller")
    orders.create_index([(name, 1) for name in (names if covering else names[:1])])
    given = Settings(
        kind="mongodb",
        uri=SecretStr(mongod_uri()),
        database=orders.database.name,
        orders={"collection": orders.name, **fields.model_dump()},
    )
    with closing(open_source(given, ZONE)) as source:
        yield source


def order(number: int, placed_at: Any, **more: Any) -> Row:
    """A returned order of ana_1 unless said otherwise."""
    row = {"order_id": f"o{number}", "customer_id": "ana_1", "status": "returned", "placed_at": placed_at}
    return {**row, "amount": 1.5, **more}


def read(
    source: Source, counting: Counting = RETURNED, scope: Scope = SUMMER
) -> tuple[dict[tuple[str, str], Tally], Survey]:
    """The tallies by pair, and the survey."""
    reading = source.tally(counting, scope)
    return {(tally.subject, tally.window): tally for tally in reading}, reading.survey


def known(rows: list[Row]) -> list[Row]:
    """The rows as the oracle knows their values."""
    return [
        {name: value.to_decimal() if isinstance(value, Decimal128) else value for name, value in row.items()}
        for row in rows
    ]


def require_oracle(rows: list[Row], fields: OrderFields, counting: Counting, scope: Scope) -> Survey:
    """The tallies, but for `orders`, are those of the oracle; so are the rejects of dated rows."""
    rows = known(rows)
    expected = oracle.tally(rows, fields, counting, scope)
    dated = [
        row
        for row in rows
        if isinstance(oracle.read_placed(row.get("placed_at"), fields, counting.zone), date)
    ]
    least = oracle.tally(dated, fields, counting, scope)
    with stored([encoded(row) for row in rows], fields) as source:
        found, survey = read(source, counting, scope)
    assert {pair: replace(tally, orders=0) for pair, tally in found.items()} == {
        pair: replace(tally, orders=0) for pair, tally in expected.tallies.items()
    }
    counted = {reason: (count.rows, count.matching) for reason, count in survey.rejects.items()}
    for reason, count in least.rejects.items():
        assert counted[reason] >= count
    for reason, reject in counted.items():
        assert reject <= expected.rejects[reason]
    assert expected.rows >= survey.rows >= least.rows
    return survey


def encoded(row: Row) -> Row:
    """As the driver takes it."""
    return {name: Decimal128(value) if isinstance(value, Decimal) else value for name, value in row.items()}


SHAPES: dict[str, tuple[OrderFields, list[Any]]] = {
    "days": (DAYS, ["2023-06-01", "2023-07-31", "2023-05-31", "2023-08-01", "2023-06-31", "2023-07-1"]),
    "times": (
        FIELDS,
        [
            "2023-06-01",
            "2023-06-30T23:59:59",
            "2023-07-01T03:00:00Z",
            "2023-08-01T04:59:59Z",
            "2023-06-01T25",
        ],
    ),
    "days of another order": (
        FIELDS.model_copy(update={"formats": ("%d/%m/%Y",)}),
        ["01/06/2023", "31/07/2023", "31/06/2023", "01/08/2023"],
    ),
    "instants": (FIELDS, [datetime(2023, 6, 1, 5), datetime(2023, 8, 1, 4, 59), datetime(2023, 6, 1, 4)]),
    "wall clocks of another zone": (
        FIELDS.model_copy(update={"timestamps": Timestamps.LOCAL, "timezone": "Europe/Madrid"}),
        [datetime(2023, 6, 1, 6), datetime(2023, 6, 1, 7), datetime(2023, 8, 1, 7), "2023-07-01"],
    ),
    "calendar days": (
        FIELDS.model_copy(update={"timestamps": Timestamps.DATE}),
        [datetime(2023, 6, 1), datetime(2023, 7, 31, 23), datetime(2023, 8, 1)],
    ),
}
SHIFTED = Counting((Match("status", ("RETURNED",), True),), CUSTOMER, Period.WEEK, "Australia/Lord_Howe", 2)
OF_SELLERS = Counting(RETURNED.when, "seller", Period.QUARTER, "UTC")
OF_ONE = Counting((*RETURNED.when, Match("seller", ("s1",))), CUSTOMER, Period.MONTH, "Europe/Madrid")


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Row], OrderFields]:
    """Orders whose dates have one shape, and whose other values have every type."""
    fields, placed = SHAPES[draw(st.sampled_from(sorted(SHAPES)))]
    ids = st.sampled_from(["o1", "o2", "ñ6", 7, "7", 7.0, HEX, str(HEX), None, " ", "\u00a0", 1])
    plain = st.sampled_from(["o1", "o2", "o3", "o4", "o5"])
    customers = st.sampled_from(["ana_1", "bob_2", 17850, 17850.0, HEX, "junk", "", None, float("nan")])
    rows = st.builds(
        lambda **row: row,
        order_id=draw(st.sampled_from([plain, plain, ids])),
        customer_id=draw(st.sampled_from([st.sampled_from(["ana_1", "bob_2", "junk", None]), customers])),
        status=st.sampled_from(["returned", "cancelled", "Returned", "delivered", None, " ", "x" * 1001]),
        placed_at=st.sampled_from([*placed, *placed, None, "soon"]),
        amount=st.sampled_from(["1.5", 2.25, 0.00005, 3, Decimal("10.12345"), None, "free", True, " -3 "]),
        seller=st.sampled_from(["s1", "s2", None]),
    )
    valid = draw(st.sampled_from([{}, {"customer_id": r"^(\w+_\d+|[0-9A-Za-z]{24})$"}, {"order_id": "^o"}]))
    return draw(st.lists(rows, min_size=8, max_size=40)), fields.model_copy(update={"valid": valid})


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    history=histories(),
    counting=st.sampled_from([RETURNED, SHIFTED, OF_SELLERS, OF_ONE]),
    at_least=st.integers(0, 3),
)
def test_any_orders_are_read_as_the_oracle_does(
    history: tuple[list[Row], OrderFields], counting: Counting, at_least: int
) -> None:
    """Whatever the types, the duplicates, the corrupt values and the zones."""
    rows, fields = history
    start, end = date(2023, 6, 1), date(2023, 8, 1)
    if counting.within is Period.QUARTER:
        start, end = date(2023, 4, 1), date(2023, 10, 1)
    require_oracle(rows, fields, counting, replace(SUMMER, start=start, end=end, at_least=at_least))


@pytest.mark.parametrize("shape", SHAPES)
def test_totals_are_left_out(shape: str) -> None:
    """Dates of each shape are read without them, so that the server does not judge the rows."""
    fields, placed = SHAPES[shape]
    rows = [order(number, value) for number, value in enumerate(placed * 3)]
    assert require_oracle(rows, fields, RETURNED, SUMMER).orders == 0
    with stored(rows, fields) as source:
        found, _ = read(source)
    assert found
    assert {tally.orders for tally in found.values()} == {0}


def test_a_question_with_totals_has_them() -> None:
    """The numbers that describe are there whenever they are asked for."""
    rows = [order(1, "2023-06-01"), order(2, "2023-06-02", status="delivered")]
    with stored(rows, DAYS) as source:
        found, survey = read(source, scope=replace(SUMMER, totals=True))
    assert found["ana_1", "2023-06"].orders == 2
    assert survey.orders == 2


def test_absent_fields_leave_no_gap() -> None:
    """Documents without a field stand beside others that have it; an index on the date alone is enough."""
    rows = [order(number, "2023-06-01", amount=number) for number in range(6)]
    del rows[1]["amount"], rows[2]["customer_id"], rows[3]["order_id"], rows[4]["status"]
    with stored(rows, DAYS, covering=False) as source:
        for _ in range(2):
            found, survey = read(source)
            assert [one.order_id for one in found["ana_1", "2023-06"].evidence] == ["o0", "o1", "o5"]
            assert found["ana_1", "2023-06"].amount == 5
            assert {reason: count.rows for reason, count in survey.rejects.items()} == {
                "no_customer": 1,
                "no_order_id": 1,
                "no_status": 1,
            }


def test_more_rows_than_are_read_here_are_judged_by_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is the same, with the totals."""
    rows = [order(number, f"2023-06-{number + 1:02d}") for number in range(5)]
    monkeypatch.setattr("tercera.mongo.rows.columns.MOST_ROWS", 4)
    with stored(rows, DAYS) as source:
        found, survey = read(source)
    assert (found["ana_1", "2023-06"].matched, found["ana_1", "2023-06"].orders) == (5, 5)
    assert (survey.rows, survey.orders) == (5, 5)


@pytest.mark.parametrize("value", [3, True, Decimal128("1.0"), ["returned"], {"is": "returned"}, 1e300])
@pytest.mark.parametrize("name", ["status", "customer_id", "order_id", "placed_at"])
def test_values_of_rare_types_are_what_they_are_to_the_server(name: str, value: Any) -> None:
    """Nothing is guessed of them: the two ways of asking give the same tallies and rejects."""
    rows = [order(number, "2023-06-01") for number in range(3)] + [{**order(9, "2023-06-02"), name: value}]
    require_the_same(rows)


def require_the_same(rows: list[Row]) -> Survey:
    """With and without totals."""
    with stored(rows, DAYS) as source:
        here, survey = read(source)
        there, whole = read(source, scope=replace(SUMMER, totals=True))
    assert {pair: replace(tally, orders=0) for pair, tally in here.items()} == {
        pair: replace(tally, orders=0) for pair, tally in there.items()
    }
    assert {reason: (count.rows, count.matching) for reason, count in survey.rejects.items()} == {
        reason: (count.rows, count.matching) for reason, count in whole.rejects.items()
    }
    return survey


def test_amounts_are_those_of_the_server() -> None:
    """Numbers of every type, and texts; each on an order of its own, and together on one."""
    texts = ["1.5", " -3 ", "1e3", ".5", "5.", "+2", "NaN", "free", "", "1_000", "0.00005", "0.00015"]
    doubles = [2.25, 0.1 + 0.2, 0.00005, 10.00005, 1234567890.12345, 1e13, 1e15, float("inf"), float("nan")]
    others = [3, Int64(4), Decimal128("10.12345"), Decimal128("1E+3"), Decimal128("NaN"), None, True]
    amounts: list[Any] = [*texts, *doubles, *others]
    rows = [order(number, "2023-06-01", amount=each) for number, each in enumerate(amounts)]
    rows += [{**row, "order_id": "one", "customer_id": "bob_2"} for row in rows]
    assert require_the_same(rows).orders == 0


def test_two_sweeps_with_changes_between_them() -> None:
    """What is remembered of values is no memory of rows."""
    rows = [order(number, "2023-06-01") for number in range(3)]
    with ExitStack() as stack:
        source = stack.enter_context(stored(rows, DAYS))
        assert read(source)[0]["ana_1", "2023-06"].matched == 3
        orders = shared_database("reading")["covered"]
        orders.update_one({"order_id": "o1"}, {"$set": {"status": "delivered"}})
        orders.insert_one(order(4, (date(2023, 6, 1) + timedelta(days=1)).isoformat(), customer_id="bob_2"))
        found, _ = read(source)
    assert {pair: tally.matched for pair, tally in found.items()} == {
        ("ana_1", "2023-06"): 2,
        ("bob_2", "2023-06"): 1,
    }


def test_what_is_kept_from_sweep_to_sweep_is_not_told_of_other_rows() -> None:
    """The same source, asked again after each change of one order; True equals 1, and is no amount."""
    rows = [order(number, "2023-06-05", amount=1) for number in range(3)]
    with stored(rows, DAYS) as source:
        orders = shared_database("reading")["covered"]
        pair = ("ana_1", "2023-06")
        first = read(source)[0][pair]
        assert (first.matched, first.amount) == (3, Decimal(3))
        assert read(source)[0][pair] == first
        for change, amount in (
            ({"amount": True}, Decimal(2)),
            ({"amount": 1}, Decimal(3)),
            ({"amount": 1.5}, Decimal("3.5")),
        ):
            orders.update_one({"order_id": "o0"}, {"$set": change})
            assert read(source)[0][pair].amount == amount
        orders.update_one({"order_id": "o0"}, {"$set": {"status": "cancelled", "placed_at": "2023-06-04"}})
        changed = read(source)[0][pair]
        assert (changed.first_at, changed.evidence[0].status) == (date(2023, 6, 4), "cancelled")
        two = replace(RETURNED, evidence=2)
        assert len(read(source, two)[0][pair].evidence) == 2
        assert len(read(source)[0][pair].evidence) == 3
        orders.update_one({"order_id": "o0"}, {"$set": {"status": "delivered"}})
        assert read(source)[0][pair].matched == 2
