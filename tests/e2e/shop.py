"""A shop of the tests: its configuration, its months and its inbox."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.servers.smtp import PASSWORD, USERNAME, Accepted, SmtpServer

ZONE = "America/Bogota"
OPERATIONS = "ops@shop.example.com"
_SPANISH = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip

RULE: dict[str, Any] = {
    "id": "repeat-returns",
    "title": "Three or more returned or cancelled orders in a month",
    "when": {"status": ["returned", "cancelled"]},
    "within": "month",
    "levels": {"notice": 3, "warning": 5, "critical": 10},
    "notify": ["customer", "operations"],
}


@dataclass(frozen=True)
class Month:
    """A calendar month as the shop counts it."""

    first: date

    @property
    def id(self) -> str:
        """As windows are named."""
        return f"{self.first:%Y-%m}"

    @property
    def spanish(self) -> str:
        """As a mail in Spanish names it."""
        return f"{_SPANISH[self.first.month - 1]} de {self.first.year}"

    def day(self, number: int) -> str:
        """A day of it, as the shop's database writes it. Any from 1 to 28 is there."""
        return self.first.replace(day=number).isoformat()

    @property
    def before(self) -> Month:
        """The month before."""
        return Month((self.first - timedelta(days=1)).replace(day=1))


def this_month(zone: str = ZONE) -> Month:
    """The month that it is now in the shop. All of its days belong to an open window, also those to come, so
    that tests say the same on every day of it."""
    return Month(datetime.now(ZoneInfo(zone)).date().replace(day=1))


def files_source() -> dict[str, Any]:
    """Orders and customers in two CSV files."""
    return {
        "kind": "files",
        "orders": {"path": "orders.csv", "amount": "amount"},
        "customers": {"path": "customers.csv"},
    }


def configuration(source: Mapping[str, Any], server: SmtpServer, **more: Any) -> dict[str, Any]:
    """Customers in Spanish, one English digest for operations, the server's own authority trusted."""
    return {
        "timezone": ZONE,
        "source": dict(source),
        "rules": [deepcopy(RULE)],  # which a test may change for itself
        "channels": {
            "customer": {"kind": "email", "to": "customer", "language": "es"},
            "operations": {
                "kind": "email",
                "to": [OPERATIONS],
                "language": "en",
                "digest": True,
                "charts": False,  # each process needs a second for its first; `test_routing` looks at them
            },
        },
        "email": {
            "host": "127.0.0.1",
            "port": server.port,
            "security": str(server.security),
            "sender": "Rocket Shop <alerts@shop.example.com>",
            **({"username": USERNAME, "password": "${SMTP_PASSWORD}"} if server.login else {}),
            **({"ca_file": str(server.ca_file)} if server.ca_file else {}),
        },
        **more,
    }


SECRETS = {"SMTP_PASSWORD": PASSWORD}


class Inbox:
    """What has arrived since it was last looked at. A mail that nobody expects fails the test."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._seen = 0

    def recipients(self) -> list[str]:
        """Of what arrived, whatever it says."""
        fresh = self._server.accepted[self._seen :]
        self._seen += len(fresh)
        return sorted(one.recipient for one in fresh)

    def expect(self, *expected: tuple[str, str]) -> dict[tuple[str, str], Accepted]:
        """Exactly these (recipient, subject), in any order; gives the mails."""
        fresh = self._server.accepted[self._seen :]
        self._seen += len(fresh)
        arrived = sorted((one.recipient, str(one.mail["Subject"])) for one in fresh)
        assert arrived == sorted(expected)
        return {(one.recipient, str(one.mail["Subject"])): one for one in fresh}


def text_of(accepted: Accepted) -> str:
    """The mail's text part."""
    part = accepted.mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


class Files:
    """The shop's database as two CSV files in a folder; written whole after each change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.orders: dict[str, tuple[str, str, str]] = {}
        self.customers: dict[str, tuple[str, str]] = {}
        self.write()

    def returned(self, customer: str, month: Month, *names: str) -> None:
        """More returned orders of a customer."""
        for number, name in enumerate(names):
            self.orders[name] = (customer, month.day(2 + number % 20), "returned")
        self.write()

    def customer(self, customer: str, email: str, name: str = "") -> None:
        """An entry of the directory, new or changed."""
        self.customers[customer] = (name or customer.title(), email)
        self.write()

    def write(self) -> None:
        """Each file is replaced as a whole, as an export does it."""
        head = ("order_id", "customer_id", "placed_at", "status", "amount")
        self._replace("orders.csv", head, ((name, *order, "25.50") for name, order in self.orders.items()))
        entries = ((customer, *entry) for customer, entry in self.customers.items())
        self._replace("customers.csv", ("id", "name", "email"), entries)

    def _replace(self, name: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
        half = self.folder / f"{name}.part"
        with half.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(head)
            writer.writerows(rows)
        half.replace(self.folder / name)
