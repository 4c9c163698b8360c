"""`tercera run` with `schedule: {live: true}` on MongoDB: what changes is told as it does, and once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.e2e.process import Running, Tercera
from tests.e2e.shop import SECRETS, Inbox, Month, configuration, this_month
from tests.servers.mongod import empty_database, mongod_uri
from tests.servers.smtp import SmtpServer

Shop = Database[dict[str, Any]]


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Two customers, and nothing returned yet."""
    with empty_database() as made:
        made.customers.insert_many(
            {"id": name, "name": name.title(), "email": f"{name}@example.com"} for name in ("ana", "bea")
        )
        made.orders.create_index([("customer_id", 1), ("placed_at", 1)])
        made.orders.create_index([("placed_at", 1)])
        yield made


@pytest.fixture
def tercera(tmp_path: Path, shop: Shop, mail_server: SmtpServer) -> Tercera:
    """Configured to follow the shop; only customers are told."""
    made = Tercera(tmp_path, SECRETS | {"SHOP_URI": mongod_uri()})
    source = {
        "kind": "mongodb",
        "uri": "${SHOP_URI}",
        "database": shop.name,
        "orders": {"collection": "orders"},
        "customers": {"collection": "customers"},
    }
    written = configuration(source, mail_server, schedule={"live": True})
    written["rules"] = [written["rules"][0] | {"notify": ["customer"]}]
    made.configure(written)
    return made


def returned(shop: Shop, customer: str, *names: str) -> None:
    """More returned orders of this month."""
    rows = ({"order_id": name, "customer_id": customer} for name in names)
    placed = {"placed_at": this_month().day(3), "status": "returned"}
    shop.orders.insert_many([row | placed for row in rows])


def stopped(daemon: Running) -> None:
    """It ends by itself, with 0."""
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.ended() == 0


def told(month: Month, count: int, name: str) -> tuple[str, str]:
    """A customer's mail: the first, or one of more."""
    words = "Tiene 3" if count == 3 else f"Ya son {count}"
    return f"{name}@example.com", f"{words} pedidos devueltos en {month.spanish}"


def test_changes_are_told_as_they_happen(tercera: Tercera, shop: Shop, mail_server: SmtpServer) -> None:
    """What was there is found by the first sweep, what follows by no sweep; and what happened while nothing
    ran by either, once."""
    inbox, month = Inbox(mail_server), this_month()
    returned(shop, "ana", "A1", "A2")
    with tercera.started("run") as daemon:
        assert daemon.event("started")["schedule"] == "live, and every 0:10:00"
        assert daemon.event("following")["since"] == "now"
        assert daemon.event("swept")["rows"] == 2
        returned(shop, "ana", "A3")
        assert daemon.event("looked")["opened"] == 1
        assert daemon.event("delivered")["sent"] == 1
        inbox.expect(told(month, 3, "ana"))
        stopped(daemon)
    returned(shop, "bea", "B1", "B2", "B3")
    with tercera.started("run") as daemon:
        assert daemon.event("following")["since"] == "where it was left"
        assert daemon.event("delivered")["sent"] == 1
        inbox.expect(told(month, 3, "bea"))
        shop.orders.update_one({"order_id": "B3"}, {"$set": {"customer_id": "ana"}})
        looked = daemon.event("looked")
        assert looked["retracted"] == 1
        daemon.event("delivered")
        stopped(daemon)
    inbox.expect(("bea@example.com", f"Rectificación sobre sus pedidos de {month.spanish}"))
    assert tercera.json("run", "--once")["notices"]["sent"] == 0
