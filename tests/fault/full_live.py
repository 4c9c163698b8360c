"""A daemon that follows a three-node replica set whose primary is killed with -9 again and again. For `make
fault`, which names this file: its name keeps `make test` from it."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.process import Tercera
from tests.e2e.shop import SECRETS, Inbox, configuration, this_month
from tests.servers.replica_set import ReplicaSet
from tests.servers.smtp import SmtpServer

KILLS = 6


@pytest.mark.timeout(600)
def test_the_primary_is_killed_while_it_is_followed(tmp_path: Path) -> None:
    """Before, while and after orders are written: each customer hears once, and no sweep has to repair."""
    (tmp_path / "mail").mkdir()
    (tmp_path / "servers").mkdir()
    with ReplicaSet(tmp_path / "servers") as servers, SmtpServer(tmp_path / "mail") as mail_server:
        shop, inbox, month = servers.client["shop"], Inbox(mail_server), this_month()
        tercera = Tercera(tmp_path, SECRETS | {"SHOP_URI": servers.uri})
        source: dict[str, Any] = {"kind": "mongodb", "uri": "${SHOP_URI}", "database": "shop"}
        source |= {
            "orders": {"collection": "orders"},
            "customers": {"collection": "customers"},
            "timeout": 20,
        }
        written = configuration(source, mail_server, schedule={"live": True})
        written["rules"] = [written["rules"][0] | {"notify": ["customer"]}]
        tercera.configure(written)
        names = [f"c{number}" for number in range(KILLS)]
        shop.customers.insert_many({"id": name, "email": f"{name}@example.com"} for name in names)
        shop.orders.insert_one({"order_id": "first", "customer_id": "nobody"})
        with tercera.started("run") as daemon:
            daemon.event("swept")
            sent = 0
            for name in names:
                row = {"customer_id": name, "placed_at": month.day(3), "status": "returned"}
                shop.orders.insert_many([row | {"order_id": f"{name}-{number}"} for number in range(2)])
                dead = servers.kill_primary()
                shop.orders.insert_one(row | {"order_id": f"{name}-2"})
                servers.start(dead)
                sent += daemon.event("delivered")["sent"]
            assert sent == KILLS
            daemon.process.send_signal(signal.SIGTERM)
            assert daemon.ended() == 0
        subject = f"Tiene 3 pedidos devueltos en {month.spanish}"
        inbox.expect(*((f"{name}@example.com", subject) for name in names))
        assert tercera.json("run", "--once")["notices"]["sent"] == 0
        assert tercera.json("alerts")["health"]["live"]["repaired"] == 0
