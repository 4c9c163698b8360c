"""Orders in real files: every way of writing them, and every way in which they are broken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from tercera.errors import SourceError
from tercera.fields import CustomerFields
from tercera.model import CUSTOMER, Counting, Match, Period, RejectReason, Survey, Tally
from tercera.orders import SAMPLES, Scope, Source
from tercera.relational.embedded import database
from tercera.relational.files.repeats import repeated
from tercera.relational.files.tables import unchanged
from tercera.sources.files import FilesSource, Settings, open_source
from tests import oracle
from tests.contract import harness_files as harness
from tests.contract.harness_files import representable
from tests.contract.order_cases import CASES, Case, cases

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
real_orders = pytest.mark.skipif(
    not SHARED.is_dir(), reason="../shared/data, with real orders, is not beside this checkout"
)
CANCELLED = Match("status", ("cancelled",))
MONTHLY = Counting((CANCELLED,), CUSTOMER, Period.MONTH, "Europe/London")
HEADER = "order_id,customer_id,status,placed_at\n"
GOOD = "o1,ana,cancelled,2023-06-01\no2,ana,cancelled,2023-06-02\n"


def opened(base: Path, path: Any, customers: dict[str, Any] | None = None, **orders: Any) -> FilesSource:
    """A source of the files of a directory."""
    settings = Settings(kind="files", orders={"path": path, **orders}, customers=customers, threads=2)
    return open_source(settings, "Europe/London", base=base)


def told(source: Source, counting: Counting = MONTHLY, **scope: Any) -> tuple[dict[Any, Tally], Survey]:
    """The tallies by (subject, window), and the survey."""
    reading = source.tally(counting, Scope(**scope))
    tallies = {(tally.subject, tally.window): tally for tally in reading}
    return tallies, reading.survey


def rejects(survey: Survey) -> dict[str, tuple[int, int]]:
    """The counts of rejects by reason."""
    return {str(reason): (count.rows, count.matching) for reason, count in survey.rejects.items()}


@real_orders
def test_real_invoices_give_the_known_alerts() -> None:
    """119 customer-months of 70 customers; the 182 cancelled invoices without a customer are rejects."""
    tallies, survey = told(opened(SHARED, "online-retail-invoices.csv", amount="amount"), at_least=3)
    assert len(tallies) == 119
    assert len({subject for subject, _ in tallies}) == 70
    assert sum(tally.matched == 3 for tally in tallies.values()) == 80
    assert tallies["14911", "2011-09"].matched == 11
    assert survey.rows == 25_900
    assert rejects(survey) == {"no_customer": (3710, 182)}


@real_orders
def test_real_invoice_lines_give_the_same_alerts() -> None:
    """Lines are counted by their invoice, and what an invoice is stands in its number alone."""
    lines = opened(
        SHARED,
        "online-retail-lines.csv.gz",
        order_id="InvoiceNo",
        customer_id="CustomerID",
        placed_at="InvoiceDate",
        derive={
            "status": {
                "from": "InvoiceNo",
                "patterns": {"cancelled": "^C", "adjusted": "^A"},
                "otherwise": "completed",
            }
        },
    )
    tallies, survey = told(lines, at_least=3)
    assert (len(tallies), len({subject for subject, _ in tallies})) == (119, 70)
    assert survey.rows == 541_909
    assert survey.rejects[RejectReason.NO_CUSTOMER].rows == 135_080
    two = told(lines, at_least=2)[0].values()
    assert sum(tally.matched == 2 for tally in two) == 356


TYPED_ROWS: list[dict[str, Any]] = [
    {"order_id": 17850.0, "customer_id": 7, "at": datetime(2023, 7, 1, 0, 30), "cost": 1.005},
    {"order_id": 17850.5, "customer_id": 7, "at": datetime(2023, 3, 26, 1, 30), "cost": 0.1},
    {"order_id": float("nan"), "customer_id": 7, "at": datetime(2023, 7, 1), "cost": 2.0},
    {"order_id": float("inf"), "customer_id": 7, "at": datetime(2023, 7, 1), "cost": 2.0},
    {"order_id": 1e20, "customer_id": None, "at": datetime(2023, 7, 1), "cost": 2.0},
    {"order_id": 3.0, "customer_id": 8, "at": None, "cost": None},
    {"order_id": 4.0, "customer_id": 8, "at": datetime(2023, 10, 29, 1, 30), "cost": float("nan")},
]


@pytest.mark.parametrize("meaning", ["local", "instant", "date", "aware"])
def test_typed_columns_mean_what_the_oracle_says(tmp_path: Path, meaning: str) -> None:
    """Numbers are ids without a decimal point, timestamps are what the settings say, or instants."""
    stamps = pa.timestamp("ns" if meaning == "local" else "ms", "Asia/Tokyo" if meaning == "aware" else None)
    columns = {
        "order_id": pa.array([row["order_id"] for row in TYPED_ROWS], pa.float64()),
        "customer_id": pa.array([row["customer_id"] for row in TYPED_ROWS], pa.int32()),
        "status": pa.array(["cancelled"] * len(TYPED_ROWS)).dictionary_encode(),
        "at": pa.array([row["at"] for row in TYPED_ROWS], stamps),
        "cost": pa.array([row["cost"] for row in TYPED_ROWS], pa.float64()),
    }
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "orders.parquet")
    zone: dict[str, Any] = {} if meaning == "aware" else {"timestamps": meaning}
    source = opened(
        tmp_path, "orders.parquet", placed_at="at", amount="cost", timezone="Europe/Madrid", **zone
    )
    fields = source._fields
    rows = [
        {
            **row,
            "status": "cancelled",
            "at": row["at"].replace(tzinfo=UTC) if meaning == "aware" and row["at"] else row["at"],
        }
        for row in TYPED_ROWS
    ]
    counting = Counting((CANCELLED,), CUSTOMER, Period.DAY, "America/Bogota")
    expected = oracle.tally(rows, fields, counting)
    tallies, survey = told(source, counting)
    assert tallies == expected.tallies
    assert rejects(survey) == {str(reason): counts for reason, counts in expected.rejects.items()}


def test_dates_and_nested_columns(tmp_path: Path) -> None:
    """A date column is a date; a dotted path leads into a struct, unless a column has that very name."""
    table = pa.table(
        {
            "order": [
                {"id": "o1", "when": {"day": date(2023, 6, 1)}},
                {"id": "o2", "when": {"day": None}},
                None,
            ],
            "buyer.id": ["ana", "ana", "ana"],
            "buyer": [{"id": "wrong"}] * 3,
            "status": ["cancelled"] * 3,
            "truth": [True] * 3,
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "orders.parquet")
    shape: dict[str, Any] = {"order_id": "order.id", "customer_id": "buyer.id", "placed_at": "order.when.day"}
    tallies, survey = told(opened(tmp_path, "orders.parquet", **shape))
    assert [tally.first_at for tally in tallies.values()] == [date(2023, 6, 1)]
    assert rejects(survey) == {"no_date": (1, 1), "no_order_id": (1, 1)}
    _, survey = told(opened(tmp_path, "orders.parquet", **{**shape, "status": "truth"}))
    assert survey.rejects[RejectReason.INVALID_STATUS].rows == 1


def test_absurd_dates_of_typed_columns_are_rejects(tmp_path: Path) -> None:
    """A year that no calendar of ours reaches is an unreadable date."""
    duckdb.execute(
        "COPY ("
        "SELECT 'o' || i AS order_id, 'ana' AS customer_id, 'cancelled' AS status, "
        "[TIMESTAMP '2023-06-01', TIMESTAMP '20000-01-01', TIMESTAMP '0044-03-15 (BC)'][i] AS placed_at "
        "FROM range(1, 4) r(i)"
        f") TO '{tmp_path}/orders.parquet'"
    )
    tallies, survey = told(opened(tmp_path, "orders.parquet"))
    assert len(tallies) == 1
    assert rejects(survey) == {"unreadable_date": (2, 2)}


def test_json_documents_mean_what_the_oracle_says(tmp_path: Path) -> None:
    """Numbers and texts may mix, paths lead into documents, and what is no document is an unreadable row."""
    values: list[Any] = [
        "o1",
        17850,
        17850.0,
        1.5,
        "17850.0",
        True,
        None,
        [1],
        {"a": 1},
        " ",
        10**25,
        "é" * 1000,
        "x" * 1001,
    ]
    rows = [
        {"order_id": value, "customer_id": "ana", "status": "cancelled", "placed_at": "2023-06-01"}
        for value in values
    ]
    nested = [
        {"o": {"a/b~c": row["order_id"]}, **{k: v for k, v in row.items() if k != "order_id"}} for row in rows
    ]
    lines = [json.dumps(row) for row in nested] + ["{broken", "[1, 2]", '"text"', ""]
    (tmp_path / "orders.jsonl").write_text("\n".join(lines), encoding="utf-8")
    source = opened(tmp_path, "orders.jsonl", order_id="o.a/b~c")
    expected = oracle.tally(rows, source._fields.model_copy(update={"order_id": "order_id"}), MONTHLY)
    tallies, survey = told(source)
    assert tallies == expected.tallies
    found = rejects(survey)
    assert found.pop("unreadable_row") == (3, 0)
    assert found == {str(reason): counts for reason, counts in expected.rejects.items()}
    assert survey.rejects[RejectReason.INVALID_ORDER_ID].samples[0]["o"] == '{"a/b~c": true}'


def test_globs_lists_and_formats(tmp_path: Path) -> None:
    """Many files are one source: columns in another order, another delimiter, packed, with a BOM."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(HEADER + GOOD)
    (tmp_path / "in" / "b.csv").write_text(
        "status;placed_at;customer_id;order_id\ncancelled;2023-06-03;ana;o3\n"
    )
    (tmp_path / "in" / "c.csv.gz").write_bytes(
        gzip.compress((HEADER + "o4,ana,cancelled,2023-06-04\n").encode())
    )
    (tmp_path / "d.csv").write_text(HEADER + "o5,ana,cancelled,2023-06-05\n", encoding="utf-8-sig")
    tallies, survey = told(opened(tmp_path, ["in/*.csv*", "d.csv", str(tmp_path / "d.csv")]))
    assert tallies["ana", "2023-06"].matched == 5
    assert (survey.rows, survey.rejects) == (5, {})
    (tmp_path / "tabs.txt").write_text((HEADER + GOOD).replace(",", "\t"))
    assert told(opened(tmp_path, "tabs.txt", format="tsv"))[1].rows == 2


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "latin-1"])
def test_other_encodings(tmp_path: Path, encoding: str) -> None:
    """Spreadsheets write what they like."""
    (tmp_path / "orders.csv").write_text(HEADER + "o1,Peña,cancelled,2023-06-01\n", encoding=encoding)
    tallies, _ = told(opened(tmp_path, "orders.csv", encoding=encoding))
    assert list(tallies) == [("Peña", "2023-06")]


@pytest.mark.parametrize(
    ("fact", "lines", "good", "unreadable"),
    [
        ("a line with too few or too many values", "o3,ana,cancelled\no4,ana,cancelled,2023-06-03,x\n", 2, 2),
        ("a quote that is never closed", 'o3,"ana,cancelled,2023-06-03\no4,ana,cancelled,2023-06-04\n', 2, 2),
        ("text after a closed quote", 'o3,"ana"x,cancelled,2023-06-03\no4,ana,cancelled,2023-06-04\n', 3, 1),
        ("another encoding", "o3,Pe\udcf1a,cancelled,2023-06-03\no4,ana,cancelled,2023-06-04\n", 3, 1),
        ("a field of ten megabytes", f"o3,{'x' * 10_000_000},cancelled,2023-06-03\n", 2, 1),
        ("empty lines", "\n\no3,ana,cancelled,2023-06-03\n\n", 3, 0),
        ("other line ends", "o3,ana,cancelled,2023-06-03\r\no4,ana,cancelled,2023-06-04\r\n", 4, 0),
        ("a quoted line end", '"o\n3",ana,cancelled,2023-06-03\n', 3, 0),
        ("null bytes", "o\x003,ana,cancelled,2023-06-03\n", 3, 0),
        ("no last line end", "o3,ana,cancelled,2023-06-03", 3, 0),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 60 else "",
)
def test_a_broken_line_is_counted_and_shown(
    tmp_path: Path, fact: str, lines: str, good: int, unreadable: int
) -> None:
    """Whatever a line is, it is an order or a reject."""
    (tmp_path / "orders.csv").write_bytes((HEADER + GOOD + lines).encode("utf-8", "surrogateescape"))
    tallies, survey = told(opened(tmp_path, "orders.csv"))
    assert sum(tally.matched for tally in tallies.values()) == good
    counts = rejects(survey)
    assert counts.pop("unreadable_row", (0, 0)) == (unreadable, 0)
    assert counts == {}
    if unreadable:
        sample = survey.rejects[RejectReason.UNREADABLE_ROW].samples[0]
        assert len(sample["line"] or "") <= 200
        assert sample["problem"]


def test_broken_lines_are_counted_once_in_a_large_file(tmp_path: Path) -> None:
    """Several threads read one file, samples read it again, and the count stays right."""
    with (tmp_path / "orders.csv").open("w") as file:
        file.write(HEADER)
        for number in range(400_000):
            broken = number % 1000 == 7
            file.write(f"o{number},c{number % 9},cancelled,2023-06-01{',x' * broken}\n")
            if number % 1000 == 8:
                file.write(f'"o{number}"x,c,cancelled,2023-06-01\no{number},,cancelled,2023-06-01\n')
    _, survey = told(opened(tmp_path, "orders.csv"))
    assert rejects(survey) == {"unreadable_row": (800, 0), "no_customer": (400, 400)}
    assert (survey.rows, survey.orders) == (400_800, 399_600)


def _truncated(path: Path) -> None:
    pyarrow.parquet.write_table(pa.table({"order_id": ["o1"] * 1000}), path)
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("missing.csv", lambda path: None, "there is no file 'missing.csv'"),
        ("empty.csv", lambda path: path.touch(), "is empty"),
        ("empty.parquet", lambda path: path.touch(), "is empty"),
        ("blank.csv", lambda path: path.write_text("\n\n"), "has no header"),
        ("short.parquet", _truncated, "can't be read"),
        ("text.parquet", lambda path: path.write_text("order_id,status\n" * 9), "can't be read"),
        ("orders.xlsx", lambda path: path.write_text("x"), "no known ending"),
        ("packed.csv.gz", lambda path: path.write_bytes(b"not packed at all"), "can't be read"),
        (
            "cut.csv.gz",
            lambda path: path.write_bytes(gzip.compress(GOOD.encode() * 999)[:40]),
            "can't be read",
        ),
        ("orders.csv", lambda path: path.write_text("order_id,customer,status,placed_at\n"), "'customer_id'"),
    ],
)
def test_a_file_that_is_no_orders_is_one_clear_error(
    tmp_path: Path, name: str, make: Callable[[Path], object], says: str
) -> None:
    """The error names the file and is one line; a check says it too, and does not fail."""
    make(tmp_path / name)
    source = opened(tmp_path, name)
    with pytest.raises(SourceError) as raised:
        told(source)
    assert says in str(raised.value)
    assert name in str(raised.value)
    assert "\n" not in str(raised.value)
    failed = [check for check in source.check([MONTHLY]) if not check.ok]
    assert [says in check.detail for check in failed] == [True]


def test_a_missing_column_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    """And with all that are there."""
    (tmp_path / "orders.csv").write_text("order_id,customer,status,placed_at\n")
    with pytest.raises(
        SourceError, match=r"'customer_id' \(did you mean 'customer'\?\).* order_id, customer, status"
    ):
        told(opened(tmp_path, "orders.csv"))


def test_a_header_alone_is_no_orders(tmp_path: Path) -> None:
    """A day without orders is no failure."""
    (tmp_path / "orders.csv").write_text(HEADER)
    assert told(opened(tmp_path, "orders.csv")) == ({}, Survey(0, 0, {}))


def test_a_pattern_that_the_engine_can_not_read_is_said(tmp_path: Path) -> None:
    """Look-ahead is Python's, not RE2's."""
    (tmp_path / "orders.csv").write_text(HEADER + GOOD)
    with pytest.raises(SourceError, match="can't be read"):
        told(opened(tmp_path, "orders.csv", valid={"customer_id": "(?=a)"}))


def test_a_check_tells_how_much_can_be_judged(tmp_path: Path) -> None:
    """What was found, and which share of it are rejects."""
    (tmp_path / "orders.csv").write_text(HEADER + GOOD + "o3,,cancelled,2023-06-01\n")
    (tmp_path / "customers.csv").write_text("id,name\nana,Ana\n")
    customers = {"path": "customers.csv", "email": None}
    checks = list(opened(tmp_path, "orders.csv", customers).check([MONTHLY]))
    assert all(check.ok for check in checks)
    assert any("1 of the first 3 can't be judged: no_customer 1" in check.detail for check in checks)
    many = "".join(f"o{number},ana,cancelled,2023-06-01\n" for number in range(4, 40))
    (tmp_path / "orders.csv").write_text(HEADER + many + "o1,,returned,2023-06-01\no2,,returned,2023-06-01\n")
    rows = {check.what: check for check in opened(tmp_path, "orders.csv").check([MONTHLY])}["rows"]
    assert rows.ok
    assert rows.remedy.endswith("where they are usual, raise rejects.max_share")
    (tmp_path / "orders.csv").write_text(HEADER + "o3,,cancelled,2023-06-01\n")
    customers = {"path": "customers.csv"}
    checks = list(opened(tmp_path, "orders.csv", customers).check([MONTHLY]))
    assert [check.what for check in checks if not check.ok] == ["rows", "customers"]
    assert all(check.remedy for check in checks if not check.ok)


def test_customers_of_many_types(tmp_path: Path) -> None:
    """A numeric id is found by its text; of two entries the first by name and address counts."""
    table = pa.table(
        {"id": [7, 7, 8], "name": ["Zoe", "Ana", None], "mail": ["z@example.com", "a@example.com", " "]}
    )
    pyarrow.parquet.write_table(table, tmp_path / "customers.parquet")
    (tmp_path / "orders.csv").write_text(HEADER)
    source = opened(tmp_path, "orders.csv", {"path": "customers.parquet", "email": "mail"})
    found = source.customers(["7", "8", "9"])
    assert {key: (each.name, each.email) for key, each in found.items()} == {
        "7": ("Ana", "a@example.com"),
        "8": (None, None),
    }


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither beside the orders nor in the directory for temporary files."""
    spare = tmp_path / "tmp"
    spare.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spare))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.csv").write_text(HEADER + GOOD, encoding="utf-16")
    told(opened(tmp_path, "orders.csv", encoding="utf-16"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["orders.csv", "tmp"]
    assert list(spare.iterdir()) == []


def test_more_orders_than_memory(tmp_path: Path) -> None:
    """What does not fit is spilled to a temporary directory."""
    settings = Settings(kind="files", orders={"path": "orders.parquet"}, memory_limit="80MB", threads=1)
    duckdb.execute(
        "COPY ("
        "SELECT 'a long order number ' || i AS order_id, 'customer number ' || i % 100 AS customer_id, "
        "'cancelled' AS status, '2023-06-01' AS placed_at FROM range(1000000) r(i)"
        f") TO '{tmp_path}/orders.parquet'"
    )
    source = open_source(settings, "UTC", base=tmp_path)
    tallies, survey = told(source, Counting((CANCELLED,), CUSTOMER, Period.MONTH, "UTC", 0))
    assert {tally.matched for tally in tallies.values()} == {10_000}
    assert survey.orders == 1_000_000


@pytest.mark.parametrize("evidence", [0, 5])
@pytest.mark.parametrize("name", ["orders.csv", "orders.parquet"])
def test_orders_of_one_hash_stay_two(tmp_path: Path, name: str, evidence: int) -> None:
    """DuckDB's hash is the same for these two ids; only the ids tell how many orders there are."""
    first, second = "64d9e93aaf0a1709e75aef63", "64d9e93baf0a1709e75aef6b"
    [hashes] = duckdb.execute("SELECT hash($1), hash($2)", [first, second]).fetchall()
    assert hashes[0] == hashes[1], "look for another pair: this test shows nothing any more"
    lines = [f"{order_id},ana,cancelled,2023-06-0{day}\n" for order_id in (first, second) for day in (1, 2)]
    (tmp_path / "orders.csv").write_text(HEADER + "".join(lines))
    duckdb.execute(f"COPY (FROM '{tmp_path}/orders.csv') TO '{tmp_path}/orders.parquet'")
    tallies, survey = told(opened(tmp_path, name), replace(MONTHLY, evidence=evidence))
    assert (tallies["ana", "2023-06"].matched, survey.orders, survey.pairs) == (2, 2, 1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fact)
def test_numbers_alone_are_those_beside_the_evidence(case: Case) -> None:
    """Parquet is read twice where only numbers are asked for, and nothing is kept: the oracle's numbers."""
    _check_numbers_alone(case)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(case=cases)
def test_numbers_alone_of_any_orders(case: Case) -> None:
    """Whatever the orders, the fields and the counting."""
    _check_numbers_alone(case)


def _check_numbers_alone(case: Case) -> None:
    counting = replace(case.counting, evidence=0)
    rows = [{name: representable(value) for name, value in row.items()} for row in case.rows]
    fields = case.fields.model_copy(update={"timezone": case.fields.timezone or case.zone})
    with harness.open_source("parquet", rows, fields, (), CustomerFields(), case.zone) as source:
        tallies, survey = told(source, counting)
    expected = oracle.tally(rows, fields, counting)
    assert tallies == expected.tallies
    assert (survey.rows, survey.orders, survey.pairs) == (expected.rows, expected.orders, expected.pairs)
    assert rejects(survey) == {str(reason): counts for reason, counts in expected.rejects.items()}


def test_files_that_change_between_two_readings_are_told(tmp_path: Path) -> None:
    """Numbers of two states of a file belong to neither."""
    file = tmp_path / "orders.parquet"
    file.write_bytes(b"before")
    with unchanged("orders", [file]):
        file.read_bytes()
    with pytest.raises(SourceError, match=r"orders\.parquet changed"), unchanged("orders", [file]):
        file.write_bytes(b"after it")


@pytest.mark.parametrize("at_once", [1_000, 7, 1])
def test_repeats_are_found_part_by_part(at_once: int) -> None:
    """The same repeats, however few numbers may be held at once; none at all is told apart."""
    with database("100MB", 1) as engine:
        engine.run("CREATE TABLE once AS SELECT hash(i) AS mark FROM range(50) r(i)")
        engine.run(
            "CREATE TABLE more AS FROM once UNION ALL FROM once WHERE mark % 3 = 0 UNION ALL FROM once"
        )
        once, more = engine.relation("once"), engine.relation("more")
        assert repeated(engine, once, 50, "none", at_once) is None
        found = repeated(engine, more, 120, "some", at_once)
        assert found is not None
        assert sorted(engine.rows(found)) == engine.rows("FROM once ORDER BY mark")


def test_amounts_of_exact_columns(tmp_path: Path) -> None:
    """Decimals and whole numbers are taken as they are."""
    table = pa.table(
        {
            "order_id": ["o1", "o2"],
            "customer_id": ["ana", "ana"],
            "status": ["cancelled"] * 2,
            "placed_at": [datetime(2023, 6, 1) + timedelta(hours=hour) for hour in range(2)],
            "exact": pa.array([Decimal("1.2345"), Decimal(-2)], pa.decimal128(30, 4)),
            "whole": [3, 4],
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "orders.parquet")
    for column, total in (("exact", Decimal("-0.7655")), ("whole", Decimal(7))):
        tallies, _ = told(opened(tmp_path, "orders.parquet", amount=column))
        assert tallies["ana", "2023-06"].amount == total


@pytest.mark.parametrize(
    "wrong",
    [{"path": []}, {"path": "x.csv", "format": "xls"}, {"path": "x.csv", "encoding": "klingon"}, {}],
    ids=["no paths", "unknown format", "unknown encoding", "no path"],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    """Before anything is read."""
    with pytest.raises(ValidationError):
        Settings(kind="files", orders=wrong)


@pytest.mark.parametrize("very_many", [0, 1_000])
def test_rules_that_share_a_reading_show_the_rejects_of_their_own_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, very_many: int
) -> None:
    """However frequent a reason is; rejects of no day are those of each rule."""
    monkeypatch.setattr("tercera.relational.files.kept._NOT_VERY_MANY", very_many)
    lines = [f"o{day},,cancelled,2023-06-{day:02d}\n" for day in range(1, 29, 3)]
    lines += ["n1,ana,returned,someday\n", ",ana,cancelled,2023-05-31\n"]
    (tmp_path / "orders.csv").write_text(HEADER + GOOD + "".join(lines), encoding="utf-8")
    monthly = Scope(date(2023, 5, 1), date(2023, 7, 1), at_least=1, totals=False)
    weekly = Scope(date(2023, 6, 5), date(2023, 6, 12), at_least=1, totals=False)
    returned = Counting((Match("status", ("returned",)),), CUSTOMER, Period.WEEK, "Europe/London")
    alone = opened(tmp_path, "orders.csv")
    asked = [(MONTHLY, monthly), (returned, weekly), (replace(MONTHLY, within=Period.WEEK), weekly)]
    with alone.sharing(asked) as shared:
        for counting, scope in asked:
            readings = [source.tally(counting, scope) for source in (shared, alone)]
            tallies = [list(reading) for reading in readings]
            ours, theirs = (reading.survey for reading in readings)
            assert tallies[0] == tallies[1]
            assert (ours.rows, rejects(ours)) == (theirs.rows, rejects(theirs))
            for reason, count in ours.rejects.items():
                assert len(count.samples) == min(count.rows, SAMPLES)
                assert all(_is_shown(sample["placed_at"], scope) for sample in count.samples), reason
    assert rejects(ours) == {"no_customer": (2, 2), "unreadable_date": (1, 0)}


def _is_shown(placed_at: str | None, scope: Scope) -> bool:
    assert scope.start
    assert scope.end
    return placed_at == "someday" or scope.start <= date.fromisoformat(placed_at or "") < scope.end
