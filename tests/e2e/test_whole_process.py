"""From a month of orders in a real MongoDB to mails on a real server, command by command."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from bson import ObjectId
from pymongo.database import Database

from tercera.ledger import open_ledger
from tests.e2e.process import Tercera
from tests.e2e.shop import OPERATIONS, SECRETS, Inbox, Month, configuration, text_of, this_month
from tests.servers.smtp import SmtpServer

pytestmark = pytest.mark.mongod

Documents = Database[dict[str, Any]]

ANA = "bigcolors_1381618804"
HEX = "6465208fbc1391265257ed5d"
OBJECT = ObjectId("6465208fbc1391265257ed5e")
NO_ADDRESS = "casaluz_1"
STRANGER = "desconocido_2"
TWO = "solotiene_3"
LAST_MONTH = "anterior_4"
JUNK = "fulanitoperensejoluisantoniodelbarrioconarepi"

SOURCE = {
    "kind": "mongodb",
    "uri": "${ATLAS_URI}",
    "database": "${DB_NAME}",
    "orders": {
        "collection": "Orders",
        "order_id": "shipping_id",
        "customer_id": "order_vendor_dbname",
        "status": "shipping_status",
        "placed_at": "shipping_date",
        "amount": "shipping_value",
        "formats": ["%Y-%m-%d"],
        "currency": "COP",
        "valid": {"customer_id": r"^(\w+_\d+|[0-9A-Za-z]{24})$"},
    },
    "customers": {"collection": "Clients", "id": "identificationNumber", "name": "name", "email": "email"},
}


@pytest.fixture
def tercera(tmp_path: Path, mongo_uri: str, database: Documents, mail_server: SmtpServer) -> Tercera:
    """Configured for the shop's database and mail server."""
    folder = tmp_path / "shop"
    folder.mkdir()
    made = Tercera(folder, {**SECRETS, "ATLAS_URI": mongo_uri, "DB_NAME": database.name})
    # Every fifth row of this shop is junk; what operations hears of that has tests of its own.
    made.configure(configuration(SOURCE, mail_server, rejects={"max_share": 1}))
    return made


def orders(
    database: Documents, customer: object, month: Month, *names: str, status: str = "returned"
) -> None:
    """Orders of one customer, a few days of the month apart."""
    database["Orders"].insert_many(
        {
            "shipping_id": name,
            "order_vendor_dbname": customer,
            "shipping_date": month.day(2 + number % 20),
            "shipping_status": status,
            "shipping_value": 20_000 + number,
        }
        for number, name in enumerate(names)
    )


def fill(database: Documents, month: Month) -> None:
    """A month of a shop, with all that its database holds beside good orders."""
    database["Clients"].insert_many(
        [
            {"identificationNumber": ANA, "name": "Ana Díaz", "email": "ana@example.com"},
            {"identificationNumber": ObjectId(HEX), "name": "Hugo", "email": "hugo@example.com"},
            {"identificationNumber": str(OBJECT), "name": "Olga", "email": "olga@example.com"},
            {"identificationNumber": NO_ADDRESS, "name": "Casa Luz", "email": ""},
            {"identificationNumber": TWO, "name": "Teo", "email": "teo@example.com"},
            {"identificationNumber": LAST_MONTH, "name": "Lia", "email": "lia@example.com"},
        ]
    )
    orders(database, ANA, month, "A1", "A2")
    orders(database, ANA, month, "A3", status="cancelled")
    orders(database, ANA, month, "A4", "A5", status="delivered")
    orders(database, HEX, month, "H1", "H2", "H3")
    orders(database, OBJECT, month, "O1", "O2", "O3")
    orders(database, NO_ADDRESS, month, "N1", "N2", "N3")
    orders(database, STRANGER, month, "S1", "S2", "S3")
    orders(database, TWO, month, *["T1"] * 16, "T2")
    orders(database, LAST_MONTH, month.before, "L1", "L2", "L3")
    orders(database, JUNK, month, "J1", "J2", "J3")
    database["Orders"].insert_many(
        {
            "shipping_id": f"X{number}",
            "order_vendor_dbname": ANA,
            "shipping_date": written,
            "shipping_status": "returned",
        }
        for number, written in enumerate(["0000-00-00", "2023-13-45", "ayer", ""])
    )


def test_a_month_of_a_shop(tercera: Tercera, database: Documents, mail_server: SmtpServer) -> None:
    """Opened, silent, retracted, opened again, escalated: each is told once, in the thread of the first."""
    month, inbox = this_month(), Inbox(mail_server)
    fill(database, month)

    report = tercera.json("run", "--once")
    assert report["transitions"] == {"opened": 5, "baseline": 1}
    assert report["notices"] == {"sent": 8, "pending": 0, "dead": 0, "undeliverable": 2}
    rejects = report["rejects"]["repeat-returns"]
    assert {reason: count["rows"] for reason, count in rejects.items()} == {
        "invalid_customer_id": 3,
        "unreadable_date": 3,
        "no_date": 1,
    }
    assert {row["order_vendor_dbname"] for row in rejects["invalid_customer_id"]["samples"]} == {JUNK}
    first = f"Tiene 3 pedidos devueltos o cancelados en {month.spanish}"
    plain = f"Tiene 3 pedidos devueltos en {month.spanish}"
    mails = inbox.expect(
        ("ana@example.com", first),
        ("hugo@example.com", plain),
        ("olga@example.com", plain),
        (OPERATIONS, "Tercera: 5 changes (5 new)"),
    )
    ana, hugo = mails["ana@example.com", first].mail, mails["hugo@example.com", plain].mail
    assert "Hola, Ana Díaz:" in text_of(mails["ana@example.com", first])
    for order in ("A1", "A2", "A3"):
        assert order in text_of(mails["ana@example.com", first])
    assert "In-Reply-To" not in ana
    digest = text_of(mails[OPERATIONS, "Tercera: 5 changes (5 new)"])
    assert f"{STRANGER} · " in digest
    assert "Customer not told: not in the customers collection" in digest
    assert "Customer not told: has no e-mail address" in digest
    assert JUNK not in digest
    assert TWO not in digest

    again = tercera.json("run", "--once")
    assert again["transitions"] == {"unchanged": 6}
    assert again["notices"]["sent"] == 0
    inbox.expect()

    database["Orders"].update_one({"shipping_id": "A3"}, {"$set": {"shipping_status": "delivered"}})
    orders(database, HEX, month, "H4", "H5")
    assert tercera.json("run", "--once")["transitions"] == {"retracted": 1, "escalated": 1, "unchanged": 4}
    correction = f"Rectificación sobre sus pedidos de {month.spanish}"
    more = f"Ya son 5 pedidos devueltos en {month.spanish}"
    mails = inbox.expect(
        ("ana@example.com", correction),
        ("hugo@example.com", more),
        (OPERATIONS, "Tercera: 2 changes (1 up, 1 retracted)"),
    )
    retraction = mails["ana@example.com", correction].mail
    assert retraction["In-Reply-To"] == ana["Message-ID"]
    assert retraction["References"].split() == [ana["Message-ID"]]
    assert mails["hugo@example.com", more].mail["In-Reply-To"] == hugo["Message-ID"]

    orders(database, ANA, month, "A6", "A7")
    assert tercera.json("run", "--once")["transitions"] == {"opened": 1, "unchanged": 5}
    reopened = f"Tiene 4 pedidos devueltos en {month.spanish}"
    mails = inbox.expect(("ana@example.com", reopened), (OPERATIONS, "Tercera: 1 change (1 new)"))
    second = mails["ana@example.com", reopened].mail
    assert second["References"].split() == [ana["Message-ID"], retraction["Message-ID"]]

    orders(database, ANA, month, "A8")
    assert tercera.json("run", "--once")["transitions"] == {"escalated": 1, "unchanged": 5}
    mails = inbox.expect(("ana@example.com", more), (OPERATIONS, "Tercera: 1 change (1 up)"))
    escalation = mails["ana@example.com", more].mail
    assert escalation["In-Reply-To"] == second["Message-ID"]
    assert escalation["References"].split() == [one["Message-ID"] for one in (ana, retraction, second)]

    database["Orders"].delete_many({"order_vendor_dbname": OBJECT})
    assert tercera.json("run", "--once")["transitions"] == {"retracted": 1, "unchanged": 5}
    inbox.expect(("olga@example.com", correction), (OPERATIONS, "Tercera: 1 change (1 retracted)"))
    tercera.json("run", "--once")
    inbox.expect()


def test_what_the_ledger_answers(tercera: Tercera, database: Documents, mail_server: SmtpServer) -> None:
    """alerts, why and deliveries give the counts, the reasons, the notices and the server's words."""
    month = this_month()
    fill(database, month)
    assert tercera.json("why", ANA, month.id)["why_not"] == "not_swept"
    tercera.json("run", "--once")

    alerts = tercera.json("alerts")["alerts"]
    assert {(one["customer"], one["window"], one["level"], one["state"]) for one in alerts} == {
        (LAST_MONTH, month.before.id, "notice", "open"),
        *((who, month.id, "notice", "open") for who in (ANA, HEX, str(OBJECT), NO_ADDRESS, STRANGER)),
    }
    (ana,) = tercera.json("alerts", "--customer", ANA, "--window", month.id)["alerts"]
    shown = tercera.json("alerts", "show", str(ana["id"]))
    assert [one["order_id"] for one in shown["evidence"]] == ["A1", "A3", "A2"]
    assert [(one["reason"], one["told"]) for one in shown["transitions"]] == [("opened", True)]
    assert {one["recipient"] for one in shown["notices"]} == {"ana@example.com", OPERATIONS}

    why = tercera.json("why", ANA, month.id)
    assert (why["matched"], why["orders"], why["level"], why["since"]) == (3, 5, "notice", "A2")
    assert why["why_not"] is None
    receipts = [one["receipts"][-1] for one in why["alert"]["notices"]]
    assert all(one["state"] == "sent" and one["words"].startswith("250 2.0.0 OK") for one in receipts)
    below = tercera.json("why", TWO, month.id)
    assert (below["why_not"], below["matched"], below["orders"]) == ("below", 2, 2)
    assert below["alert"] is None
    baseline = tercera.json("why", LAST_MONTH, month.before.id)
    assert (baseline["why_not"], baseline["level"]) == ("baseline", "notice")
    assert baseline["alert"]["notices"] == []
    assert tercera.json("why", "nobody_9", month.id)["why_not"] == "no_orders"

    deliveries = tercera.json("deliveries")["deliveries"]
    untold = {one["subject"]: one["problem"] for one in deliveries if one["state"] == "undeliverable"}
    assert untold == {STRANGER: "no_entry", NO_ADDRESS: "no_email"}
    ids = {str(one.mail["Message-ID"]) for one in mail_server.accepted}
    assert ids == {f"<{one['message']}@shop.example.com>" for one in deliveries if one["state"] == "sent"}
    assert tercera.json("deliveries", "--state", "dead")["deliveries"] == []
    assert tercera.json("deliveries", "retry") == {"retried": 0, "withheld": 0}

    mail_server.accepted.clear()
    database["Clients"].update_one(
        {"identificationNumber": NO_ADDRESS}, {"$set": {"email": "casa@example.com"}}
    )
    assert tercera.json("deliveries", "retry") == {"retried": 1, "withheld": 0}
    tercera.json("run", "--once")
    Inbox(mail_server).expect(("casa@example.com", f"Tiene 3 pedidos devueltos en {month.spanish}"))


def test_check_finds_everything_and_makes_the_indexes(tercera: Tercera, database: Documents) -> None:
    """Without them it says so and how to create them; with --fix they are there, and the audit log says who
    created them."""
    fill(database, this_month())
    report = tercera.json("check", code=1)
    assert not report["ok"]
    assert any("createIndex" in one["remedy"] for one in report["checks"] if not one["ok"])
    assert tercera.json("check", "--fix", "--author", "Ana")["ok"]
    assert tercera.json("check", "--fix")["ok"]
    with open_ledger(f"sqlite:///{tercera.folder}/tercera.db") as ledger:
        deeds = [(each.actor, each.action, each.object) for each in ledger.people.deeds()[::-1]]
        assert all(each.detail.startswith("created ") for each in ledger.people.deeds())
    assert deeds == [("Ana", "fix", f"index {of}") for of in ("for sweeps", "for live looks", "of customers")]


def test_history_is_told_only_when_asked_for(
    tercera: Tercera, database: Documents, mail_server: SmtpServer
) -> None:
    """With --notify-history the first run tells also of windows that are over."""
    month, inbox = this_month(), Inbox(mail_server)
    database["Clients"].insert_one({"identificationNumber": LAST_MONTH, "email": "lia@example.com"})
    orders(database, LAST_MONTH, month.before, "L1", "L2", "L3")
    assert tercera.json("run", "--once", "--notify-history")["transitions"] == {"opened": 1}
    inbox.expect(
        ("lia@example.com", f"Tiene 3 pedidos devueltos en {month.before.spanish}"),
        (OPERATIONS, "Tercera: 1 change (1 new)"),
    )
    tercera.json("run", "--once")
    inbox.expect()


def test_an_unreachable_database_is_named_without_its_password(tercera: Tercera) -> None:
    """Exit code 3, one line that says which server, how long it was tried and what to check."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        tercera.environment["ATLAS_URI"] = f"mongodb://shop:s3cr3t-word@{address}/"
        slow = {**SOURCE, "timeout": 1}
        tercera.configure(yaml.safe_load((tercera.folder / "tercera.yaml").read_text()) | {"source": slow})
        for arguments in (("backtest",), ("why", ANA, "2026-01"), ("run", "--once", "--json")):
            began = time.monotonic()
            answer = tercera.run(*arguments, code=3)
            assert time.monotonic() - began < 30
            (line,) = answer.complaints
            assert line.startswith("error: ")
            assert f"MongoDB at {address} did not answer within 1 s" in line
            assert "check" in line
            assert "s3cr3t-word" not in answer.out + answer.err
