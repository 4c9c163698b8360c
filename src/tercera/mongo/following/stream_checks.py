"""What `tercera check` looks at where the orders are followed live: change streams and pre-images."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pymongo.collection import Collection

from tercera.orders import Check

Documents = Collection[dict[str, Any]]


def check_stream(orders: Documents, address: str, *, fix: bool) -> Iterator[Check]:
    """Whether the server has change streams, and keeps orders as they were before a change. `fix` has it do
    so. Raises the driver's errors."""
    hello = orders.database.client.admin.command("hello")
    kind = "a sharded cluster" if hello.get("msg") == "isdbgrid" else "a replica set"
    what = f"changes of {orders.database.name}.{orders.name}"
    if kind == "a replica set" and "setName" not in hello:
        remedy = (
            "make it a replica set of one (replication.replSetName, then rs.initiate()), or leave live out"
        )
        yield Check(what, False, f"MongoDB at {address} is a standalone server and tells of none", remedy)
        return
    yield Check(what, True, f"told by {kind}")
    yield _before_images(orders, fix=fix)


def _before_images(orders: Documents, *, fix: bool) -> Check:
    what = f"orders of {orders.database.name}.{orders.name} as they were"
    if _are_kept(orders):
        return Check(what, True, "kept: whoever loses an order is looked at when it happens")
    if fix:
        orders.database.command("collMod", orders.name, changeStreamPreAndPostImages={"enabled": True})
        return Check(what, True, "kept from now on", changed=True)
    images = "changeStreamPreAndPostImages: {enabled: true}"
    command = f"db.runCommand({{collMod: {json.dumps(orders.name)}, {images}}})"
    detail = "not kept: an order that is deleted and has an id of its own is found by the next sweep"
    return Check(what, True, f"{detail}; --fix, or {command}")


def _are_kept(orders: Documents) -> bool:
    for found in orders.database.list_collections(filter={"name": orders.name}):
        return bool(found.get("options", {}).get("changeStreamPreAndPostImages", {}).get("enabled"))
    return False
