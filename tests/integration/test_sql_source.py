"""What a `sql` source does beyond the contract: typed columns, indexes, refusals, privileges."""

from __future__ import annotations

import re
import sqlite3
import uuid
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import make_url

from tercera.errors import SourceError
from tercera.fields import OrderFields, Timestamps
from tercera.model import CUSTOMER, Counting, Evidence, Match, Pair, Period, SubjectId, Tally, WindowId
from tercera.orders import Reading, Recent, Scope
from tercera.relational.expressions.tally import Question
from tercera.sources.sql import Settings, SqlSource, open_source
from tests import oracle
from tests.contract import databases
from tests.servers import postgresql

MONTH = Counting((Match("status", ("returned",)),), CUSTOMER, Period.MONTH, "America/Bogota")
ANA, BOB = uuid.UUID(int=1), uuid.UUID(int=2)
EDGE = datetime(2023, 7, 1)
MOMENTS = [EDGE + timedelta(hours=hours, microseconds=1) for hours in (-30, -6, -5, -1, 0, 4, 5, 30)]


def source(name: str, **orders: Any) -> SqlSource:
    """A source over the table `typed` of a database."""
    settings = Settings(
        kind="sql", uri=SecretStr(databases.load(name).uri()), orders={"table": "typed", **orders}
    )
    return open_source(settings, "America/Bogota", base=Path.cwd())


@pytest.fixture(params=["duckdb", "postgres"])
def name(request: pytest.FixtureRequest) -> str:
    """A database whose columns have types."""
    return str(request.param)


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "date"])
@pytest.mark.parametrize("timestamps", list(Timestamps))
def test_typed_columns_are_counted_as_the_oracle_does(name: str, kind: str, timestamps: Timestamps) -> None:
    """Ids that are numbers, customers that are UUIDs, exact amounts; whole, bounded and of one customer."""
    rows = [
        {
            "order_id": number,
            "customer_id": (ANA, BOB)[number % 2],
            "status": ("returned", "Returned")[number == 3],
            "placed_at": _placed(moment, kind),
            "amount": Decimal("1.2345") * number,
        }
        for number, moment in enumerate([*MOMENTS, None])
    ]
    _fill(name, {"order_id": "integer", "customer_id": "uuid", "placed_at": kind, "amount": "decimal"}, rows)
    fields = OrderFields(amount="amount", timestamps=timestamps, timezone="Europe/Madrid")
    known = [{**row, "customer_id": str(row["customer_id"])} for row in rows]
    with closing(source(name, **fields.model_dump())) as opened:
        for scope in (Scope(), Scope(date(2023, 7, 1), date(2023, 8, 1)), Scope(date(2023, 6, 1), None, 2)):
            reading = opened.tally(MONTH, scope)
            found = {(each.subject, each.window): each for each in reading}
            expected = oracle.tally(known, fields, MONTH, scope)
            assert found == expected.tallies
            assert reading.survey.orders == expected.orders
        asked = [(SubjectId(str(ANA)), WindowId("2023-06")), (SubjectId("nobody"), WindowId("2023-06"))]
        found = {(each.subject, each.window): each for each in opened.tally(MONTH, Scope(pairs=asked))}
        whole = oracle.tally(known, fields, MONTH).tallies
        assert found[asked[0]] == whole[asked[0]]
        assert found[asked[1]].orders == 0


def test_absurd_values_of_typed_columns_are_rejects(name: str) -> None:
    """Infinite times and floating ids that are no number fail nothing."""
    _fill(name, {"order_id": "float", "placed_at": "timestamp"}, [
        {"order_id": number, "customer_id": "ana", "status": "returned", "placed_at": datetime(2023, 6, 1)}
        for number in (1.0, 2.5, float("inf"), float("nan"), 1e300)
    ])  # fmt: skip
    with closing(source(name)) as opened:
        reading = opened.tally(MONTH, Scope())
        [tally] = reading
    assert (tally.matched, {one.order_id for one in tally.evidence[:1]}) == (3, {"1"})
    assert sum(each.rows for each in reading.survey.rejects.values()) == 2


def test_a_look_at_some_customers_uses_the_index() -> None:
    """On customer and time: neither the whole table nor the whole month is read."""
    rows = [
        {"order_id": number, "customer_id": f"c-{number % 5000}", "status": "returned", "placed_at": EDGE}
        for number in range(20_000)
    ]
    _fill("postgres", {"order_id": "integer", "placed_at": "timestamp"}, rows)
    with closing(postgresql.connection(databases.load("postgres").uri())) as made:
        made.execute("CREATE INDEX IF NOT EXISTS typed_look ON typed (customer_id, placed_at)")
        made.execute("ANALYZE typed")
        with closing(source("postgres")) as opened, opened._connected() as session:
            asked = Scope(pairs={(SubjectId("c-7"), WindowId("2023-07"))}, at_least=0)
            question = Question(opened._fields, replace(MONTH, zone="UTC"), asked)
            statement = session.statement(question, (), ["c-7"])
            [(plan,)] = made.execute(f"EXPLAIN (FORMAT JSON) {statement}".encode()).fetchall()
            found = list(opened.tally(replace(MONTH, zone="UTC"), asked))
        made.execute("DROP INDEX typed_look")
    assert "typed_look" in str(plan)
    assert "Seq Scan" not in str(plan)
    assert [each.matched for each in found] == [4]


def test_sweeps_of_several_rules_are_one_statement(name: str) -> None:
    """Whatever they match, in whichever windows; each gets what it would get alone, rejects and newest order
    among it."""
    rows = [
        {
            "order_id": number,
            "customer_id": "" if number % 50 == 7 else f"c-{number % 7}",
            "status": ("returned", "lost", "kept")[number % 3],
            "placed_at": None if number % 90 == 5 else datetime(2023, 5, 20) + timedelta(hours=number),
            "amount": Decimal(number) / 4,
        }
        for number in range(900)
    ]
    _fill(name, {"order_id": "integer", "placed_at": "timestamp", "amount": "decimal"}, rows + rows[:90])
    recent = Recent(date(2023, 6, 1), datetime(2023, 6, 20, tzinfo=UTC))
    asked = [
        (replace(MONTH, when=when, within=within, evidence=evidence), scope)
        for when in (MONTH.when, (Match("status", ("lost", "kept")),), ())
        for within, evidence, scope in (
            (Period.MONTH, 5, Scope(date(2023, 5, 1), date(2023, 7, 1), 3, totals=False, recent=recent)),
            (Period.WEEK, 0, Scope(date(2023, 6, 5), date(2023, 6, 19), 2, totals=False, recent=recent)),
        )
    ]
    with closing(source(name, amount="amount")) as alone, closing(source(name, amount="amount")) as opened:
        with opened.sharing(asked) as shared:
            for counting, scope in asked:
                one, other = alone.tally(counting, scope), shared.tally(counting, scope)
                assert _by_pair(other) == _by_pair(one)
                assert other.survey == one.survey
                assert one.survey.rejects
        kinds = [key[0] for key in opened._tables.statements._kept if isinstance(key, tuple)]
        assert (kinds.count("several"), kinds.count("tally")) == (1, 0)


def _by_pair(reading: Reading) -> dict[Pair, Tally]:
    return {(each.subject, each.window): each for each in reading}


def test_a_query_may_stand_in_the_place_of_a_table() -> None:
    """Also one that ends with a comment; an enumeration is a text."""
    with closing(postgresql.connection(databases.load("postgres").uri())) as made:
        made.execute("DROP TABLE IF EXISTS stated; DROP TYPE IF EXISTS state")
        made.execute("CREATE TYPE state AS ENUM ('returned', 'kept')")
        made.execute("CREATE TABLE stated AS SELECT 'o' || n AS order_id, 7 AS customer_id, "
                     "'returned'::state AS status, DATE '2023-06-01' + n AS placed_at "
                     "FROM generate_series(1, 3) AS n")  # fmt: skip
    settings = Settings(
        kind="sql",
        uri=SecretStr(databases.load("postgres").uri()),
        orders={"query": "SELECT * FROM stated ;"},
    )
    with closing(open_source(settings, "UTC")) as opened:
        [tally] = opened.tally(MONTH, Scope())
    assert (tally.subject, tally.matched) == ("7", 3)
    assert tally.evidence[0] == Evidence("o1", date(2023, 6, 2), "returned")


def test_nothing_can_be_written() -> None:
    """A query that would change something is refused by the session."""
    _fill("postgres", {}, [])
    query = "WITH gone AS (DELETE FROM typed RETURNING *) SELECT * FROM gone"
    settings = Settings(kind="sql", uri=SecretStr(databases.load("postgres").uri()), orders={"query": query})
    with closing(open_source(settings, "UTC")) as opened, pytest.raises(SourceError):
        list(opened.tally(MONTH, Scope()))


@pytest.mark.parametrize("name", ["duckdb", "postgres", "sqlite"])
def test_refusals_name_what_was_meant(name: str) -> None:
    """The table that is nearly called so, the column that is; and never the password."""
    _fill(name, {}, [])
    uri = databases.load(name).uri()
    for orders, meant in (
        ({"table": "typd"}, "'typed'"),
        ({"table": "typed", "status": "statu"}, "'status'"),
    ):
        settings = Settings(kind="sql", uri=SecretStr(uri), orders=orders)
        with closing(open_source(settings, "UTC")) as opened:
            with pytest.raises(SourceError, match=f"did you mean {meant}") as caught:
                list(opened.tally(MONTH, Scope()))
            assert [each.ok for each in opened.check([MONTH])][-1] is False
        assert postgresql.PASSWORD not in str(caught.value)


def test_an_address_that_nobody_answers_is_told_without_the_password() -> None:
    """With what to check."""
    settings = Settings(
        kind="sql", uri=SecretStr("postgresql://shop:s3cr3t@127.0.0.1:1/shop"), orders={"table": "orders"}
    )
    unreached = pytest.raises(SourceError, match=r"127\.0\.0\.1:1/shop can't be reached")
    with closing(open_source(settings, "UTC")) as opened, unreached as caught:
        list(opened.tally(MONTH, Scope()))
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("name", ["postgres", "mariadb"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wr0ng"}, "refused the login .*check user and password in source.uri"),
        ({"username": "nobody", "database": "nowhere"}, "refused the login"),
        ({"port": 1}, "can't be reached: .*see that it runs, and check host and port"),
    ],
)
def test_what_refuses_a_connection_is_told_with_what_helps(
    name: str, change: dict[str, Any], words: str
) -> None:
    """A wrong password is no server that is away; and it is not repeated."""
    uri = make_url(databases.load(name).uri()).set(**change).render_as_string(hide_password=False)
    settings = Settings(kind="sql", uri=SecretStr(uri), orders={"table": "orders"})
    with closing(open_source(settings, "UTC")) as opened:
        (told,) = opened.check([MONTH])
    assert re.search(words, told.detail)
    assert not told.ok
    assert "wr0ng" not in told.detail


def test_a_database_that_is_not_there() -> None:
    """The server answers, so it is the name that is wrong."""
    uri = make_url(databases.load("postgres").uri()).set(database="nowhere")
    settings = Settings(
        kind="sql", uri=SecretStr(uri.render_as_string(hide_password=False)), orders={"table": "orders"}
    )
    with closing(open_source(settings, "UTC")) as opened:
        (told,) = opened.check([MONTH])
    assert "has no such database" in told.detail
    assert "the name at the end of source.uri" in told.detail


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_a_password_that_is_not_encoded(kind: str) -> None:
    """A driver would take what stands behind its first @ for the host, and say it."""
    uri = SecretStr(f"{kind}://shop:pa@55w0rd/x@127.0.0.1/shop")
    with pytest.raises(
        ValidationError, match=r"more than one @; write .* percent-encoded: @ is %40"
    ) as caught:
        Settings(kind="sql", uri=uri, orders={"table": "orders"})
    assert "55w0rd" not in str(caught.value)
    Settings(kind="sql", uri=SecretStr("sqlite:///a@b@c.db"), orders={"table": "orders"})


def test_a_database_in_a_file_that_another_program_holds(tmp_path: Path) -> None:
    """It is told what holds it up, after the patience that was asked for."""
    with closing(sqlite3.connect(tmp_path / "shop.db", isolation_level=None)) as other:
        other.execute("CREATE TABLE orders (order_id, customer_id, status, placed_at)")
        other.execute("BEGIN EXCLUSIVE")
        settings = Settings(
            kind="sql", uri=SecretStr("sqlite:///shop.db"), orders={"table": "orders"}, timeout=0.1
        )
        with closing(open_source(settings, "UTC", base=tmp_path)) as opened:
            told = list(opened.check([MONTH]))[-1]
    assert not told.ok
    assert "database is locked; another program is writing: let it end" in told.detail


def test_an_address_must_name_an_engine() -> None:
    """Or nearly so."""
    with pytest.raises(ValidationError, match="did you mean postgresql://"):
        Settings(kind="sql", uri=SecretStr("postgrsql://shop"), orders={"table": "orders"})
    with pytest.raises(ValidationError, match="either a table or a query"):
        Settings(kind="sql", uri=SecretStr("sqlite:///shop.db"), orders={})


def test_sqlite_columns_hold_values_of_any_type(tmp_path: Path) -> None:
    """Numbers, texts that are no UTF-8, bytes: what is an id is one, the rest are rejects."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as made, made:
        made.execute("CREATE TABLE orders (order_id, customer_id INTEGER, status COLLATE NOCASE, placed_at)")
        made.executemany(
            "INSERT INTO orders VALUES (?, ?, CAST(? AS TEXT), ?)",
            [
                (1, 17850, "returned", "2023-06-01"),
                (2.0, 17850.0, "returned", "2023-06-02 10:00:00"),
                ("3", "17850", "returned", "2023-06-03"),
                (4, 17850, "Returned", "2023-06-04"),
                (5, 17850, b"\xff\xfe", "2023-06-05"),
                (6, 17850, "returned", 1685577600),
                (b"\x00", 17850, "returned", "2023-06-07"),
            ],
        )
    settings = Settings(kind="sql", uri=SecretStr("sqlite:///shop.db"), orders={"table": "orders"})
    with closing(open_source(settings, "UTC", base=tmp_path)) as opened:
        reading = opened.tally(MONTH, Scope())
        [tally] = reading
        pair = (SubjectId("17850"), WindowId("2023-06"))
        [asked] = opened.tally(MONTH, Scope(pairs={pair}))
    assert (tally.subject, tally.matched, tally.orders) == ("17850", 3, 5)
    assert asked == tally
    assert {reason.value: each.rows for reason, each in reading.survey.rejects.items()} == {
        "no_order_id": 1,
        "unreadable_date": 1,
    }


def _placed(moment: datetime | None, kind: str) -> Any:
    if moment is None or kind == "timestamp":
        return moment
    return moment.date() if kind == "date" else moment.replace(tzinfo=UTC)


def _fill(name: str, kinds: dict[str, str], rows: list[dict[str, Any]]) -> None:
    names = ("order_id", "customer_id", "status", "placed_at", "amount")
    columns = {each: kinds.get(each, "text") for each in names}
    databases.load(name).fill("typed", columns, [[row.get(each) for each in names] for row in rows])
