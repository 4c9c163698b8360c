"""Looks at real places, also at hostile ones: bounded, read only, and of every stored type."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bson import Decimal128, Int64, ObjectId, Regex
from pymongo.database import Database

from tercera.errors import SourceError
from tercera.profile import Part, Proposal, Sample, Wishes, propose
from tercera.profile.values import Kind
from tercera.sampling import Address, Bounds, Sampler
from tercera.sampling.opening import filled, open_files, open_server
from tercera.simulate import is_valid_id, simulate_orders
from tests.servers.mongod import empty_database, mongod_uri

HOSTILE = {
    "_id": "x", "a.b": 1, "$where": 2, "": 3, "quo\"te's": "v", "new\nline": "v", "\x1b[31mred": "v",
    "[bold]markup[/bold]": "<b>", "in${side}": "v", "nested": {"deep": {"er": {"and": {"deeper": {"x": 1}}}}},
    "list": [1, 2], "picture": b"\x00" * 1000, "regex": Regex("a"), "money": Decimal128("NaN"),
    "far": datetime(9999, 12, 31, tzinfo=UTC),
}  # fmt: skip

Documents = Database[dict[str, Any]]


@pytest.fixture
def database() -> Iterator[Documents]:
    """An empty one."""
    with empty_database() as database:
        yield database


@contextmanager
def mongo(database: Documents, **bounds: Any) -> Iterator[Sampler]:
    """A look at a database."""
    address = Address(mongod_uri(), "${URI}")
    with closing(open_server(address, database.name, Path(), frozenset(), Bounds(**bounds))) as sampler:
        yield sampler


def looked(sampler: Sampler) -> dict[str, Sample]:
    """Every sample by its name."""
    return {sample.name: sample for sample in sampler.samples(lambda name: None)}


def proposed(sampler: Sampler, **said: str) -> Proposal:
    """What is proposed after a look."""
    wishes = Wishes({Part(name.replace("_", "-")): value for name, value in said.items()})
    return propose(list(looked(sampler).values()), wishes, sampler, "UTC")


@pytest.mark.mongod
def test_types_and_hostile_names_in_mongodb(database: Documents) -> None:
    """Fields that no path can name are left out, whatever else stands there is told by its kind, and ten
    megabytes in a field are no text."""
    database["strange"].insert_many([HOSTILE, {"_id": "y", "text": "x" * 10_000_000}])
    with mongo(database) as sampler:
        columns = looked(sampler)["strange"].columns
        assert proposed(sampler).missing
    assert not {"a.b", "$where", "", "nested.deep.er.and"} & columns.keys()
    assert {"quo\"te's", "new\nline", "in${side}"} < columns.keys()
    kinds = [columns[path].main_kind for path in ("list", "picture", "regex", "money")]
    assert kinds == [Kind.OTHER, Kind.OTHER, Kind.OTHER, None]
    assert columns["far"].moments == (datetime(9999, 12, 31, tzinfo=UTC),)
    assert columns["text"].texts == {}


@pytest.mark.mongod
def test_how_ids_meet_in_mongodb(database: Documents) -> None:
    """Text here and ObjectId there, looked up in more customers than were sampled."""
    owners = [ObjectId() for _ in range(2000)]
    database["kunden"].insert_many([{"_id": each, "email": f"{each}@example.com"} for each in owners])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    database["orders"].insert_many(
        {
            "orderNumber": Int64(number),
            "buyer": {"ref": str(owners[number % 400])},
            "state": ["done", "Returned"][number % 5 == 0],
            "when": {"created": start + timedelta(hours=number)},
        }
        for number in range(1000)
    )
    with mongo(database, rows=500) as sampler:
        found = proposed(sampler)
    assert [found[part].value for part in (Part.ORDERS, Part.ORDER_ID, Part.CUSTOMER_ID, Part.PLACED_AT)] == [
        "orders", "orderNumber", "buyer.ref", "when.created"
    ]  # fmt: skip
    assert (found[Part.CUSTOMERS].value, found[Part.KEY].value) == ("kunden", "_id")
    assert "100 % of" in found[Part.KEY].evidence
    assert "text in orders, ObjectId there" in found[Part.KEY].evidence
    assert "sampled at random" in found[Part.ORDERS].evidence
    assert (found.status_rows, found.status_exact, found.counted) == (1000, True, ("Returned",))


@pytest.mark.mongod
def test_a_look_at_mongodb_is_bounded(database: Documents) -> None:
    """It stops at so many bytes; what a question can't tell in time is not told."""
    database["wide"].insert_many([{"n": number, "pad": "x" * 100_000} for number in range(100)])
    with mongo(database, bytes=1_000_000) as sampler:
        assert looked(sampler)["wide"].rows < 30
    database["wide"].insert_many([{"n": number} for number in range(50_000)])
    database["orders"].insert_one({"n": 1})
    with mongo(database, seconds=0) as sampler:
        assert list(looked(sampler)) == ["orders"]
        assert "no time was left to look at 1 collections" in sampler.origin().remarks
    with mongo(database, question=0.002) as sampler:
        looked(sampler)
        assert sampler.found("wide", "n", [str(number) for number in range(0, 50_000, 100)]) is None


@pytest.mark.mongod
def test_a_server_that_is_not_there() -> None:
    """The error names the address and never the password; a variable that is not set is named."""
    address = Address("mongodb://u:pass-w0rd@127.0.0.1:1/x", "${URI}")
    with (
        closing(open_server(address, None, Path(), frozenset(), Bounds(reach=0.2))) as sampler,
        pytest.raises(SourceError, match=r"127\.0\.0\.1:1") as failure,
    ):
        sampler.samples(lambda name: None)
    assert "pass-w0rd" not in str(failure.value)
    with pytest.raises(SourceError, match="the environment variable NOT_SET is not set"):
        filled("${NOT_SET}", {})
    with pytest.raises(SourceError, match="no engine that is known"):
        open_server(Address("gopher://x", "x"), None, Path(), frozenset(), Bounds())


def test_files_of_every_format(tmp_path: Path) -> None:
    """CSV in another encoding and compressed, Parquet with stored times, nested JSON lines: by group."""
    rows = [{"pedido": str(n), "cliente": f"Ñ{n % 9}", "estado": ["entregado", "devolución"][n % 4 == 0],
             "fecha": f"{1 + n % 28:02d}/03/2026"} for n in range(200)]  # fmt: skip
    text = "pedido;cliente;estado;fecha\n" + "".join(";".join(row.values()) + "\n" for row in rows)
    for month in ("01", "02"):
        (tmp_path / f"pedidos_{month}.csv").write_bytes(text.encode("cp1252"))
    with gzip.open(tmp_path / "compras-2026-02.csv.gz", "wb") as file:
        file.write(text.encode("cp1252"))
    times = [datetime(2026, 1, 1) + timedelta(hours=n) for n in range(50)]
    pq.write_table(pa.table({"id": list(range(50)), "at": times, "raw": [b"x"] * 50}), tmp_path / "p.parquet")
    lines = [json.dumps({"id": n, "who": {"mail": f"a{n}@example.com"}, "a.b": 1}) for n in range(20)]
    (tmp_path / "people.jsonl").write_text("\n".join([*lines, "no json"]))
    sampler = open_files([str(tmp_path)], tmp_path, frozenset(), Bounds())
    samples = looked(sampler)
    assert set(samples) == {"pedidos_*.csv", "compras-2026-02.csv.gz", "p.parquet", "people.jsonl"}
    places = sampler.origin().places
    assert places["pedidos_*.csv"] == {"path": "pedidos_*.csv", "encoding": "cp1252"}
    assert samples["p.parquet"].columns["at"].main_kind is Kind.CLOCK
    assert samples["p.parquet"].columns["raw"].main_kind is Kind.OTHER
    assert set(samples["people.jsonl"].columns) == {"id", "who.mail"}
    found = proposed(sampler, orders="pedidos_*.csv")
    assert found.counted == ("devolución",)
    assert found.status_exact
    assert found.formats is not None
    assert found.formats.texts == ("%d/%m/%Y",)


def test_a_look_at_files_is_bounded(tmp_path: Path) -> None:
    """Of many large files the beginnings of a few are read; a file that can't be read is told of."""
    for number in range(20):
        lines = "".join(f"{number}-{n},{n % 50},{'x' * 100}\n" for n in range(3000))
        (tmp_path / f"orders-{number}.csv").write_text("order_id,customer_id,pad\n" + lines)
    (tmp_path / "empty.csv").touch()
    (tmp_path / "cut.parquet").write_bytes(b"PAR1nothing")
    sampler = open_files([str(tmp_path)], tmp_path, frozenset(), Bounds(rows=1000))
    (sample,) = looked(sampler).values()
    assert (sample.name, sample.rows, sample.total) == ("orders-*.csv", 1001, None)
    assert "of 20 files" in sample.how
    remarks = " ".join(sampler.origin().remarks)
    assert "empty.csv is empty" in remarks
    assert "cut.parquet can't be read" in remarks


@pytest.mark.mongod
@pytest.mark.parametrize("place", ["collections", "files"])
def test_the_simulated_shop(tmp_path: Path, database: Documents, place: str) -> None:
    """Everything is found, and the pattern for ids takes just those that the simulation calls valid."""
    path = tmp_path / "orders.csv"
    simulate_orders(path, orders=3000, seed=11, start=date(2026, 1, 1), months=6)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    ids = {row["order_vendor_dbname"] for row in rows if row["order_vendor_dbname"].strip()}
    entries = [{"identificationNumber": each, "name": "N", "email": "n@example.com"}
               for each in sorted(ids) if is_valid_id(each)]  # fmt: skip
    if place == "files":
        with (tmp_path / "clients.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(entries[0]))
            writer.writeheader()
            writer.writerows(entries)
        with closing(open_files([str(tmp_path)], tmp_path, frozenset(), Bounds())) as sampler:
            found = proposed(sampler)
    else:
        database["Orders"].insert_many([dict(row) for row in rows])
        database["Clients"].insert_many(entries)
        with mongo(database) as sampler:
            found = proposed(sampler)
    parts = (Part.ORDER_ID, Part.CUSTOMER_ID, Part.STATUS, Part.PLACED_AT, Part.AMOUNT, Part.KEY, Part.EMAIL)
    assert [found[part].value for part in parts] == [
        "shipping_id", "order_vendor_dbname", "shipping_status", "shipping_date", "amount",
        "identificationNumber", "email",
    ]  # fmt: skip
    assert set(found.counted) == {"returned", "cancelled"}
    assert found.formats is not None
    assert found.formats.texts == ("%Y-%m-%d",)
    assert found.formats.read < found.formats.rows
    pattern = found[Part.VALID].value
    assert {each for each in ids if re.search(pattern, each)} == {each for each in ids if is_valid_id(each)}
    assert (found.status_rows, found.status_exact) == (len(rows), True)
