"""The shop that trials are about: its configuration, its customers, its orders in files or in MongoDB."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pymongo import DeleteOne, ReplaceOne
from pymongo.database import Database

from tests.e2e.process import Tercera
from tests.e2e.shop import ZONE, Files
from tests.fault.oracle import HIGHEST, LOWEST
from tests.fault.verdict import OPERATIONS
from tests.fault.witness import MARK
from tests.fault.world import CUSTOMERS, MATCHING, World

SECRET = "whsec_bm90IGEgc2VjcmV0LCBvbmx5IGZvciB0ZXN0cw=="
_FIELDS = ("rule", "subject", "window_id", "change", "level", "matched", "alert", "step")
_LINE = "|".join(f"{{{{ n.{name} }}}}" for name in _FIELDS)
_LINES = f"{{% for n in mail.notices %}}\n{MARK}{_LINE}\n{{% endfor %}}"


def seed() -> int:
    """Printed, and set by TERCERA_SEED to see the same again (as far as moments can be the same)."""
    chosen = int(os.environ.get("TERCERA_SEED") or time.time_ns() % 10**6)
    print(f"TERCERA_SEED={chosen}")
    return chosen


def configuration(
    source: Mapping[str, Any], ports: tuple[int, int], instance: int, **more: Any
) -> dict[str, Any]:
    """A level for each count, so that most of what happens is news; mails that a machine reads."""
    mail, web = ports
    levels = {f"level-{count}": count for count in range(LOWEST, HIGHEST + 1)}
    rule = {
        "id": "repeat-returns",
        "title": "Returned or cancelled",
        "when": {"status": list(MATCHING)},
        "within": "month",
        "levels": levels,
        "notify": ["customer", "operations", "hook"],
        "on": ["opened", "escalated", "eased", "retracted"],
        "grace": "62d",
        "evidence": 2,
    }
    return {
        "timezone": ZONE,
        "source": dict(source),
        "rules": [rule],
        "guard": {"max_share": 1, "max_notices": 10**6},  # in this shop nearly everybody returns something
        "channels": {
            "customer": {"kind": "email", "to": "customer", "templates": "letters"},
            "operations": {
                "kind": "email",
                "to": [OPERATIONS],
                "digest": True,
                "templates": "letters",
                "charts": False,
            },
            "hook": {
                "kind": "webhook",
                "url": f"http://127.0.0.1:{web}/{instance}",
                "secret": SECRET,
                "allow_private": True,
            },
        },
        "email": {"host": "127.0.0.1", "port": mail, "security": "none", "sender": "alerts@shop.example.com"},
        **more,
    }


def configured(
    folder: Path, source: Mapping[str, Any], ports: tuple[int, int], instance: int = 0, **more: Any
) -> Tercera:
    """A folder with a configuration and templates."""
    letters = folder / "letters"
    letters.mkdir(exist_ok=True)
    for kind in ("customer", "operations", "digest"):
        (letters / f"{kind}.subject.txt").write_text("{{ mail.notices[0].change }}")
        (letters / f"{kind}.txt").write_text(_LINES)
        (letters / f"{kind}.html").write_text("<p>See the text.</p>")
    tercera = Tercera(folder)
    tercera.configure(configuration(source, ports, instance, **more))
    return tercera


def in_files(world: World, folder: Path) -> Callable[[list[str]], None]:
    """The orders in CSV files, replaced as a whole; some lines are there twice."""
    shop = Files(folder)
    for number in range(CUSTOMERS):
        shop.customers[f"c_{number}"] = (f"Customer {number}", f"c_{number}@example.com")

    def show(_: list[str]) -> None:
        shop.orders.clear()
        for name, order in world.orders.items():
            shop.orders[name] = (order.customer, order.month.day(order.day), order.status)
        shop.write()

    shop.write()
    return show


def in_mongodb(world: World, database: Database[dict[str, Any]]) -> Callable[[list[str]], None]:
    """The orders in a collection, each changed by itself."""
    database["Clients"].insert_many(
        {"id": f"c_{number}", "name": f"Customer {number}", "email": f"c_{number}@example.com"}
        for number in range(CUSTOMERS)
    )
    database.create_collection("Orders")

    def show(touched: list[str]) -> None:
        writes: list[DeleteOne | ReplaceOne[dict[str, Any]]] = []
        for name in dict.fromkeys(touched):
            if (order := world.orders.get(name)) is None:
                writes.append(DeleteOne({"order_id": name}))
                continue
            document = {
                "order_id": name,
                "customer_id": order.customer,
                "placed_at": order.month.day(order.day),
                "status": order.status,
            }
            writes.append(ReplaceOne({"order_id": name}, document, upsert=True))
        if writes:
            database["Orders"].bulk_write(writes)

    return show
