"""Orders in a real MongoDB: what the shared contract of sources does not say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from bson import Decimal128, ObjectId
from pydantic import SecretStr
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure

from tercera.demo.local_mongod import running_mongod
from tercera.errors import SourceError
from tercera.indexes.advice import Asked
from tercera.model import CUSTOMER, Counting, Customer, Match, Period, RejectReason, SubjectId, WindowId
from tercera.mongo.pipelines.question import Question
from tercera.mongo.pipelines.tally import MOST_UNDATABLE, TOO_LARGE, in_sets
from tercera.orders import Recent, Scope, Source
from tercera.sources.mongodb import MongoSource, Settings, open_source
from tercera.windows import parse_window
from tests.servers.free_port import free_port
from tests.servers.mongod import empty_database, mongod_uri

pytestmark = pytest.mark.mongod

ZONE = "America/Bogota"
RETURNED = Counting((Match("status", ("returned", "cancelled")),), CUSTOMER, Period.MONTH, ZONE)
JUNE = Scope(date(2023, 6, 1), date(2023, 7, 1))
HEX = "6465208fbc1391265257ed5d"
WIDE_INDEX = [("placed_at", 1), ("customer_id", 1), ("status", 1), ("order_id", 1), ("amount", 1)]


@pytest.fixture
def database() -> Iterator[Database[dict[str, Any]]]:
    """An empty one."""
    with empty_database() as database:
        yield database


def settings(database: Database[dict[str, Any]], **orders: Any) -> Settings:
    """Of the collections `orders` and `customers`."""
    return Settings(
        kind="mongodb",
        uri=SecretStr(mongod_uri()),
        database=database.name,
        orders={"collection": "orders", "amount": "amount", **orders},
        customers={"collection": "customers"},
    )


class Opener(Protocol):
    """Opens a source, of `settings` with these order fields unless whole settings are given."""

    def __call__(self, given: Settings | None = None, **orders: Any) -> MongoSource: ...


@pytest.fixture
def opened(database: Database[dict[str, Any]]) -> Iterator[Opener]:
    """Sources that are closed at the end."""
    with ExitStack() as stack:

        def opener(given: Settings | None = None, **orders: Any) -> MongoSource:
            return stack.enter_context(closing(open_source(given or settings(database, **orders), ZONE)))

        yield opener


def create_indexes(source: MongoSource) -> None:
    """As `tercera check --fix` does."""
    asked = [Asked("returns", RETURNED, JUNE)]
    assert all(check.ok for check in source.advise(asked, fix=True, live=True, tell=lambda *_: None))


def order(number: int, placed_at: Any, **more: Any) -> dict[str, Any]:
    """A returned order of ana_1 unless said otherwise."""
    row = {"order_id": f"o{number}", "customer_id": "ana_1", "status": "returned", "placed_at": placed_at}
    return {**row, **more}


def counts(source: Source, scope: Scope = JUNE, counting: Counting = RETURNED) -> dict[str, tuple[int, int]]:
    """Matched and all orders, by subject."""
    found = {tally.subject: (tally.matched, tally.orders) for tally in source.tally(counting, scope)}
    return {str(subject): numbers for subject, numbers in found.items()}


def with_password(uri: str, password: str) -> str:
    """The same server and user with another password."""
    scheme, _, rest = uri.partition("://")
    login, _, address = rest.rpartition("@")
    return f"{scheme}://{login.partition(':')[0]}:{password}@{address}"


def test_a_wrong_password_is_told_without_the_password(
    database: Database[dict[str, Any]], opened: Opener
) -> None:
    """The error names the server and what to look at, never the secret."""
    wrong = settings(database).model_copy(update={"uri": SecretStr(with_password(mongod_uri(), "gehe%21m"))})
    source = opened(wrong)
    with pytest.raises(
        SourceError, match=r"refused the login .* check user, password and authSource"
    ) as told:
        list(source.tally(RETURNED, JUNE))
    assert "gehe" not in str(told.value)
    assert "127.0.0.1:" in str(told.value) or "MONGODB_URI" not in str(told.value)
    assert "gehe" not in repr(wrong)


def test_an_absent_server_is_told_in_bounded_time(opened: Opener) -> None:
    """The error says which server, how long it was tried and what to check."""
    port = free_port()
    absent = Settings(
        kind="mongodb",
        uri=SecretStr(f"mongodb://reader:s3cr3t-w0rd@127.0.0.1:{port}/"),
        database="shop",
        orders={"collection": "orders"},
        timeout=0.5,
    )
    source = opened(absent)
    began = time.monotonic()
    with pytest.raises(SourceError, match=rf"127.0.0.1:{port} did not answer within 0.5 s .* check") as told:
        list(source.tally(RETURNED, JUNE))
    [check] = source.check([RETURNED])
    assert time.monotonic() - began < 5
    assert "s3cr3t" not in str(told.value) + check.detail
    assert not check.ok


@pytest.mark.parametrize(
    "uri", ["127.0.0.1:1", "mongodb://user:pass:word@127.0.0.1/", "mongodb://127.0.0.1:x/"]
)
def test_an_address_that_is_none_is_told(uri: str, opened: Opener) -> None:
    """Without a traceback, and without what may be a password."""
    wrong = Settings(
        kind="mongodb", uri=SecretStr(uri), database="shop", orders={"collection": "orders"}, timeout=0.5
    )
    with pytest.raises(SourceError) as told:
        list(opened(wrong).tally(RETURNED, JUNE))
    assert "pass:word" not in str(told.value)


def test_dates_of_several_types_stand_in_one_collection(
    database: Database[dict[str, Any]], opened: Opener
) -> None:
    """Texts are days of their own, stored dates are instants: July in UTC can be June in Bogota."""
    june = ["2023-06-01", "2023-06-30", datetime(2023, 6, 1, 5), datetime(2023, 7, 1, 4, 59)]
    other = ["2023-05-31", "2023-07-01", datetime(2023, 6, 1, 4, 59), datetime(2023, 7, 1, 5)]
    database["orders"].insert_many([order(number, day) for number, day in enumerate([*june, *other])])
    database["orders"].create_index(WIDE_INDEX)
    assert counts(opened()) == {"ana_1": (4, 4)}


def test_values_stand_deep_in_a_document(database: Database[dict[str, Any]], opened: Opener) -> None:
    """Paths with dots, in the orders and in the directory."""
    day = datetime(2023, 6, 3)
    database["orders"].insert_one(
        {"id": {"n": 7}, "who": {"ref": HEX}, "now": {"is": "returned"}, "at": {"d": day}}
    )
    database["people"].insert_one({"key": {"ref": ObjectId(HEX)}, "contact": {"mail": "ana@example.com"}})
    deep = settings(
        database, order_id="id.n", customer_id="who.ref", status="now.is", placed_at="at.d", timestamps="date"
    ).model_copy(update={"customers": None})
    customers = {"collection": "people", "id": "key.ref", "name": "contact.name", "email": "contact.mail"}
    source = opened(Settings.model_validate({**deep.model_dump(), "uri": deep.uri, "customers": customers}))
    [tally] = source.tally(RETURNED, JUNE)
    assert (tally.subject, tally.evidence[0].order_id, tally.first_at) == (HEX, "7", date(2023, 6, 3))
    assert source.customers([HEX]) == {HEX: Customer(HEX, None, "ana@example.com")}


def test_an_id_is_the_same_whatever_its_type(database: Database[dict[str, Any]], opened: Opener) -> None:
    """An ObjectId and its text, 17850, 17850.0 and "17850": in orders, and from orders to the directory."""
    ids = [HEX, ObjectId(HEX), "17850", 17850, 17850.0]
    database["orders"].insert_many(
        [order(number, "2023-06-05", customer_id=each) for number, each in enumerate(ids)]
    )
    database["customers"].insert_many(
        [
            {"_id": 3, "id": ObjectId(HEX), "name": "third"},
            {"_id": 1, "id": HEX, "name": "first"},
            {"_id": 2, "id": 17850.0, "name": "number", "email": " "},
            {"_id": 4, "id": "other", "name": "not asked for"},
        ]
    )
    source = opened()
    assert source.customers([HEX, "17850", "nobody"]) == {
        HEX: Customer(HEX, "first"),
        "17850": Customer("17850", "number"),
    }
    june = WindowId("2023-06")
    asked = Scope(pairs=[(SubjectId(HEX), june), (SubjectId("17850"), june)])
    assert counts(source, asked) == {HEX: (2, 2), "17850": (3, 3)}


def test_hostile_values_are_rejects_or_text(database: Database[dict[str, Any]], opened: Opener) -> None:
    """Ten megabytes, null bytes, operators, NaN: nothing stops the sweep or is taken for a command."""
    day = "2023-06-05"
    database["orders"].insert_many(
        [
            order(1, day, customer_id="x" * 10_000_000),
            order(2, day, customer_id=float("nan")),
            order(3, day, customer_id={"$gt": ""}),
            order(4, day, customer_id="$$ROOT"),
            order(5, day, customer_id="a\0b", status="$status"),
            order(6, day + "\n"),
            order(7, day, status="y" * 10_000_000),
            order(8, [day]),
            order(9, "2023-06-0" + "5" * 10_000_000),
            order(10, day, amount="9" * 10_000),
        ]
    )
    source = opened(valid={"customer_id": r"^(\w+_\d+|[^x]+)$"})
    for scope in (JUNE, Scope()):
        reading = source.tally(RETURNED, scope)
        assert {tally.subject: tally.orders for tally in reading} == {"$$ROOT": 1, "ana_1": 1}
        rejects = {reason: count.rows for reason, count in reading.survey.rejects.items()}
        assert rejects == {
            RejectReason.INVALID_CUSTOMER_ID: 2,
            RejectReason.NO_CUSTOMER: 1,
            RejectReason.UNREADABLE_DATE: 3,
            RejectReason.INVALID_STATUS: 1,
        }
    asked = Counting((Match("status", ("$status",)),), CUSTOMER, Period.MONTH, ZONE)
    assert counts(source, counting=asked) == {"a\0b": (1, 1)}


def test_a_sweep_is_answered_by_the_index_alone(database: Database[dict[str, Any]], opened: Opener) -> None:
    """With the index that `check --fix` makes, a sweep reads no document and no month but its own."""
    orders = database["orders"]
    orders.insert_many(
        [
            order(number, (date(2023, 1, 1) + timedelta(days=number % 360)).isoformat())
            for number in range(3600)
        ]
    )
    source = opened(formats=["%Y-%m-%d"])
    create_indexes(source)
    question = Question(
        settings(database, formats=["%Y-%m-%d"]).orders, RETURNED, JUNE, frozenset({"string"})
    )
    plan = database.command(
        "explain",
        {"aggregate": "orders", "pipeline": in_sets(question), "cursor": {}},
        verbosity="executionStats",
    )
    stats = plan["stages"][0]["$cursor"]["executionStats"]
    assert "IXSCAN" in str(plan["stages"][0]["$cursor"]["queryPlanner"]["winningPlan"])
    assert stats["totalDocsExamined"] == 0
    assert stats["totalKeysExamined"] <= 301


@pytest.mark.parametrize("kind", ["text", "date"])
def test_the_newest_order_is_at_the_end_of_the_index(
    database: Database[dict[str, Any]], opened: Opener, kind: str
) -> None:
    """A bounded look, however many orders there are; so is the one for what rejects could change."""
    days = [date(2023, 1, 1) + timedelta(days=number // 20) for number in range(7000)]
    placed = [datetime(day.year, day.month, day.day) if kind == "date" else day.isoformat() for day in days]
    database["orders"].insert_many(
        [{**order(number, ""), "placed_at": at} for number, at in enumerate(placed)]
    )
    database["orders"].insert_one({**order(9999, ""), "placed_at": None, "customer_id": "c1"})
    source = opened(timestamps="date" if kind == "date" else None)
    create_indexes(source)
    until = datetime(2023, 6, 15, 12, tzinfo=UTC)
    recent = Recent(date(2023, 6, 12), until)
    database.command("profile", 2)
    reading = source.tally(RETURNED, replace(JUNE, at_least=3, totals=False, recent=recent))
    list(reading)
    found = source.doubtful(RETURNED, parse_window("2023-06", Period.MONTH), {SubjectId("c1")})
    database.command("profile", 0)
    assert reading.survey.newest == date(2023, 6, 15)
    assert found == {"c1": {RejectReason.NO_DATE: 1}}
    looks = list(database["system.profile"].find({"op": {"$in": ["query", "command", "getmore"]}}))
    assert looks
    assert not [look for look in looks if "COLLSCAN" in str(look.get("planSummary"))]
    assert max(look.get("keysExamined", 0) for look in looks) <= 800  # of 7001: a month, and its margins


@pytest.mark.parametrize(
    ("form", "write"),
    [
        ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT10:00:00"),
        ("%d/%m/%Y", "%d/%m/%Y"),
        ("%d.%m.%Y %H:%M", "%d.%m.%Y 09:30"),
    ],
)
def test_text_dates_of_any_order_use_the_index(
    database: Database[dict[str, Any]], form: str, write: str, opened: Opener
) -> None:
    """Where the year does not come first, the days of the windows are looked up one by one."""
    days = [date(2022, 1, 1) + timedelta(days=number) for number in range(700)]
    database["orders"].insert_many([order(number, day.strftime(write)) for number, day in enumerate(days)])
    database["orders"].create_index(WIDE_INDEX)
    assert counts(opened(formats=[form])) == {"ana_1": (30, 30)}
    question = Question(settings(database, formats=[form]).orders, RETURNED, JUNE, frozenset({"string"}))
    plan = database.command(
        "explain",
        {"aggregate": "orders", "pipeline": in_sets(question), "cursor": {}},
        verbosity="executionStats",
    )
    assert plan["stages"][0]["$cursor"]["executionStats"]["totalKeysExamined"] < 100


def test_undatable_rows_are_found_without_reading_history(
    database: Database[dict[str, Any]], opened: Opener
) -> None:
    """A sweep counts those that stand together in the index, up to a limit; a backtest counts all."""
    strange = [None, "", "soon", 5, True, "0999-01-01", "2100-01-01"]
    more = MOST_UNDATABLE + 50
    database["orders"].insert_many(
        [order(number, each) for number, each in enumerate(strange)]
        + [order(number, "2023-06-01") for number in range(3)]
        + [order(99, "2022-02-30"), order(98, "2023-06-31")]
    )
    source = opened()
    assert rejected(source, JUNE) == {"no_date": 2, "unreadable_date": 6}
    assert rejected(source, Scope()) == {"no_date": 2, "unreadable_date": 7}
    database["orders"].insert_many([order(number, None) for number in range(more)])
    assert sum(rejected(source, JUNE).values()) == MOST_UNDATABLE + 1
    assert rejected(source, Scope())["no_date"] == more + 2


def rejected(source: Source, scope: Scope) -> dict[str, int]:
    """Rows by reason."""
    reading = source.tally(RETURNED, scope)
    list(reading)
    return {str(reason): count.rows for reason, count in reading.survey.rejects.items()}


def test_a_pattern_that_the_server_can_not_finish_is_told(
    database: Database[dict[str, Any]], opened: Opener
) -> None:
    """A pattern that needs forever is an error with a remedy, not a sweep that never ends."""
    database["orders"].insert_one(order(1, "2023-06-01", customer_id="a" * 900 + "!"))
    source = opened(valid={"customer_id": r"^(a+)+$"})
    with pytest.raises(SourceError, match=r"pattern of source\.orders\.valid"):
        list(source.tally(RETURNED, JUNE))


def test_a_check_names_what_is_missing_and_how_to_make_it(
    database: Database[dict[str, Any]], opened: Opener
) -> None:
    """Collection, field, index: each with the nearest name or the very command."""
    database["Orders"].insert_one(
        {"order_id": 1, "customer": "ana_1", "status": "x", "placed_at": "2023-06-01"}
    )
    source = opened()
    absent = next(check for check in source.check([RETURNED]) if check.what.endswith(".orders"))
    assert (absent.ok, absent.detail) == (False, "is not there; there are Orders")

    renamed = settings(database).model_copy(update={"customers": None})
    found = Settings.model_validate(
        {**renamed.model_dump(), "uri": renamed.uri, "orders": {"collection": "Orders"}}
    )
    source = opened(found)
    checks = list(source.check([RETURNED]))
    assert [check.detail for check in checks if "customer_id" in check.detail and "none of" in check.detail]
    asked = [Asked("returns", RETURNED, JUNE)]
    [index, live] = source.advise(asked, fix=False, live=False, tell=lambda *_: None)
    assert not index.ok
    keys = '{"placed_at": 1, "customer_id": 1, "status": 1, "order_id": 1}'
    assert f'db.getCollection("Orders").createIndex({keys}, {{name: "tercera_sweep"}})' in index.remedy
    assert live.ok
    create_indexes(source)
    again = source.advise(asked, fix=False, live=True, tell=lambda *_: None)
    assert [(check.ok, check.remedy) for check in again] == [(True, ""), (True, "")]


def test_a_broken_connection_is_tried_again(tmp_path: Path, opened: Opener) -> None:
    """The driver tries a read twice; when both fail, the whole aggregation is asked once more."""
    with (
        running_mongod(tmp_path / "mongod", parameters={"enableTestCommands": "1"}) as uri,
        MongoClient[dict[str, Any]](uri) as client,
    ):
        client["shop"]["orders"].insert_many([order(number, "2023-06-01") for number in range(3)])
        there = Settings(kind="mongodb", uri=SecretStr(uri), database="shop", orders={"collection": "orders"})
        source = opened(there)
        break_connections(client, 2)
        assert [tally.matched for tally in source.tally(RETURNED, JUNE)] == [3]
        break_connections(client, 4)
        with pytest.raises(SourceError, match="broke the connection"):
            list(source.tally(RETURNED, JUNE))


def test_a_pair_of_more_orders_than_a_set_can_hold_is_tallied(tmp_path: Path) -> None:
    """A server refuses sets that grow too large; the same is then asked in a way that needs none."""
    parameters = {"internalQueryMaxAddToSetBytes": "20000"}
    with (
        running_mongod(tmp_path / "mongod", parameters=parameters) as uri,
        MongoClient[dict[str, Any]](uri) as client,
    ):
        rows = [order(number % 700, f"2023-06-{number % 30 + 1:02d}", amount=number) for number in range(900)]
        client["shop"]["orders"].insert_many([*rows, order(1, "2023-06-31"), order(2, None)])
        there = Settings(
            kind="mongodb",
            uri=SecretStr(uri),
            database="shop",
            orders={"collection": "orders", "amount": "amount"},
        )
        question = Question(there.orders, RETURNED, JUNE)
        with pytest.raises(OperationFailure) as refused:
            list(client["shop"]["orders"].aggregate(in_sets(question)))
        assert refused.value.code in TOO_LARGE
        with closing(open_source(there, ZONE)) as source:
            reading = source.tally(RETURNED, JUNE)
            [tally] = reading
    assert (tally.matched, tally.orders, len(tally.evidence)) == (700, 700, 50)
    assert [one.order_id for one in tally.evidence[:3]] == ["o0", "o110", "o120"]
    assert tally.amount == sum(range(200, 900))
    assert (reading.survey.rows, reading.survey.orders, reading.survey.pairs) == (902, 700, 1)
    assert {str(reason): count.rows for reason, count in reading.survey.rejects.items()} == {
        "unreadable_date": 1,
        "no_date": 1,
    }


def break_connections(client: MongoClient[dict[str, Any]], times: int) -> None:
    """The next aggregations of Tercera are cut off by the server."""
    data = {"failCommands": ["aggregate"], "closeConnection": True, "appName": "tercera"}
    client.admin.command("configureFailPoint", "failCommand", mode={"times": times}, data=data)


def test_decimals_are_exact(database: Database[dict[str, Any]], opened: Opener) -> None:
    """Doubles, decimals, whole numbers and text add up to the cent."""
    amounts = [0.1, Decimal128("0.20"), 3, "1e1", "free", True, None, datetime(2023, 1, 1)]
    database["orders"].insert_many(
        [order(number, "2023-06-01", amount=amount) for number, amount in enumerate(amounts)]
    )
    source = opened()
    [tally] = source.tally(RETURNED, JUNE)
    assert str(tally.amount) == "13.3000"
