"""What `tercera check` says of the indexes of a real MongoDB, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from pymongo.database import Database

from tercera.indexes.advice import Asked, IndexCheck
from tercera.indexes.needs import Fit
from tercera.model import CUSTOMER, Counting, Match, Pair, Period, SubjectId, Tally, WindowId
from tercera.mongo.indexes.gauge import Gauge
from tercera.orders import Scope, Source
from tercera.sources.mongodb import MongoSource, Settings, open_source
from tests.servers.mongod import client, empty_database, mongod_uri

pytestmark = pytest.mark.mongod

ZONE = "America/Bogota"
RETURNED = Counting((Match("status", ("returned", "cancelled")),), CUSTOMER, Period.MONTH, ZONE)
SUMMER = Scope(date(2023, 6, 1), date(2023, 8, 1), at_least=3, totals=False)
MONTHS, DAILY = 12, 10


@pytest.fixture
def database() -> Iterator[Database[dict[str, Any]]]:
    """A year of ten orders a day."""
    with empty_database() as database:
        days = (date(2023, 1, 1) + timedelta(days=number // DAILY) for number in range(365 * DAILY))
        database["orders"].insert_many(
            {
                "order_id": f"o{number}",
                "customer_id": f"c{number % 70}",
                "status": "returned" if number % 4 else "delivered",
                "placed_at": day.isoformat(),
                "amount": 1.5,
            }
            for number, day in enumerate(days)
        )
        yield database


def settings(database: Database[dict[str, Any]], **more: Any) -> Settings:
    """Of the collection `orders`."""
    orders = {"collection": "orders", "amount": "amount", "formats": ["%Y-%m-%d"]}
    given = {"kind": "mongodb", "uri": SecretStr(mongod_uri()), "database": database.name, "orders": orders}
    return Settings.model_validate({**given, **more})


@contextmanager
def opened(given: Settings) -> Iterator[MongoSource]:
    """A source that is closed at the end."""
    with closing(open_source(given, ZONE)) as source:
        yield source


def advice(
    given: Settings, *, fix: bool = False, live: bool = False, scope: Scope = SUMMER
) -> list[IndexCheck]:
    """Of one rule."""
    with opened(given) as source:
        found = list(source.advise([Asked("r", RETURNED, scope)], fix=fix, live=live, tell=lambda *_: None))
    assert all(isinstance(each, IndexCheck) for each in found)
    return [each for each in found if isinstance(each, IndexCheck)]


def examined(database: Database[dict[str, Any]], source: MongoSource, scope: Scope) -> tuple[int, int]:
    """Documents and keys that the server says a tally read, whatever was asked for it."""
    return _examined(database, lambda: list(source.tally(RETURNED, scope)))


def _examined(database: Database[dict[str, Any]], read: Callable[[], object]) -> tuple[int, int]:
    database.command("profile", 2)
    read()
    database.command("profile", 0)
    looks = list(database["system.profile"].find({"ns": f"{database.name}.orders", "command.explain": None}))
    database["system.profile"].drop()
    return sum(look.get("docsExamined", 0) for look in looks), sum(
        look.get("keysExamined", 0) for look in looks
    )


def test_figures_are_those_of_the_sweep_itself(database: Database[dict[str, Any]]) -> None:
    """Without an index, and with what --fix creates: the server's own profile of a sweep says the same."""
    given = settings(database)
    with opened(given) as source:
        unindexed = examined(database, source, SUMMER)
    sweep, _ = advice(given)
    assert sweep.figures is not None
    assert sweep.figures.cost is not None
    assert (sweep.ok, sweep.fit) == (False, Fit.NONE)
    assert (sweep.figures.cost.rows, sweep.figures.cost.keys) == unindexed
    assert unindexed[0] >= 2 * 365 * DAILY
    assert sweep.figures.expected is not None
    assert (sweep.figures.expected.keys, sweep.figures.expected.estimated) == (61 * DAILY, True)
    assert sweep.figures.size
    assert "createIndex" in sweep.remedy

    created, _ = advice(given, fix=True)
    assert (created.ok, created.index, created.remedy) == (True, "tercera_sweep", "")
    assert created.figures is not None
    assert created.figures.before is not None
    assert created.figures.before.rows == unindexed[0]
    again, _ = advice(given)
    assert again.figures is not None
    assert again.figures.cost is not None
    with opened(given) as source:
        rows, keys = examined(database, source, SUMMER)
    assert (again.figures.cost.rows, rows) == (0, 0)
    assert (
        61 * DAILY <= again.figures.cost.keys <= keys <= again.figures.cost.keys + 5
    )  # the types are looked up


def test_rules_share_a_scan_where_no_index_is(database: Database[dict[str, Any]]) -> None:
    """Three of them read what one does, which the adviser says as well; and find what each finds alone."""
    asked = [
        (RETURNED, SUMMER),
        (
            replace(RETURNED, within=Period.WEEK),
            replace(SUMMER, start=date(2023, 6, 5), end=date(2023, 7, 3)),
        ),
        (replace(RETURNED, within=Period.DAY), replace(SUMMER, at_least=1)),
    ]
    with opened(settings(database)) as source:
        with source.sharing(asked) as shared:
            together: list[object] = []
            read, _ = _examined(database, lambda: together.extend(_found(shared, *each) for each in asked))
        one, _ = examined(database, source, SUMMER)
        assert together == [_found(source, *each) for each in asked]
        [sweep, _] = source.advise(
            [Asked(f"r{place}", *each) for place, each in enumerate(asked)],
            fix=False,
            live=False,
            tell=lambda *_: None,
        )
    assert isinstance(sweep, IndexCheck)
    assert sweep.figures is not None
    assert sweep.figures.cost is not None
    assert sweep.figures.cost.rows == read == one


def _found(source: Source, counting: Counting, scope: Scope) -> tuple[dict[Pair, Tally], int]:
    """The tallies, but for the orders that only a server that judges the rows counts, and the rows read."""
    reading = source.tally(counting, scope)
    tallies = {(tally.subject, tally.window): replace(tally, orders=0) for tally in reading}
    return tallies, reading.survey.rows


def test_a_live_look_is_told_with_and_without_its_index(database: Database[dict[str, Any]]) -> None:
    """Of a hundred customers of the newest orders; it is a fault only where changes are followed."""
    given = settings(database)
    winter = replace(SUMMER, start=date(2023, 11, 1), end=date(2024, 1, 1))
    assert [each.ok for each in advice(given, scope=winter)] == [False, True]
    _, live = advice(given, live=True, scope=winter)
    assert (live.ok, live.fit) == (False, Fit.NONE)
    assert live.figures is not None
    assert live.figures.cost is not None
    assert live.figures.expected is not None
    assert live.figures.question == "a look at 70 customers reads"
    assert live.figures.cost.rows == 365 * DAILY
    assert live.figures.expected.rows == 31 * DAILY
    _, made = advice(given, fix=True, scope=winter)
    assert made.figures is not None
    assert made.figures.cost is not None
    assert made.index == "tercera_live"
    assert made.figures.cost.rows + made.figures.cost.keys < 3 * 31 * DAILY
    pairs = {(SubjectId(f"c{number}"), WindowId("2023-12")) for number in range(70)}
    with opened(given) as source:
        rows, keys = examined(database, source, Scope(date(2023, 12, 1), date(2024, 1, 1), 0, pairs))
    assert (rows, keys - made.figures.cost.keys) <= (made.figures.cost.rows, 5)


@pytest.mark.parametrize(
    ("options", "flaw"),
    [
        ({"sparse": True}, "sparse"),
        ({"partialFilterExpression": {"status": "returned"}}, "partial"),
        ({"collation": {"locale": "es"}}, "of the collation es"),
    ],
)
def test_an_index_that_can_not_serve_is_named_and_left(
    database: Database[dict[str, Any]], options: dict[str, Any], flaw: str
) -> None:
    """A better one is created beside it, under its own name."""
    paths = ("placed_at", "customer_id", "status", "order_id", "amount")
    database["orders"].create_index([(path, 1) for path in paths], **options)
    sweep, _ = advice(settings(database))
    assert sweep.fit is Fit.NONE
    assert f"it is {flaw}" in sweep.more[0]
    assert all(each.ok for each in advice(settings(database), fix=True))
    assert {"tercera_sweep", "_".join(f"{path}_1" for path in paths)} <= database[
        "orders"
    ].index_information().keys()


def test_what_serves_already_is_respected(database: Database[dict[str, Any]]) -> None:
    """Descending, wider, of other names: nothing is proposed, nothing created."""
    orders = database["orders"]
    orders.create_index(
        [("placed_at", -1), ("status", 1), ("customer_id", 1), ("order_id", 1), ("amount", 1)], name="own"
    )
    orders.create_index([("customer_id", 1), ("placed_at", -1), ("order_id", 1)], name="theirs")
    before = orders.index_information()
    found = advice(settings(database), fix=True, live=True)
    assert [(each.ok, each.index, each.remedy) for each in found] == [(True, "own", ""), (True, "theirs", "")]
    assert orders.index_information() == before
    assert found[0].figures is not None
    assert found[0].figures.cost is not None
    assert found[0].figures.cost.rows == 0


def test_an_index_of_arrays_and_a_hidden_one_serve_nothing(database: Database[dict[str, Any]]) -> None:
    """The first can't bound a range, the second is not looked at; it is to be shown again, not made anew."""
    orders = database["orders"]
    orders.insert_one(
        {"order_id": "x", "customer_id": ["c1", "c2"], "status": "returned", "placed_at": "2023-06-01"}
    )
    orders.create_index([("customer_id", 1), ("placed_at", 1)])
    _, live = advice(settings(database))
    assert "customer_id_1_placed_at_1 can't serve: it is of arrays (multikey)" in live.more
    orders.create_index([(path, 1) for path in live_paths(database)], name="away", hidden=True)
    sweep, _ = advice(settings(database), fix=True)
    assert not sweep.ok
    assert 'db.getCollection("orders").unhideIndex("away")' in sweep.remedy
    assert "tercera_sweep" not in orders.index_information()


def live_paths(database: Database[dict[str, Any]]) -> tuple[str, ...]:
    """The fields of the index for sweeps."""
    sweep, _ = advice(settings(database))
    assert sweep.statement is not None
    return tuple(part.split('"')[1] for part in sweep.statement.split("createIndex(")[1].split(": 1"))[:-1]


def test_a_user_who_may_only_read_is_told_what_to_ask_for(database: Database[dict[str, Any]]) -> None:
    """The figures are there all the same, and the statement for somebody who may."""
    name = f"reader_{database.name}"
    client()["admin"].command("createUser", name, pwd="pass", roles=[{"role": "read", "db": database.name}])
    host = urlsplit(mongod_uri()).netloc.rpartition("@")[2]
    try:
        uri = SecretStr(f"mongodb://{name}:pass@{host}/?authSource=admin")
        sweep, _ = advice(settings(database, uri=uri), fix=True)
    finally:
        client()["admin"].command("dropUser", name)
    assert not sweep.ok
    assert "could not be created" in sweep.detail
    assert "this user may not" in sweep.remedy
    assert 'createIndex({"placed_at": 1' in sweep.remedy


def test_what_would_take_too_long_is_estimated(database: Database[dict[str, Any]]) -> None:
    """Nothing runs for longer than the budget: neither to measure nor to estimate."""
    gauge = Gauge(database["orders"], budget=0.001)
    pipeline: list[dict[str, Any]] = [{"$group": {"_id": "$customer_id", "n": {"$sum": 1}}}]
    cost = gauge.cost([pipeline] * 3, indexed=False)
    assert cost is not None
    assert cost.estimated
    assert cost.rows == 3 * 365 * DAILY


def test_dates_and_other_subjects_have_their_own_index(database: Database[dict[str, Any]]) -> None:
    """A rule per seller is looked at by its sellers; stored dates are swept by their range."""
    orders = database["orders"]
    orders.delete_many({})
    orders.insert_many(
        {
            "order_id": number,
            "customer_id": "c1",
            "seller": {"id": f"s{number % 9}"},
            "status": "returned",
            "placed_at": datetime(2023, 6, 1) + timedelta(hours=number),
        }
        for number in range(500)
    )
    of_sellers = replace(RETURNED, per="seller")
    given = settings(database, orders={"collection": "orders", "fields": {"seller": "seller.id"}})
    with opened(given) as source:
        asked = [Asked("a", RETURNED, SUMMER), Asked("b", of_sellers, SUMMER)]
        found = list(source.advise(asked, fix=True, live=True, tell=lambda *_: None))
    assert [each.ok for each in found] == [True] * 3
    made = {name: [path for path, _ in told["key"]] for name, told in orders.index_information().items()}
    assert made["tercera_live"] == ["customer_id", "placed_at"]
    assert made["tercera_live_2"] == ["seller.id", "placed_at"]
    assert made["tercera_sweep"] == ["placed_at", "customer_id", "seller.id", "status", "order_id"]


def test_a_view_is_left_alone(database: Database[dict[str, Any]]) -> None:
    """Its indexes are those of what it is made of."""
    database.create_collection("seen", viewOn="orders", pipeline=[{"$match": {"amount": {"$gt": 1}}}])
    assert advice(settings(database, orders={"collection": "seen"}), fix=True) == []
