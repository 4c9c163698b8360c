"""`tercera run` with `schedule: {live: true}` on MongoDB: what changes is told as it does, and once."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from pymongo import MongoClient
from pymongo.database import Database

from tests.e2e.process import Running, Tercera
from tests.e2e.restartable import restartable
from tests.e2e.shop import SECRETS, Inbox, Month, configuration, this_month
from tests.servers.mongod import empty_database, mongod_uri
from tests.servers.postgresql import connection
from tests.servers.postgresql import empty_database as empty_ledger
from tests.servers.postgresql import empty_database as empty_shop
from tests.servers.smtp import SmtpServer

Shop = Database[dict[str, Any]]

pytestmark = pytest.mark.mongod


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


def test_the_configuration_is_edited(tercera: Tercera, shop: Shop, mail_server: SmtpServer) -> None:
    """What falls by the edit is told to nobody, what follows is told by the new lines; and a collection that
    is emptied takes nothing back."""
    inbox, month = Inbox(mail_server), this_month()
    returned(shop, "ana", "A1", "A2", "A3")
    returned(shop, "bea", "B1", "B2", "B3", "B4")
    with tercera.started("run") as daemon:
        assert daemon.event("delivered")["sent"] == 2
        stopped(daemon)
    assert len(inbox.recipients()) == 2
    configured = yaml.safe_load((tercera.folder / "tercera.yaml").read_text())
    configured["rules"][0]["levels"]["notice"] = 4
    configured["rules"][0]["notify"] = ["buyers"]
    configured["channels"]["buyers"] = configured["channels"].pop("customer")
    tercera.configure(configured)
    with tercera.started("run") as daemon:
        assert daemon.event("channel was renamed")["channel"] == "buyers"
        edited = daemon.event("rule was edited")
        assert (edited["what"], edited["untold"]) == (["levels"], 1)
        returned(shop, "ana", "A4")
        assert daemon.event("looked")["opened"] == 1
        daemon.event("delivered")
        inbox.expect(("ana@example.com", f"Tiene 4 pedidos devueltos en {month.spanish}"))
        orders = list(shop.orders.find())
        shop.orders.delete_many({})
        failed = daemon.event("sweep failed, will be tried again")
        assert "not one order in the watched windows" in failed["error"]
        shop.orders.insert_many(orders)
        shop.orders.update_one({"order_id": "B4"}, {"$set": {"status": "delivered"}})
        assert daemon.event("looked")["retracted"] == 1
        daemon.event("delivered")
        stopped(daemon)
    inbox.expect(("bea@example.com", f"Rectificación sobre sus pedidos de {month.spanish}"))


@pytest.mark.parametrize("failpoint", ["after-position", "inside-commit@2"])
def test_a_kill_loses_nothing(tercera: Tercera, shop: Shop, mail_server: SmtpServer, failpoint: str) -> None:
    """Wherever it comes, the next process goes on from the position that was kept: exactly one mail each."""
    inbox, month = Inbox(mail_server), this_month()
    name, _, times = failpoint.partition("@")
    tercera.environment["TERCERA_FAILPOINTS"] = f"{name}=kill@{times or 1}"
    with tercera.started("run") as daemon:
        if failpoint != "after-position":
            daemon.event("swept")
            returned(shop, "ana", "A1", "A2", "A3")
        assert daemon.ended() == -signal.SIGKILL
    del tercera.environment["TERCERA_FAILPOINTS"]
    returned(shop, "bea", "B1", "B2", "B3")
    with tercera.started("run") as daemon:
        assert daemon.event("following")["since"] == "where it was left"
        sent = 0
        expected = 1 if failpoint == "after-position" else 2
        while sent < expected:
            sent += daemon.event("delivered")["sent"]
        stopped(daemon)
    names = ["ana", "bea"][-expected:]
    inbox.expect(*(told(month, 3, each) for each in names))
    assert tercera.json("run", "--once")["notices"]["sent"] == 0


def test_lost_history_is_said_and_made_good(tercera: Tercera, shop: Shop, mail_server: SmtpServer) -> None:
    """Of a position that the server does not know any more, and of a collection that is dropped."""
    inbox, month = Inbox(mail_server), this_month()
    with tercera.started("run") as daemon:
        daemon.event("swept")
        stopped(daemon)
    token = json.dumps({"of": f"{shop.name}.orders", "token": {"_data": "826380000000000001296E04"}})
    with closing(sqlite3.connect(tercera.folder / "tercera.db")) as ledger, ledger:
        ledger.execute("UPDATE positions SET position = ?", (token,))
    returned(shop, "ana", "A1", "A2", "A3")
    with tercera.started("run") as daemon:
        assert "can't tell any more what happened" in daemon.event("history lost")["error"]
        assert daemon.event("following")["lost"] is True
        assert daemon.event("swept")["opened"] == 1
        daemon.event("delivered")
        inbox.expect(told(month, 3, "ana"))
        shop.orders.drop()
        assert "was dropped or renamed" in daemon.event("history lost")["error"]
        # Nobody is told that what stands is over because every order is gone at once.
        assert "not one order" in daemon.event("sweep failed, will be tried again")["error"]
        returned(shop, "bea", "B1", "B2", "B3")
        assert daemon.event("looked")["opened"] == 1
        daemon.event("delivered")
        stopped(daemon)
    inbox.expect(told(month, 3, "bea"))
    tercera.json("run", "--once")
    inbox.expect(("ana@example.com", f"Rectificación sobre sus pedidos de {month.spanish}"))
    assert "dropped" in tercera.json("alerts")["health"]["live"]["lost"]


def test_another_instance_follows_when_one_is_killed(
    tercera: Tercera, shop: Shop, mail_server: SmtpServer
) -> None:
    """From where the first one was, when its lease has ended; everybody hears once."""
    inbox, month = Inbox(mail_server), this_month()
    with empty_ledger() as address:
        written = yaml.safe_load((tercera.folder / "tercera.yaml").read_text())
        tercera.configure(written | {"ledger": address, "lease": "1s"})
        with tercera.started("run") as first:
            first.event("swept")
            with tercera.started("run") as second:
                second.event("swept")
                returned(shop, "ana", "A1", "A2", "A3")
                assert first.event("looked")["opened"] == 1
                first.event("delivered")
                first.process.kill()
                returned(shop, "bea", "B1", "B2", "B3")
                assert second.event("following")["since"] == "where it was left"
                assert second.event("looked")["opened"] == 1
                second.event("delivered")
                stopped(second)
    inbox.expect(told(month, 3, "ana"), told(month, 3, "bea"))


def test_a_database_that_was_away_is_followed_again(
    tmp_path: Path, tercera: Tercera, mail_server: SmtpServer
) -> None:
    """From where it was: what is written as soon as it is back is told."""
    inbox, month = Inbox(mail_server), this_month()
    (tmp_path / "data").mkdir()
    with restartable(tmp_path / "data") as server:
        tercera.environment["SHOP_URI"] = server.uri
        client = MongoClient[dict[str, Any]](server.uri)
        shop = client["shop"]
        written = yaml.safe_load((tercera.folder / "tercera.yaml").read_text())
        written["source"] |= {"database": "shop", "timeout": 2}
        tercera.configure(written)
        shop.customers.insert_one({"id": "ana", "name": "Ana", "email": "ana@example.com"})
        returned(shop, "ana", "A1", "A2")
        with tercera.started("run") as daemon:
            daemon.event("swept")
            server.stop()
            daemon.event("following failed, will be tried again")
            server.start()
            returned(shop, "ana", "A3")
            assert daemon.event("following")["since"] == "where it was left"
            assert daemon.event("looked")["opened"] == 1
            daemon.event("delivered")
            stopped(daemon)
        client.close()
    inbox.expect(told(month, 3, "ana"))


def test_postgresql_tells_by_its_triggers(tmp_path: Path, mail_server: SmtpServer) -> None:
    """Which `check --fix` sets up: an order that is deleted is told of as soon as one that is written."""
    inbox, month = Inbox(mail_server), this_month()
    with empty_shop() as address, connection(address) as owner:
        owner.execute("CREATE TABLE orders (order_id text, customer_id text, status text, placed_at date)")
        owner.execute("CREATE TABLE customers (id text, name text, email text)")
        owner.execute("CREATE INDEX ON orders (customer_id, placed_at)")
        owner.execute("INSERT INTO customers VALUES ('ana', 'Ana', 'ana@example.com')")
        tercera = Tercera(tmp_path, SECRETS | {"SHOP_URI": address})
        source = {"kind": "sql", "uri": "${SHOP_URI}", "changes": {"listen": True}}
        source |= {name: {"table": name} for name in ("orders", "customers")}
        written = configuration(source, mail_server, schedule={"live": True})
        written["rules"] = [written["rules"][0] | {"notify": ["customer"]}]
        tercera.configure(written)
        tercera.run("check", "--fix", code=None)
        with tercera.started("run") as daemon:
            daemon.event("swept")
            rows = [(f"A{number}", "ana", "returned", month.day(3)) for number in range(3)]
            owner.cursor().executemany("INSERT INTO orders VALUES (%s, %s, %s, %s)", rows)
            assert daemon.event("looked")["opened"] == 1
            daemon.event("delivered")
            inbox.expect(told(month, 3, "ana"))
            owner.execute("DELETE FROM orders WHERE order_id = 'A0'")
            assert daemon.event("looked")["retracted"] == 1
            daemon.event("delivered")
            stopped(daemon)
        inbox.expect(("ana@example.com", f"Rectificación sobre sus pedidos de {month.spanish}"))
