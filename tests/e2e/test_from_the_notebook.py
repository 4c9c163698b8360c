"""The how-to "From the notebook to Tercera" is executed as it is written, against a real MongoDB and a real
mail server, and compared with the notebook's own aggregation."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.e2e.process import Tercera
from tests.e2e.shop import ZONE, Month, this_month
from tests.servers.smtp import PASSWORD, USERNAME, SmtpServer

pytestmark = pytest.mark.mongod

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "from-the-notebook.md"
OPERATIONS = "ops@example.com"
REPEATED = "repetido_1381618804"

Documents = Database[dict[str, Any]]
Pairs = dict[tuple[str, str], int]


def blocks(language: str) -> list[str]:
    """The fenced blocks of the page in a language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def notebook(database: Documents) -> Pairs:
    """The notebook's aggregation: valid ids and dates, cancelled or returned, by customer, year and month,
    three or more. Corrected where it counted rows: a shipping id counts once, and a date has to exist."""
    found = database["Orders"].aggregate(
        [
            {
                "$match": {
                    "shipping_status": {"$in": ["cancelled", "returned"]},
                    "order_vendor_dbname": {"$regex": r"^(\w+_\d+|[0-9A-Za-z]{24})$"},
                    "shipping_date": {"$regex": r"^(19|20)\d{2}-\d{2}-\d{2}$"},
                    "shipping_id": {"$regex": r"\S"},
                }
            },
            {
                "$addFields": {
                    "date": {
                        "$dateFromString": {
                            "dateString": "$shipping_date", "format": "%Y-%m-%d", "onError": None
                        }
                    }
                }
            },
            {"$match": {"date": {"$ne": None}}},
            {
                "$group": {
                    "_id": {
                        "customer": "$order_vendor_dbname",
                        "month": {"$dateToString": {"date": "$date", "format": "%Y-%m"}},
                    },
                    "orders": {"$addToSet": "$shipping_id"},
                }
            },
            {"$project": {"total": {"$size": "$orders"}}},
            {"$match": {"total": {"$gte": 3}}},
        ]
    )  # fmt: skip
    return {(one["_id"]["customer"], one["_id"]["month"]): one["total"] for one in found}


@pytest.fixture
def tercera(tmp_path: Path, mongo_uri: str, database: Documents, mail_server: SmtpServer) -> Tercera:
    """The notebook's .env and the page's tercera.yaml, both as they are."""
    folder = tmp_path / "shop"
    prepare(folder, mongo_uri, database, mail_server)
    return Tercera(folder, {"SSL_CERT_FILE": str(mail_server.ca_file)})


def prepare(folder: Path, mongo_uri: str, database: Documents, server: SmtpServer) -> None:
    """A folder with both files."""
    folder.mkdir()
    values = {
        "ATLAS_URI": mongo_uri,
        "DB_NAME": database.name,
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(server.port),
        "SMTP_USER": USERNAME,
        "SMTP_PASSWORD": PASSWORD,
        "SENDER_EMAIL": "alerts@example.com",
    }
    (names,) = blocks("ini")
    assert [line.partition("=")[0] for line in names.splitlines()] == list(values)
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    (configuration,) = blocks("yaml")
    (folder / "tercera.yaml").write_text(configuration, encoding="utf-8")


def commands() -> list[list[str]]:
    """What the page tells to type, in order."""
    return [line.split()[1:] for block in blocks("bash") for line in block.splitlines() if line]


def alerts(tercera: Tercera) -> Pairs:
    """Every pair that has an alert, with its count."""
    found = tercera.json("alerts", "--limit", "100000")["alerts"]
    return {(one["customer"], one["window"]): one["matched"] for one in found}


def test_moving_over(
    tmp_path: Path, mongo_uri: str, database: Documents, tercera: Tercera, mail_server: SmtpServer
) -> None:
    """Import, customers, check, backtest, run: the pairs are the notebook's, the months that are over are
    silent, everybody of this month is told once; with --notify-history everybody of all months is."""
    month = this_month(ZONE)
    first = month.before.before.before.before
    assert commands() == [
        ["import", "orders.csv"],
        ["simulate", "customers"],
        ["check", "--fix"],
        ["backtest"],
        ["run", "--once"],
        ["run"],
        ["run", "--once", "--notify-history"],
    ]
    period = ["--start", first.day(1), "--months", "5"]
    made = tercera.json("simulate", "orders", "orders.csv", "--orders", "6000", "--seed", "3", *period)
    imported = tercera.json("import", "orders.csv")
    assert imported["inserted"] == made["rows"]
    assert tercera.json("import", "orders.csv")["inserted"] == 0
    add_what_the_notebook_knew(database, month)
    tercera.run("simulate", "customers")
    tercera.run("check", "--fix")

    expected = notebook(database)
    told = {pair: total for pair, total in expected.items() if pair[1] == month.id}
    assert len(told) > 10
    assert len(expected) > 3 * len(told)
    assert (REPEATED, month.id) not in expected
    backtest = tercera.json("backtest")
    assert backtest["alerts"] == len(expected)
    assert backtest["customers"] == len({customer for customer, _ in expected})
    assert backtest["by_window"] == Counter(window for _, window in expected)
    assert backtest["rejects"]["invalid_customer_id"]["rows"] >= 3
    assert backtest["rejects"]["unreadable_date"]["rows"] > 0
    assert mail_server.accepted == []

    tercera.run("run", "--once")
    assert alerts(tercera) == expected
    assert recipients(mail_server) == addresses(database, told) + Counter({OPERATIONS: 1})
    with tercera.started("run") as daemon:
        assert not {"opened", "escalated", "retracted"} & daemon.event("swept").keys()
        daemon.process.terminate()
        assert daemon.ended() == 0
    assert mail_server.accepted == []

    prepare(tmp_path / "history", mongo_uri, database, mail_server)
    history = Tercera(tmp_path / "history", tercera.environment)
    history.run("run", "--once", "--notify-history")
    assert alerts(history) == expected
    # One mail for each customer, however many months it is about; each month is a notice in it.
    customers = set(addresses(database, expected))
    assert recipients(mail_server) == Counter({*customers, OPERATIONS})
    sent = history.json("deliveries", "--state", "sent", "--limit", "100000")["deliveries"]
    said = Counter((one["subject"], one["window"]) for one in sent if one["recipient"] in customers)
    assert said == Counter(expected.keys())


def add_what_the_notebook_knew(database: Documents, month: Month) -> None:
    """One order on sixteen rows, and an id that is none."""
    row = {"shipping_date": month.day(3), "shipping_status": "returned"}
    database["Orders"].insert_many(
        {"shipping_id": "repetido", "order_vendor_dbname": REPEATED, **row} for _ in range(16)
    )
    junk = "fulanitoperensejoluisantoniodelbarrioconarepi"
    database["Orders"].insert_many(
        {"shipping_id": f"F{number}", "order_vendor_dbname": junk, **row} for number in range(3)
    )


def recipients(server: SmtpServer) -> Counter[str]:
    """How many mails everybody got since this was last asked."""
    found = Counter(mail.recipient for mail in server.accepted)
    server.accepted.clear()
    return found


def addresses(database: Documents, pairs: Pairs) -> Counter[str]:
    """The addresses of the pairs' customers, by the directory."""
    emails = {one["identificationNumber"]: one["email"] for one in database["Clients"].find()}
    return Counter(emails[customer] for customer, _ in pairs)
