"""Simulated shops: the shape of the orders, the addresses of the customers, and that a seed is a promise."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from tercera.errors import ConfigError, SourceError
from tercera.simulate import (
    Recipe,
    SimulatedOrders,
    fill_file,
    is_valid_id,
    orders,
    simulate_customers,
    simulate_orders,
)

SEED = 20_230_601
SIZE = 60_000
COLUMNS = [
    "shipping_id",
    "order_vendor_dbname",
    "shipping_date",
    "shipping_status",
    "amount",
    "city",
    "carrier",
]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> SimulatedOrders:
    """Half a year of a shop."""
    out = tmp_path_factory.mktemp("simulated") / "orders.parquet"
    return simulate_orders(out, orders=SIZE, seed=SEED, months=6)


def ask(path: Path, question: str) -> list[tuple[Any, ...]]:
    """A query over the file, which goes by the name of orders."""
    with duckdb.connect() as engine:
        reader = "read_parquet(?)" if path.suffix == ".parquet" else "read_csv(?, all_varchar = true)"
        return engine.execute(f"WITH orders AS (FROM {reader}) {question}", [str(path)]).fetchall()


def share(path: Path, condition: str) -> float:
    """The share of rows for which a condition holds."""
    return float(ask(path, f"SELECT avg(CASE WHEN {condition} THEN 1.0 ELSE 0.0 END) FROM orders")[0][0])


class TestOrders:
    def test_the_same_seed_gives_the_same_bytes(self, tmp_path: Path) -> None:
        """A file depends on the seed, the size and the span alone."""
        for name in ("a.csv", "b.csv"):
            simulate_orders(tmp_path / name, orders=3_000, seed=SEED)
        assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()

    def test_another_seed_gives_other_orders(self, tmp_path: Path) -> None:
        """Two seeds share no order and hardly a vendor."""
        for seed in (1, 2):
            simulate_orders(tmp_path / f"{seed}.csv", orders=1_000, seed=seed)
        one, other = ({row[0] for row in rows_of(tmp_path / f"{seed}.csv")} for seed in (1, 2))
        assert not one & other - {""}

    def test_csv_and_parquet_hold_the_same(self, tmp_path: Path) -> None:
        """The ending decides how a value is written, not which."""
        for ending in ("csv", "parquet"):
            simulate_orders(tmp_path / f"orders.{ending}", orders=2_000, seed=SEED)
        everything = "SELECT COLUMNS(*)::varchar FROM orders ORDER BY ALL"
        assert ask(tmp_path / "orders.csv", everything) == ask(tmp_path / "orders.parquet", everything)

    def test_orders_are_drawn_chunk_by_chunk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Memory is bounded by a chunk: a file of many has one row group each, and no order twice."""
        monkeypatch.setattr(orders, "CHUNK", 500)
        told: list[int] = []
        out = tmp_path / "orders.parquet"
        made = simulate_orders(out, orders=1_700, seed=SEED, progress=told.append)
        assert told == [500, 1_000, 1_500, 1_700]
        assert parquet.read_metadata(out).num_row_groups == 4
        ids = [row[0] for row in ask(out, "SELECT DISTINCT shipping_id FROM orders WHERE shipping_id <> ''")]
        numbers = {int(each[-6:], 16) for each in ids}
        assert numbers <= set(range(1_700))
        assert len(numbers) == len(ids) > 1_690
        assert ask(out, "SELECT count(*) FROM orders") == [(made.rows,)]

    def test_columns_are_those_of_a_marketplace(self, simulated: SimulatedOrders) -> None:
        """Its order, its vendor, its date and its status, then what else an export holds."""
        assert parquet.read_schema(simulated.path).names == COLUMNS

    def test_the_summary_counts_what_is_in_the_file(self, simulated: SimulatedOrders) -> None:
        """Rows and vendors as written; orders as asked for."""
        found = ask(
            simulated.path,
            "SELECT count(*), count(DISTINCT order_vendor_dbname) FILTER (trim(order_vendor_dbname) <> '') "
            "FROM orders",
        )
        assert found == [(simulated.rows, simulated.customers)]
        assert simulated.orders == SIZE

    def test_over_a_quarter_of_the_orders_come_back(self, simulated: SimulatedOrders) -> None:
        """Returned and cancelled orders are 28 % of all."""
        assert simulated.matching / SIZE == pytest.approx(0.28, abs=0.01)
        assert share(simulated.path, "shipping_status IN ('returned', 'cancelled')") == pytest.approx(
            0.28, abs=0.01
        )

    def test_most_vendor_ids_are_valid(self, simulated: SimulatedOrders) -> None:
        """Names with numbers, 24 hex digits, and a little junk of each kind."""
        vendors = [row[0] for row in ask(simulated.path, "SELECT DISTINCT order_vendor_dbname FROM orders")]
        texts = [each for each in vendors if each and each.strip()]
        valid = [each for each in texts if is_valid_id(each)]
        assert 0.95 < len(valid) / len(texts) < 1
        assert 0.1 < sum(len(each) == 24 and "_" not in each for each in valid) / len(valid) < 0.3

    def test_few_vendors_sell_most(self, simulated: SimulatedOrders) -> None:
        """The biggest twentieth has over a third of the orders."""
        volumes = [
            row[0]
            for row in ask(
                simulated.path, "SELECT count(*) n FROM orders GROUP BY order_vendor_dbname ORDER BY n DESC"
            )
        ]
        assert sum(volumes[: len(volumes) // 20]) > sum(volumes) / 3

    def test_vendors_differ_in_how_much_comes_back(self, simulated: SimulatedOrders) -> None:
        """Among those that sell enough to tell, some see a tenth come back and some a half."""
        shares = [
            float(row[0])
            for row in ask(
                simulated.path,
                "SELECT avg((shipping_status IN ('returned', 'cancelled'))::int) s FROM orders "
                "GROUP BY order_vendor_dbname HAVING count(*) > 100 ORDER BY s",
            )
        ]
        assert shares[0] < 0.12
        assert shares[-1] > 0.5

    def test_half_a_percent_of_the_dates_are_corrupt(self, simulated: SimulatedOrders) -> None:
        """All others are days of the span."""
        corrupt = share(simulated.path, r"NOT coalesce(shipping_date ~ '2023-0[1-6]-\d\d', false)")
        assert corrupt == pytest.approx(0.004, abs=0.002)  # 2023-02-30 looks like one of the span
        kinds = ask(
            simulated.path,
            r"SELECT DISTINCT shipping_date FROM orders WHERE NOT shipping_date ~ '2023-0[1-6]-\d\d'",
        )
        assert {kind for (kind,) in kinds} == {
            "0000-00-00",
            "2023-13-45",
            "next tuesday",
            "31/02/2023",
            "",
            "   ",
        }

    def test_every_day_has_orders(self, simulated: SimulatedOrders) -> None:
        """181 days from January to June, and the thirtieth of February."""
        days = r"SELECT count(DISTINCT shipping_date) FROM orders WHERE shipping_date ~ '2023-0[1-6]-\d\d'"
        assert ask(simulated.path, days) == [(181 + 1,)]

    @pytest.mark.parametrize(
        "column", ["shipping_id", "order_vendor_dbname", "shipping_status", "amount", "city"]
    )
    def test_fields_are_empty_now_and_then(self, simulated: SimulatedOrders, column: str) -> None:
        """No column is always filled in but the carrier."""
        assert 0 < share(simulated.path, f"{column} IS NULL") < 0.02

    def test_an_order_can_stand_on_many_lines(self, simulated: SimulatedOrders) -> None:
        """Up to 16, for under a hundredth of the orders."""
        lines = [
            row[0]
            for row in ask(
                simulated.path,
                "SELECT count(*) FROM orders WHERE shipping_id IS NOT NULL GROUP BY shipping_id",
            )
        ]
        assert 6 < max(lines) <= 16
        assert 0.003 < sum(each > 1 for each in lines) / len(lines) < 0.01

    def test_a_span_can_begin_within_a_month(self, tmp_path: Path) -> None:
        """Two months from the tenth end before the tenth."""
        out = tmp_path / "orders.parquet"
        simulate_orders(out, orders=5_000, seed=SEED, start=date(2024, 1, 10), months=2)
        good = r"FROM orders WHERE shipping_date ~ '2024-\d\d-\d\d'"
        assert ask(out, f"SELECT min(shipping_date), max(shipping_date) {good}") == [
            ("2024-01-10", "2024-03-09")
        ]

    def test_one_order_can_be_asked_for(self, tmp_path: Path) -> None:
        """The smallest shop."""
        assert simulate_orders(tmp_path / "one.csv", orders=1, seed=SEED).orders == 1

    @pytest.mark.parametrize(
        ("name", "size", "months", "words"),
        [
            ("orders.xlsx", 10, 12, "one of these endings"),
            ("orders.csv", 0, 12, "ask for at least 1"),
            ("orders.csv", 10, 0, "at least 1 month"),
            ("none/orders.csv", 10, 12, "create it first"),
        ],
    )
    def test_nonsense_is_refused(self, tmp_path: Path, name: str, size: int, months: int, words: str) -> None:
        """The message says what to ask for instead, and nothing is written."""
        with pytest.raises(ConfigError, match=words):
            simulate_orders(tmp_path / name, orders=size, seed=SEED, months=months)
        assert not list(tmp_path.iterdir())


class TestCustomers:
    def test_a_customer_depends_on_id_and_seed_alone(self) -> None:
        """Neither the order of the ids nor what else is asked for changes one."""
        ids = [f"shop_{number}" for number in range(50)]
        forward = list(simulate_customers(ids, seed=SEED))
        assert list(simulate_customers(reversed(ids), seed=SEED)) == forward[::-1]
        assert list(simulate_customers(ids[7:8], seed=SEED)) == forward[7:8]
        assert list(simulate_customers(ids, seed=SEED + 1)) != forward

    def test_addresses_are_unique_and_nobodys(self) -> None:
        """Also for ids that differ only in case, are long, or are no address at all."""
        ids = ["Shop_1", "shop_1", "SHOP_1", "_1", "_" * 3 + "9", "x" * 90 + "_1", "x" * 91 + "_1"]
        ids += ["6465208fbc1391265257ed5d", "6465208FBC1391265257ED5D", "a b@c", "ñ_1", "", "a\r\nBcc: x"]
        addresses = [each["email"] for each in simulate_customers(ids, seed=SEED)]
        assert len({address.lower() for address in addresses}) == len(ids)
        for address in addresses:
            local, domain = address.split("@")
            assert domain == "example.com"
            assert 0 < len(local) <= 64
            assert local.replace("_", "").replace("-", "").isalnum()
            assert local.isascii()

    def test_languages_come_in_the_mix_that_is_asked_for(self) -> None:
        """Shares need not add up to one."""
        ids = [f"shop_{number}" for number in range(3_000)]
        mix = {"es": 2, "en": 1, "pt": 1}
        spoken = [each["language"] for each in simulate_customers(ids, seed=SEED, language_mix=mix)]
        assert spoken.count("es") / len(ids) == pytest.approx(0.5, abs=0.03)
        assert spoken.count("pt") / len(ids) == pytest.approx(0.25, abs=0.03)

    def test_everybody_has_a_name(self) -> None:
        """A given name and one or two family names."""
        made = list(simulate_customers([f"shop_{number}" for number in range(500)], seed=SEED))
        assert all(len(each["name"].split()) >= 2 for each in made)
        assert len({each["name"] for each in made}) > 450

    def test_some_can_be_without_address(self) -> None:
        """As many as asked for; nobody by default."""
        ids = [f"shop_{number}" for number in range(2_000)]
        assert all("email" in each for each in simulate_customers(ids, seed=SEED))
        mute = sum("email" not in each for each in simulate_customers(ids, seed=SEED, without_email=0.1))
        assert mute == pytest.approx(200, abs=40)

    @pytest.mark.parametrize("mix", [{"tlh": 1.0}, {}, {"es": -1.0, "en": 2.0}])
    def test_a_mix_without_meaning_is_refused(self, mix: dict[str, float]) -> None:
        """Unknown languages, no shares, negative shares."""
        with pytest.raises(ConfigError):
            list(simulate_customers(["shop_1"], seed=SEED, language_mix=mix))

    @pytest.mark.parametrize(
        ("text", "valid"),
        [
            ("bigcolors_1381618804", True),
            ("6465208fbc1391265257ed5d", True),
            ("fulanitoperensejoluisantoniodelbarrioconarepi", False),
            ("6465208fbc1391265257ed5", False),
            ("niño_1381618804", False),
            ("bigcolors_1381618804\n", False),
            ("a@example.com", False),
            ("", False),
        ],
    )
    def test_valid_ids(self, text: str, valid: bool) -> None:
        """A name with a number, or 24 letters and digits; nothing before and nothing after."""
        assert is_valid_id(text) is valid


class TestFile:
    @pytest.mark.parametrize("ending", ["csv", "parquet"])
    def test_valid_ids_without_an_entry_get_one(
        self, tmp_path: Path, simulated: SimulatedOrders, ending: str
    ) -> None:
        """Each valid vendor of the orders once, and junk never."""
        out = tmp_path / f"customers.{ending}"
        filled = fill_file(simulated.path, out, Recipe(SEED))
        ids = [row[0] for row in ask(out, "SELECT identificationNumber FROM orders")]
        assert filled.created == filled.ids == len(ids) == len(set(ids)) > 500
        assert all(map(is_valid_id, ids))

    @pytest.mark.parametrize("ending", ["csv", "parquet"])
    def test_entries_stay_as_they_are(self, tmp_path: Path, simulated: SimulatedOrders, ending: str) -> None:
        """What stands in the file is kept, with columns of its own; a second filling adds nothing."""
        known = ask(
            simulated.path,
            r"SELECT min(order_vendor_dbname) FROM orders WHERE order_vendor_dbname ~ '^\w+_\d+$'",
        )[0][0]
        out = tmp_path / f"customers.{ending}"
        mine = {"tier": "gold", "identificationNumber": known, "name": "Ana", "email": "ana@example.com"}
        if ending == "csv":
            out.write_text(",".join(mine) + "\n" + ",".join(mine.values()), encoding="utf-8")
        else:
            parquet.write_table(pa.Table.from_pylist([mine]), out)
        first = fill_file(simulated.path, out, Recipe(SEED))
        again = fill_file(simulated.path, out, Recipe(SEED + 1))
        assert (first.created, again.created) == (first.ids - 1, 0)
        kept = ask(out, f"SELECT tier, name, email FROM orders WHERE identificationNumber = '{known}'")
        assert kept == [("gold", "Ana", "ana@example.com")]
        assert ask(out, "SELECT count(*) FROM orders") == [(first.ids,)]

    def test_a_missing_column_is_named(self, tmp_path: Path, simulated: SimulatedOrders) -> None:
        """The message lists what there is."""
        with pytest.raises(SourceError, match=r"no column 'seller'.*order_vendor_dbname"):
            fill_file(simulated.path, tmp_path / "customers.csv", Recipe(SEED), customer_id="seller")

    def test_a_file_that_is_none_is_named(self, tmp_path: Path) -> None:
        """Not Parquet at all."""
        broken = tmp_path / "orders.parquet"
        broken.write_bytes(b"PAR1 no")
        with pytest.raises(SourceError, match=r"orders\.parquet can't be read"):
            fill_file(broken, tmp_path / "customers.csv", Recipe(SEED))


def rows_of(path: Path) -> list[list[str]]:
    """The lines of a CSV file below its header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]
