"""Who is written what, by the whole process: by level, carrier, segment; one mail of two rules; threads."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from tests.e2e.process import Tercera
from tests.e2e.shop import OPERATIONS, SECRETS, Inbox, Month, configuration, text_of, this_month
from tests.servers.smtp import SmtpServer

ANA, BEN = "ana@example.com", "ben@example.com"
DHL, VIP = "dhl@shop.example.com", "vip@shop.example.com"
WHEN = {"status": ["returned"]}
MONTHLY = {
    "id": "monthly",
    "title": "Returns in a month",
    "when": WHEN,
    "levels": {"notice": 3, "critical": 5},
    "notify": [
        {"to": "customer", "levels": ["notice"]},
        {"to": "operations", "levels": ["critical"]},
        {"to": "dhl", "when": {"carrier": "DHL"}},
        {"to": "vip", "customer": {"segment": {"in": ["VIP"], "ignore_case": True}}},
    ],
}
YEARLY = {
    "id": "yearly",
    "title": "Returns in a year",
    "when": WHEN,
    "within": "year",
    "levels": {"notice": 3, "critical": 5},
    "notify": {"notice": "customer", "critical": ["operations"]},
}


def write(folder: Path, month: Month, **carriers: list[str]) -> None:
    """Each customer's returned orders, by the carrier that brought them back."""
    rows = [["order_id", "customer_id", "placed_at", "status", "carrier"]]
    for customer, names in carriers.items():
        rows.append([f"{customer}-kept", customer, month.day(1), "delivered", "DHL"])
        rows += [
            [f"{customer}-{place}", customer, month.day(2 + place), "returned", name]
            for place, name in enumerate(names)
        ]
    people = [
        ["id", "name", "email", "tier"],
        ["ana", "Ana", ANA, "vip"],
        ["ben", "Ben", BEN, ""],
    ]
    for name, table in (("orders.csv", rows), ("customers.csv", people)):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(table)


def configured(folder: Path, server: SmtpServer) -> Tercera:
    """Two rules, and four channels that hear of different things."""
    source = {
        "kind": "files",
        "orders": {"path": "orders.csv", "fields": {"carrier": "carrier"}},
        "customers": {"path": "customers.csv", "fields": {"segment": "tier"}},
    }
    whole: dict[str, Any] = configuration(source, server, rules=[MONTHLY, YEARLY])
    whole["channels"]["operations"]["charts"] = True
    whole["channels"] |= {"dhl": {"kind": "email", "to": [DHL]}, "vip": {"kind": "email", "to": [VIP]}}
    tercera = Tercera(folder, SECRETS)
    tercera.configure(whole)
    return tercera


def test_everybody_reads_what_is_theirs(tmp_path: Path, mail_server: SmtpServer) -> None:
    """By level, by carrier and by segment; one mail of two rules for a customer, one digest of them, with
    its pictures and its table; and the end of it to whoever had heard."""
    month, inbox, folder = this_month(), Inbox(mail_server), tmp_path / "shop"
    folder.mkdir()
    tercera = configured(folder, mail_server)
    write(folder, month, ana=["UPS"] * 3, ben=["UPS", "UPS", "DHL"])
    tercera.json("run", "--once")
    in_month = f"in {month.first:%B %Y}"
    several = "2 novedades sobre sus pedidos"
    first = inbox.expect(
        (ANA, several),
        (BEN, several),
        (DHL, f"[notice] Ben (ben): 3 returned orders {in_month}"),
        (VIP, f"[notice] Ana (ana): 3 returned orders {in_month}"),
    )
    mail = first[ANA, several]
    assert month.spanish in text_of(mail)
    assert str(month.first.year) in text_of(mail)

    write(folder, month, ana=["UPS"] * 5, ben=["UPS", "UPS", "DHL"])
    tercera.json("run", "--once")
    told = f"[critical] Ana (ana): now 5 returned orders {in_month}"
    second = inbox.expect((OPERATIONS, "Tercera: 2 changes (2 up)"), (VIP, told))
    assert (
        second[VIP, told].mail["In-Reply-To"]
        == first[VIP, f"[notice] Ana (ana): 3 returned orders {in_month}"].mail["Message-ID"]
    )
    digest = second[OPERATIONS, "Tercera: 2 changes (2 up)"].mail
    assert [part.get_content_type() for part in digest.walk() if not part.is_multipart()] == [
        "text/plain", "text/html", "image/png", "image/png", "text/csv",
    ]  # fmt: skip
    (attached,) = digest.iter_attachments()
    content = attached.get_payload(decode=True)
    assert isinstance(content, bytes)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [(row["rule"], row["customer_id"], row["change"]) for row in rows] == [
        ("monthly", "ana", "escalated"),
        ("yearly", "ana", "escalated"),
    ]

    write(folder, month, ana=["UPS"], ben=["UPS"])
    tercera.json("run", "--once")
    third = inbox.expect(
        (ANA, several),
        (BEN, several),
        (OPERATIONS, "Tercera: 2 changes (2 retracted)"),
        (DHL, f"[retracted] Ben (ben): 1 returned order {in_month}"),
        (VIP, f"[retracted] Ana (ana): 1 returned order {in_month}"),
    )
    assert third[ANA, several].mail["In-Reply-To"] == mail.mail["Message-ID"]
