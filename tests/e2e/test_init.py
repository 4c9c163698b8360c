"""`tercera init` with a look at the data, then `check` and `backtest`, and not one edit in between."""

from __future__ import annotations

import csv
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tercera.config import load_settings
from tests import made_up_shops as shops
from tests.e2e.process import Tercera

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
NO_MACHINE_ZONE = {"TZ": "UTC"}
COUNTED = {"returned", "cancelled"}
Documents = Database[dict[str, Any]]


def by_hand(rows: Sequence[Mapping[str, Any]], valid: str) -> dict[str, int]:
    """By month, how many customers have three or more distinct orders that came back or were cancelled."""
    orders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        day = re.fullmatch(r"(2[0-9]{3}-[0-9]{2})-[0-9]{2}", row["shipping_date"] or "")
        if day and row["shipping_status"] in COUNTED and re.search(valid, row["order_vendor_dbname"] or ""):
            orders[row["order_vendor_dbname"], day[1]].add(row["shipping_id"])
    months = [month for (_, month), ids in orders.items() if len(ids) >= 3]
    return {month: months.count(month) for month in sorted(set(months))}


@pytest.mark.mongod
def test_from_an_address_to_a_backtest(tmp_path: Path, mongo_uri: str, database: Documents) -> None:
    """The notebook's collections: what is proposed passes `check`, counts what a count by hand does, and no
    password stands in it."""
    shop = shops.notebook(3000)
    for name, rows in shop.items():
        database[name].insert_many([dict(row) for row in rows])
    database["events"].insert_many([{"at": "2026-01-01", "what": "status", "status": "ok"} for _ in range(9)])
    tercera = Tercera(tmp_path, {**NO_MACHINE_ZONE, "MONGODB_URI": "mongodb://somewhere.else"})
    answer = tercera.run("init", "--uri", mongo_uri, "--database", database.name, "--yes")
    assert "order_vendor_dbname" in answer.out
    assert "█" in answer.out

    text = (tmp_path / "tercera.yaml").read_text(encoding="utf-8")
    password = mongo_uri.split("@")[0].rpartition(":")[2]
    assert password not in text + answer.out + answer.err
    assert "${TERCERA_SOURCE_URI}" in text
    assert mongo_uri in (tmp_path / ".env").read_text()
    assert "98.0 % of 3,000 sampled values match" in text

    tercera.run("check", "--fix")
    report = tercera.json("backtest")
    expected = by_hand(shop["Orders"], r"^(\w+_\d+|[0-9a-zA-Z]{24})$")
    assert report["by_window"] == expected
    assert sum(expected.values()) > 20

    (line,) = tercera.rejected("init", "--uri", mongo_uri, "--yes", code=2)
    assert "tercera.yaml is there already; --force overwrites it" in line
    with (tmp_path / ".env").open("a") as file:
        file.write(f"DB_NAME={database.name}\n")
    tercera.run("init", "--uri", "${TERCERA_SOURCE_URI}", "--database", "${DB_NAME}", "--yes", "--force",
                "--status", "city", "--statuses", "Cali", "--no-backtest")  # fmt: skip
    settings = load_settings(tmp_path / "tercera.yaml")
    assert 'database: "${DB_NAME}"' in (tmp_path / "tercera.yaml").read_text(encoding="utf-8")
    assert settings.source.orders.status == "city"
    assert settings.rules[0].counting.when[0].values == ("Cali",)
    assert (tmp_path / ".env").read_text().count("mongodb") == 1


def test_from_files_to_a_backtest(tmp_path: Path) -> None:
    """A folder of exports by month: they are one place, the directory another; a pattern in quotes does."""
    shop = shops.notebook(2000)
    folder = tmp_path / "exports"
    folder.mkdir()
    orders = sorted(shop["Orders"], key=lambda row: str(row["shipping_date"]))
    for number in range(3):
        write(folder / f"orders-2026-{number + 1:02d}.csv", orders[number::3])
    write(folder / "clients.csv", shop["Clients"])
    tercera = Tercera(tmp_path, NO_MACHINE_ZONE)
    told = tercera.json("init", "--files", "exports")
    assert told["parts"]["customer-id"]["value"] == "order_vendor_dbname"
    assert told["unsure"] == ["timezone"]
    assert sum(each["rows"] for each in told["statuses"].values()) == told["status_rows"] == 2000
    settings = load_settings(tmp_path / "tercera.yaml")
    assert settings.source.orders.path == "exports/orders-*.csv"
    assert settings.source.customers.path == "exports/clients.csv"
    tercera.run("check")
    expected = by_hand(orders, r"^(\w+_\d+|[0-9a-zA-Z]{24})$")
    assert tercera.json("backtest")["by_window"] == expected


def test_nothing_that_looks_like_orders(tmp_path: Path) -> None:
    """It says what is missing and which option tells it, and leaves no file behind."""
    write(tmp_path / "things.csv", shops.things())
    tercera = Tercera(tmp_path, NO_MACHINE_ZONE)
    answer = tercera.run("init", "--files", "things.csv", "--yes", code=2)
    assert "orders was not found" in answer.err or "placed-at was not found" in answer.err
    assert "say it with --" in answer.err
    (line,) = tercera.rejected("init", "--files", "nothing*.csv", "--yes", code=3)
    assert "there is no CSV, TSV, Parquet or JSON lines file 'nothing*.csv'" in line
    assert [path.name for path in tmp_path.iterdir()] == ["things.csv"]


def test_no_returns_no_customers(tmp_path: Path) -> None:
    """The file says so, loads, and its backtest finds nothing rather than something made up."""
    write(tmp_path / "orders.csv", shops.without_returns()["orders"])
    tercera = Tercera(tmp_path, NO_MACHINE_ZONE)
    tercera.run("init", "--files", "orders.csv", "--yes")
    text = (tmp_path / "tercera.yaml").read_text(encoding="utf-8")
    assert "none of the 3 statuses looks like a return or a cancellation" in text
    assert "No customers: nothing looks like a directory of customers" in text
    tercera.run("check")
    assert tercera.json("backtest")["alerts"] == 0


def test_a_mail_server_in_the_environment_is_used(tmp_path: Path) -> None:
    """The notebook's own names of a mail server make mails of alerts; the address for operations is asked."""
    shop = shops.notebook(300)
    for name, rows in shop.items():
        write(tmp_path / f"{name}.csv", rows)
    (tmp_path / ".env").write_text(
        "SMTP_HOST=mail.example.com\nSMTP_PORT=465\nSMTP_USER=u\nSMTP_PASSWORD=p\nSENDER_EMAIL=a@example.com\n"
    )
    tercera = Tercera(tmp_path, NO_MACHINE_ZONE)
    files = ("--files", "Orders.csv", "--files", "Clients.csv")
    tercera.run("init", *files, "--yes", "--operations", "team@example.com", "--no-backtest")
    settings = load_settings(tmp_path / "tercera.yaml")
    assert settings.channels["operations"].recipients == ("team@example.com",)
    assert settings.channels["customer"].server.security == "tls"


def test_on_a_terminal_everything_can_be_changed(tmp_path: Path) -> None:
    """Enter accepts; a number changes a line, by number or by name; what makes no sense is said so."""
    shop = shops.spanish(400)
    write(tmp_path / "pedidos.csv", shop["pedidos"])
    with Terminal(tmp_path, "init", "--files", "pedidos.csv", "--no-backtest") as terminal:
        shown = terminal.until("changes a line")
        line = next(each for each in shown.splitlines() if "time zone" in each)
        terminal.type(line.split()[0])
        terminal.until("time zone (like Europe/Madrid)")
        terminal.type("Nowhere/Land")
        terminal.until("is no IANA time zone")
        terminal.until("changes a line")
        terminal.type(line.split()[0])
        terminal.until("time zone (like Europe/Madrid)")
        terminal.type("America/Bogota")
        shown = terminal.until("changes a line")
        line = next(each for each in shown.splitlines() if "statuses that count" in each)
        terminal.type(line.split()[0])
        terminal.until("separated by commas")
        terminal.type("DEVUELTO")
        terminal.until("changes a line")
        terminal.type("")
        terminal.until("Write tercera.yaml?")
        terminal.type("")
        assert terminal.ended() == 0
    settings = load_settings(tmp_path / "tercera.yaml")
    assert settings.timezone == "America/Bogota"
    assert settings.rules[0].counting.when[0].values == ("DEVUELTO",)


@pytest.mark.skipif(
    not SHARED.is_dir(), reason="../shared/data, with real orders, is not beside this checkout"
)
@pytest.mark.parametrize("name", ["online-retail-invoices.csv", "online-retail-lines.csv.gz"])
def test_real_orders(tmp_path: Path, name: str) -> None:
    """Invoices with a status, and lines without: both tell of the 119 alerts that are known."""
    tercera = Tercera(tmp_path, NO_MACHINE_ZONE)
    tercera.run("init", "--files", str(SHARED / name), "--yes", "--no-backtest")
    report = tercera.json("backtest")
    assert (report["alerts"], report["customers"]) == (119, 70)


def write(path: Path, rows: Any) -> None:
    """Rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


class Terminal:
    """`tercera` on a terminal of its own, at which somebody types."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._own, other = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tercera", *arguments],
            cwd=folder, stdin=other, stdout=other, stderr=other, start_new_session=True,
            env={**os.environ, **NO_MACHINE_ZONE, "TERM": "xterm", "COLUMNS": "160", "LINES": "50"},
        )  # fmt: skip
        os.close(other)
        self._unread = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        os.close(self._own)

    def until(self, words: str) -> str:
        """Reads until some words come, and gives what came up to there, without colours."""
        deadline = time.monotonic() + 60
        while words not in self._unread:
            ready, _, _ = select.select([self._own], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"no {words!r} in {self._unread!r}"
            try:
                read = os.read(self._own, 65536).decode("utf-8", "replace")
            except OSError:
                read = ""
            assert read, f"ended before {words!r}: {self._unread!r}"
            self._unread = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._unread + read)
        before, found, self._unread = self._unread.partition(words)
        return before + found

    def type(self, text: str) -> None:
        """A line."""
        os.write(self._own, f"{text}\n".encode())

    def ended(self) -> int:
        """The exit code."""
        self.until("tercera run.")
        return self._process.wait(60)
