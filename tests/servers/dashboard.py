"""The real dashboard over a shop of its own: real configuration, ledger, sweeps, HTTP on a free port."""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import yaml

from tercera.app import App, open_app
from tercera.cycle import cycle
from tercera.deliver import deliver
from tercera.ledger import Ledger
from tercera.people import Permission, Role, Token, User
from tercera.web.access.passwords import hashed
from tercera.web.server import listening_socket, serving
from tercera.web.site import Site

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"

RULE: dict[str, Any] = {
    "id": "repeat-returns",
    "title": "Three or more returned or cancelled orders in a month",
    "when": {"status": ["returned", "cancelled"]},
    "within": "month",
    "levels": {"notice": 3, "warning": 5, "critical": 10},
    "notify": ["customer", "operations"],
}

Orders = Mapping[str, list[tuple[str, str]]]
"""Of each customer: day and status."""

SHOP: Orders = {
    "ana_1": [(f"2026-11-0{day}", "returned") for day in range(1, 4)] + [("2026-11-09", "delivered")],
    "bruno_2": [(f"2026-11-{day:02}", "cancelled") for day in range(1, 13)],
    "carla_3": [(f"2026-10-{day:02}", "returned") for day in range(10, 16)] + [("2026-11-02", "returned")],
    "dora_4": [("2026-11-05", "returned"), ("2026-11-06", "delivered")],
}


@dataclass
class Dashboard:
    """A dashboard that runs. `url` is its address; `client` asks as nobody, `as_` as somebody."""

    url: str
    app: App
    ledger: Ledger
    folder: Path
    clock: Callable[[], datetime]

    def client(self) -> httpx.Client:
        """Nobody who is known. Follows no redirects."""
        return httpx.Client(base_url=self.url, timeout=30)

    @contextmanager
    def as_(self, name: str) -> Iterator[httpx.Client]:
        """A browser that somebody logged in with; see `csrf`."""
        with self.client() as client:
            answer = client.post("/login", data={"name": name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            yield client

    def csrf(self, client: httpx.Client) -> str:
        """What the forms of this browser carry."""
        site = Site(self.app, self.ledger, self.app.keys)
        return site.keys.sign("csrf", str(client.cookies[site.cookie]))

    def key(self, *scopes: Permission, user: str = "ada") -> str:
        """The key of a new token."""
        now = self.clock()
        token = Token(0, "test", user, frozenset(scopes), now, now.replace(year=now.year + 1))
        return self.ledger.people.add_token(token)[1]

    @contextmanager
    def program(self, *scopes: Permission, user: str = "ada") -> Iterator[httpx.Client]:
        """A program with a key that has these scopes."""
        with self.client() as client:
            client.headers["authorization"] = f"Bearer {self.key(*scopes, user=user)}"
            yield client


@contextmanager
def dashboard(
    folder: Path, orders: Orders = SHOP, now: datetime = NOW, mails: Path | None = None, **more: Any
) -> Iterator[Dashboard]:
    """With the users vera (viewer), omar (operator) and ada (admin), after one sweep at `now`; nothing was
    mailed further than into the configured log. `mails` is the folder of a demo's mail server, `more` are
    keys of the configuration."""
    write_shop(folder, orders)
    configured = {
        "timezone": "America/Bogota",
        "source": {
            "kind": "files",
            "orders": {"path": "orders.csv", "amount": "amount", "currency": "EUR"},
            "customers": {"path": "customers.csv"},
        },
        "rules": [RULE],
        "channels": {
            "customer": {"kind": "log", "to": str(folder / "customers.log")},
            "operations": {"kind": "log", "to": str(folder / "operations.log")},
        },
        "web": {"port": 0},
        **more,
    }
    (folder / "tercera.yaml").write_text(yaml.safe_dump(configured), encoding="utf-8")
    with ExitStack() as stack:
        app = stack.enter_context(open_app(folder / "tercera.yaml", lambda: now))
        ledger = stack.enter_context(app.ledger())
        sweep(app, ledger)
        for name, role in (("vera", Role.VIEWER), ("omar", Role.OPERATOR), ("ada", Role.ADMIN)):
            ledger.people.add_user(User(name, role, now), _hash())
        bound = listening_socket(app.settings.web, 3)
        site = Site(app, ledger, app.keys, mails)
        listening = stack.enter_context(serving(site, bound))
        yield Dashboard(listening.url, app, ledger, folder, lambda: now)


@cache
def _hash() -> str:
    return hashed(PASSWORD)


def sweep(app: App, ledger: Ledger) -> None:
    """Looks at the orders and delivers."""
    report = cycle(
        app.settings.rules,
        app.source,
        ledger,
        app.terms(notify_history=True),
        now=app.clock(),
        clock=app.clock,
    )
    assert not report.failed, report.failed
    deliver(app.delivery(ledger), threading.Event())


def write_shop(folder: Path, orders: Orders) -> None:
    """Its orders and customers."""
    with (folder / "orders.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["order_id", "customer_id", "status", "placed_at", "amount"])
        for customer, placed in orders.items():
            for number, (day, status) in enumerate(placed):
                writer.writerow([f"{customer}-{number}", customer, status, day, f"{10 + number}.50"])
    with (folder / "customers.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "name", "email"])
        for customer in orders:
            writer.writerow([customer, customer.partition("_")[0].title(), f"{customer}@example.com"])
