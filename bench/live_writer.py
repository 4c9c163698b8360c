"""A program: a shop that writes so many orders a second for so long, and knows who crosses a level by which
of them.

Of three writes one is a new order, one changes a field that no rule reads, and one turns an order of a
customer into a returned one. Each is a command of its own that its thread waits for, as the handlers of a
shop's requests do; the server acknowledges it when it is in the journal on disk (`w: majority`, the default).
A thread that is late writes at once. Prints as JSON how long it took, how late the latest write ended, and
each crossing: when the server had acknowledged the write, the customer, how many are returned then.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from datetime import date
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection

THREADS = 16
ORDERS = 10
"""Of each customer, at first."""

LEVELS = (3, 5, 10)
MOST_APART = 3.0
"""Seconds between two returns of one customer: each crossing is one of its own, never two at once. Less in a
short run."""

Orders = Collection[dict[str, Any]]
Crossing = tuple[float, str, int]


def fill(database: Any, customers: int, seed: int = 1) -> None:
    """Orders of this month for each customer, none returned, with the indexes that `check` proposes."""
    chance = random.Random(seed)
    documents = [_order(chance, number, number % customers) for number in range(customers * ORDERS)]
    database.orders.insert_many(documents, ordered=False)
    database.orders.create_index([("customer_id", 1), ("placed_at", 1), ("status", 1), ("order_id", 1)])
    database.orders.create_index([("placed_at", 1), ("customer_id", 1), ("status", 1), ("order_id", 1)])
    database.orders.create_index([("order_id", 1)])
    names = [f"shop_{number}" for number in range(customers)]
    database.customers.insert_many(
        [{"id": name, "name": name.title(), "email": f"{name}@example.com"} for name in names], ordered=False
    )
    database.customers.create_index([("id", 1)])


def _order(chance: random.Random, number: int, customer: int) -> dict[str, Any]:
    placed = date.today().replace(day=1 + chance.randrange(28)).isoformat()
    values = {"order_id": f"o{number}", "customer_id": f"shop_{customer}", "status": "delivered"}
    return values | {"placed_at": placed, "amount": 19.9, "remark": "x" * 200}


class Writer:
    """What the threads share: the plan of writes, and what came of them."""

    def __init__(self, orders: Orders, customers: int, rate: int, seconds: int) -> None:
        self._orders = orders
        self._customers = customers
        self._apart = min(MOST_APART, seconds / 5)
        self._plan = self._planned(random.Random(7), rate, rate * seconds)
        self._next = threading.Lock()
        self.crossings: list[Crossing] = []
        self.latest = 0.0
        self.began = time.time() + 0.5

    def _planned(self, chance: random.Random, rate: int, writes: int) -> Iterator[tuple[float, str, Any]]:
        """When, what, and of which crossing (customer, count)."""
        stored = self._customers * ORDERS
        returned: Counter[int] = Counter()
        resting: deque[tuple[float, int]] = deque()
        keen = range(writes // 9)  # who return three orders each, more or less; the others none
        free = set(keen)
        for number in range(writes):
            at = number / rate
            while resting and resting[0][0] <= at:
                free.add(resting.popleft()[1])
            kind = number % 3
            if kind == 0:
                yield at, "insert", _order(chance, stored + number, chance.randrange(self._customers))
            elif kind == 1:
                yield at, "touch", f"o{chance.randrange(stored)}"
            else:
                customer = chance.choice(keen)
                while customer not in free or returned[customer] >= ORDERS:
                    customer = chance.choice(keen)
                free.discard(customer)
                resting.append((at + self._apart, customer))
                order = f"o{customer + returned[customer] * self._customers}"
                returned[customer] += 1
                yield at, "return", (order, customer, returned[customer])

    def write(self) -> None:
        """One thread's share."""
        while True:
            with self._next:
                planned = next(self._plan, None)
            if planned is None:
                return
            at, kind, what = planned
            ahead = self.began + at - time.time()
            if ahead > 0:
                time.sleep(ahead)
            if kind == "insert":
                self._orders.insert_one(what)
            elif kind == "touch":
                self._orders.update_one({"order_id": what}, {"$set": {"remark": f"seen {at}"}})
            else:
                self._return(*what)
            self.latest = max(self.latest, time.time() - (self.began + at))

    def _return(self, order: str, customer: int, count: int) -> None:
        self._orders.update_one({"order_id": order}, {"$set": {"status": "returned"}})
        if count in LEVELS:
            self.crossings.append((time.time(), f"shop_{customer}", count))


def main(database: str, customers: int, rate: int, seconds: int) -> None:
    """Writes, and prints what it knows."""
    with MongoClient[dict[str, Any]](os.environ["TERCERA_BENCH_URI"], maxPoolSize=THREADS) as client:
        client.admin.command("ping")
        writer = Writer(client[database].orders, customers, rate, seconds)
        threads = [threading.Thread(target=writer.write) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.time() - writer.began
    print(json.dumps({"seconds": took, "latest": writer.latest, "crossings": writer.crossings}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
