"""The rival of a sweep: all of history grouped by customer and month, rows with bad ids or dates left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pymongo.collection import Collection

Document = dict[str, Any]


def pipeline(valid: str) -> list[Mapping[str, Any]]:
    """Groups the matching rows, keeps the groups of three or more, with the ids of their orders."""
    return [
        {
            "$match": {
                "shipping_status": {"$in": ["cancelled", "returned"]},
                "order_vendor_dbname": {"$regex": valid},
                "shipping_date": {"$regex": r"^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"},
            }
        },
        {
            "$group": {
                "_id": {
                    "customer": "$order_vendor_dbname",
                    "year": {"$substrBytes": ["$shipping_date", 0, 4]},
                    "month": {"$substrBytes": ["$shipping_date", 5, 2]},
                },
                "total": {"$sum": 1},
                "orders": {"$push": "$shipping_id"},
            }
        },
        {"$match": {"total": {"$gte": 3}}},
    ]


def hits(orders: Collection[Document], valid: str, *, scan: bool) -> list[Document]:
    """The groups. `scan` reads the collection from end to end, else the server chooses an index."""
    hint = {"$natural": 1} if scan else None
    options: dict[str, Any] = {"hint": hint} if hint else {}
    return list(orders.aggregate(pipeline(valid), allowDiskUse=True, **options))


def distinct_orders(groups: list[Document]) -> dict[tuple[str, str], int]:
    """Distinct orders of each (customer, month) that has three: what the groups say without repeated rows."""
    counted = {
        (group["_id"]["customer"], f"{group['_id']['year']}-{group['_id']['month']}"): len(
            {order for order in group["orders"] if order is not None and re.search(r"\S", order)}
        )
        for group in groups
    }
    return {pair: total for pair, total in counted.items() if total >= 3}
