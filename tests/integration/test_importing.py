"""Files into a real MongoDB: what arrives, what a second run adds, and what is wrong with a file."""

from __future__ import annotations

import csv
import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
from bson import Decimal128
from pydantic import SecretStr
from pymongo.database import Database

from tercera.errors import SourceError
from tercera.importing import import_file
from tercera.model import CUSTOMER, Counting, Match, Period, RejectReason
from tercera.orders import Scope
from tercera.sources.mongodb import Settings, open_source
from tests.servers.mongod import empty_database, mongod_uri

pytestmark = pytest.mark.mongod

HEADER = "order_id,customer_id,status,placed_at\n"
SHARED = Path(__file__).parents[2].parent / "shared" / "data"


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
        orders={"collection": "orders", **orders},
        customers={"collection": "customers"},
    )


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """A file of this text."""
    path.write_text(text, encoding=encoding, newline="")
    return path


def contents(database: Database[dict[str, Any]], name: str = "orders") -> list[dict[str, Any]]:
    """The documents in the order of the file, without their ids."""
    return list(database[name].find({}, {"_id": False}).sort("_id"))


def test_a_row_is_kept_as_it_stands(database: Database[dict[str, Any]], tmp_path: Path) -> None:
    """Text stays text, empty fields are left out, names with dots nest, further cells are kept."""
    path = written(
        tmp_path / "orders.csv",
        "\ufefforder_id,customer_id,status,placed_at,to.city,to.zip\r\n"
        '0007,17850.0,returned,2023-06-01,"Bogotá, D.C.",\r\n'
        '"a\n""b""",=1+1,,2023-06-31,,110111,extra\r\n'
        "\r\n"
        "short\r\n",
    )
    result = import_file(path, settings(database))
    assert (result.rows, result.inserted, result.skipped) == (3, 3, 0)
    assert contents(database) == [
        {
            "order_id": "0007",
            "customer_id": "17850.0",
            "status": "returned",
            "placed_at": "2023-06-01",
            "to": {"city": "Bogotá, D.C."},
        },
        {
            "order_id": 'a\n"b"',
            "customer_id": "=1+1",
            "placed_at": "2023-06-31",
            "to": {"zip": "110111"},
            "column_7": "extra",
        },
        {"order_id": "short"},
    ]


def test_a_second_run_adds_what_is_missing(database: Database[dict[str, Any]], tmp_path: Path) -> None:
    """Nothing twice; rows that stand twice in the file stay two; a file that grew adds its new rows."""
    rows = HEADER + "1,a,x,2023-06-01\n" * 2 + "2,a,x,2023-06-01\n"
    path = written(tmp_path / "orders.csv", rows)
    assert import_file(path, settings(database)).inserted == 3
    again = import_file(path, settings(database))
    assert (again.rows, again.inserted, again.skipped) == (3, 0, 3)
    written(path, rows + "3,a,x,2023-06-01\n")
    grown = import_file(path, settings(database), batch=2)
    assert (grown.rows, grown.inserted, grown.skipped) == (4, 1, 3)
    assert [each["order_id"] for each in contents(database)] == ["1", "1", "2", "3"]


def test_gzip_and_other_delimiters_are_read(database: Database[dict[str, Any]], tmp_path: Path) -> None:
    """As spreadsheets and exports write them."""
    with gzip.open(tmp_path / "a.csv.gz", "wt", encoding="utf-8") as file:
        file.write(HEADER.replace(",", ";") + "1;ñ;x;2023-06-01\n")
    written(tmp_path / "b.tsv", HEADER.replace(",", "\t") + "2\ta,b\tx\t2023-06-01\n")
    told: list[int] = []
    import_file(tmp_path / "a.csv.gz", settings(database), progress=told.append)
    import_file(tmp_path / "b.tsv", settings(database), progress=told.append)
    assert sorted(each["customer_id"] for each in contents(database)) == ["a,b", "ñ"]
    assert told == [1, 1]


def test_parquet_keeps_its_types(database: Database[dict[str, Any]], tmp_path: Path) -> None:
    """Decimals, days, instants and wall clocks arrive as what `timestamps` says of them."""
    noon = datetime(2023, 6, 1, 12, 0, 0, 123_456)
    table = arrow.table(
        {
            "order_id": arrow.array([1, None], arrow.int64()),
            "customer_id": arrow.array(["ana", ""]),
            "status": arrow.array(["returned", None]),
            "placed_at": arrow.array([date(2023, 6, 1), None]),
            "local": arrow.array([noon, None], arrow.timestamp("ns")),
            "instant": arrow.array([noon.replace(tzinfo=UTC), None], arrow.timestamp("us", "America/Bogota")),
            "money": arrow.array([Decimal("10.20"), None], arrow.decimal128(38, 2)),
            "big": arrow.array([2**64 - 1, None], arrow.uint64()),
            "ratio": arrow.array([0.5, float("nan")]),
            "flag": arrow.array([False, None]),
            "tags": arrow.array([["a", "b"], None]),
            "deep": arrow.array([{"day": date(2023, 6, 1)}, None]),
        }
    )
    parquet.write_table(table, tmp_path / "orders.parquet")
    assert import_file(tmp_path / "orders.parquet", settings(database)).inserted == 2
    assert import_file(tmp_path / "orders.parquet", settings(database)).inserted == 0
    assert contents(database) == [
        {
            "order_id": 1,
            "customer_id": "ana",
            "status": "returned",
            "placed_at": datetime(2023, 6, 1),
            "local": datetime(2023, 6, 1, 12, 0, 0, 123_000),
            "instant": datetime(2023, 6, 1, 12, 0, 0, 123_000),
            "money": Decimal128("10.20"),
            "big": "18446744073709551615",
            "ratio": 0.5,
            "flag": False,
            "tags": ["a", "b"],
            "deep": {"day": datetime(2023, 6, 1)},
        },
        {},
    ]


def test_another_collection_can_be_filled(database: Database[dict[str, Any]], tmp_path: Path) -> None:
    """The customers, which need nothing but their id; `limit` takes the first rows only."""
    path = written(tmp_path / "customers.csv", "id,name\nana_1,Ana\nbob_2,Bob\n")
    assert import_file(path, settings(database), collection="customers", limit=1).rows == 1
    assert contents(database, "customers") == [{"id": "ana_1", "name": "Ana"}]


def test_hostile_values_arrive(database: Database[dict[str, Any]], tmp_path: Path) -> None:
    """Null bytes, ten megabytes, operators and formulas are text like any other."""
    with (tmp_path / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order_id", "customer_id", "status", "placed_at"])
        writer.writerow(["a\0b", "$where", "{$gt: 1}", "=cmd|' /C calc'!A0"])
        writer.writerows([["x" * 10_000_000, "a", "b", "c"]] * 3)
    assert import_file(tmp_path / "orders.csv", settings(database)).inserted == 4
    first, *rest = contents(database)
    assert (first["order_id"], first["customer_id"]) == ("a\0b", "$where")
    assert [len(each["order_id"]) for each in rest] == [10_000_000] * 3


def _cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def _parquet_bytes() -> bytes:
    sink = arrow.BufferOutputStream()
    parquet.write_table(arrow.table({"order_id": ["x" * 100] * 100}), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


BAD_FILES = {
    "orders.csv": (b"", r"is empty; it needs a first line"),
    "latin.csv": (
        (HEADER + "1,Muñoz,x,2023-06-01\n").encode("cp1252"),
        r"is not UTF-8 \(byte 0xf1\); convert",
    ),
    "cut.csv.gz": (
        _cut(gzip.compress((HEADER + "1,a,x,2023-06-01\n" * 9).encode())),
        r"is cut off or no gzip",
    ),
    "plain.csv.gz": (HEADER.encode(), r"is cut off or no gzip"),
    "cut.parquet": (_cut(_parquet_bytes()), r"is no whole Parquet file .*write it again"),
    "orders.xlsx": (b"PK", r"ends in \.xlsx; only \.csv, \.csv\.gz and \.parquet"),
    "column.csv": (
        b"order_id,custmer_id,status,placed_at\n1,a,x,y\n",
        r"no column 'customer_id'.*custmer_id",
    ),
    "twice.csv": (b"order_id,order_id\n", r"the column 'order_id' twice"),
    "own.csv": (b"_id,order_id\n", r"'_id', which MongoDB keeps for itself"),
    "name.csv": (b"$order,status\n", r"'\$order' can't be the name of a MongoDB field"),
    "open.csv": (
        (HEADER + "1,a,x,2023-06-01\n" + '2,"b,x,2023-06-01\n3,c,x,2023-06-01\n').encode(),
        r"line 3: the file ends within quotes; a quote was probably never closed",
    ),
    "quote.csv": (
        (HEADER + '1,"a,x\n' + "y" * 16_000_001).encode(),
        r"line 2.*a quote was probably never closed",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_wrong_with_a_file_is_told(
    database: Database[dict[str, Any]], tmp_path: Path, name: str
) -> None:
    """In one line that names the file and what to do."""
    content, message = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message) as told:
        import_file(tmp_path / name, settings(database))
    assert name in str(told.value)
    assert "\n" not in str(told.value)


def test_a_missing_file_is_told(database: Database[dict[str, Any]], tmp_path: Path) -> None:
    """Before anything connects."""
    with pytest.raises(SourceError, match=r"nothing\.csv is no file"):
        import_file(tmp_path / "nothing.csv", settings(database))


def test_a_refused_row_is_named(database: Database[dict[str, Any]], tmp_path: Path) -> None:
    """A row that breaks the collection's own rules stops the import, saying which one and why."""
    database["orders"].create_index("order_id", unique=True)
    path = written(tmp_path / "orders.csv", HEADER + "1,a,x,2023-06-01\n" * 2)
    with pytest.raises(SourceError, match=r"row 2 was refused by .*orders: E11000 duplicate key"):
        import_file(path, settings(database))


_PROGRAM = """
import sys
from pathlib import Path
from tercera.importing import import_file
from tercera.sources.mongodb import Settings
settings = Settings.model_validate_json(sys.stdin.readline())
import_file(Path(sys.argv[1]), settings, batch=40, progress=lambda rows: (print(flush=True), input()))
"""


@pytest.mark.parametrize("batches", [1, 7, 30])
def test_a_killed_import_is_completed_by_the_next(
    database: Database[dict[str, Any]], tmp_path: Path, batches: int
) -> None:
    """After kill -9 at any batch and a second run, the collection is what one run would have made."""
    path = tmp_path / "orders.csv"
    written(path, HEADER + "".join(f"{number // 3},a,x,2023-06-01\n" for number in range(4000)))
    uri = mongod_uri()
    given = settings(database).model_dump_json().replace('"**********"', f'"{uri}"')
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(given + "\n")
        process.stdin.flush()
        for _ in range(batches):
            process.stdin.write("go on\n")
            process.stdin.flush()
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert batches * 40 <= database["orders"].count_documents({}) < 4000
    result = import_file(path, settings(database))
    assert result.rows == 4000
    import_file(path, settings(database).model_copy(), collection="whole")
    both = [list(database[name].find().sort("_id")) for name in ("orders", "whole")]
    assert both[0] == both[1]
    assert len(both[0]) == 4000


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real orders in ../shared/data")
@pytest.mark.parametrize("name", ["online-retail-invoices.csv", "online-retail-lines.csv.gz"])
def test_real_orders_give_the_known_truth(database: Database[dict[str, Any]], name: str) -> None:
    """119 alerts of 70 customers, from invoices and from their lines; what has no customer is a reject."""
    lines = {
        "order_id": "InvoiceNo",
        "customer_id": "CustomerID",
        "placed_at": "InvoiceDate",
        "fields": {"invoice": "InvoiceNo"},
        "derive": {
            "status": {
                "from": "InvoiceNo",
                "patterns": {"cancelled": "^C", "adjusted": "^A"},
                "otherwise": "completed",
            }
        },
    }
    fields = lines if "lines" in name else {}
    there = settings(database, timezone="Europe/London", **fields)
    rows = import_file(SHARED / name, there).rows
    cancelled = Counting((Match("status", ("cancelled",)),), CUSTOMER, Period.MONTH, "Europe/London")
    with closing(open_source(there, "Europe/London")) as source:
        reading = source.tally(cancelled, Scope(at_least=3))
        found = list(reading)
    assert (len(found), len({tally.subject for tally in found})) == (119, 70)
    assert sum(tally.matched == 3 for tally in found) == 80
    largest = max(found, key=lambda tally: tally.matched)
    assert (largest.subject.split(".")[0], largest.window, largest.matched) == ("14911", "2011-09", 11)
    assert reading.survey.rows == rows == (541_909 if fields else 25_900)
    missing = reading.survey.rejects[RejectReason.NO_CUSTOMER]
    assert missing.rows == (135_080 if fields else 3_710)
    if not fields:
        assert missing.matching == 182
