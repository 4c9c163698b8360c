"""`kill -9` at random moments of a cycle and of a delivery: nothing is lost, nothing is said twice except
what the mail server may have accepted in the instant of the kill, and that under the same Message-ID."""

from __future__ import annotations

import os
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pymongo.database import Database

from tercera.ledger import open_ledger
from tests.e2e.process import Tercera
from tests.e2e.shop import OPERATIONS, RULE, ZONE, Files, files_source, this_month
from tests.e2e.trial import Trial, recording, trial

CUSTOMERS = 60
CONNECTIONS = 4
LOWEST, HIGHEST = 3, 300

Grow = Callable[[Random], None]


class Returns:
    """The orders so far: each (id, customer). The oracle counts distinct ids, with nothing of Tercera's."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, str]] = []

    def more(self, random: Random) -> list[tuple[str, str]]:
        """Some customers return something again; now and then the same line is written twice."""
        fresh: list[tuple[str, str]] = []
        for number in random.sample(range(CUSTOMERS), 20):
            for _ in range(random.choice((1, 1, 2))):
                fresh.append((f"S{len(self.orders) + len(fresh)}", f"c_{number}"))
        fresh += random.sample(fresh, 3)
        self.orders += fresh
        return fresh

    def levels(self) -> dict[str, int]:
        """The level that each customer has reached: the count itself, from the lowest on."""
        counts = Counter(customer for _, customer in set(self.orders))
        return {f"{who}@example.com": count for who, count in counts.items() if count >= LOWEST}


def configured(folder: Path, source: dict[str, Any], port: int) -> Tercera:
    """A level for each count, so that every further return is news."""
    tercera = Tercera(folder)
    levels = {f"level-{count}": count for count in range(LOWEST, HIGHEST)}
    tercera.configure(
        {
            "timezone": ZONE,
            "source": source,
            "rules": [{**RULE, "levels": levels, "evidence": 2}],
            "guard": {"max_share": 1},  # in this shop nearly everybody returns something in each cycle
            "channels": {
                "customer": {"kind": "email", "to": "customer", "language": "es"},
                "operations": {"kind": "email", "to": [OPERATIONS], "digest": True},
            },
            "email": {
                "host": "127.0.0.1",
                "port": port,
                "security": "none",
                "sender": "alerts@shop.example.com",
            },
        }
    )
    return tercera


@pytest.fixture
def seed() -> int:
    """Printed, and set by TERCERA_SEED to see the same again (as far as moments can be the same)."""
    seed = int(os.environ.get("TERCERA_SEED") or time.time_ns() % 10**6)
    print(f"TERCERA_SEED={seed}")
    return seed


@pytest.mark.timeout(600)
def test_runs_over_files_that_are_killed(tmp_path: Path, seed: int) -> None:
    """At 100 moments and more, about half of them while mails are handed over."""
    shop, returns, month = Files(tmp_path), Returns(), this_month()
    for number in range(CUSTOMERS):
        shop.customers[f"c_{number}"] = (f"Customer {number}", f"c_{number}@example.com")

    def grow(random: Random) -> None:
        for order, customer in returns.more(random):
            shop.orders[order] = (customer, month.day(random.randint(1, 28)), "returned")
        shop.write()

    with recording(tmp_path / "mail.log") as (log, port):
        tercera = configured(tmp_path, files_source(), port)
        with trial(tercera, log, seed) as ongoing:
            kill_often(ongoing, grow, 100)
            check(ongoing, returns)
            delivering = sum(attempt.delivering for attempt in ongoing.killed)
            assert 40 <= delivering <= 80, "kills should fall on cycles and on deliveries"


def test_first_starts_that_are_killed(tmp_path: Path, seed: int) -> None:
    """Also a ledger that is only half made is made good by the next run."""
    shop, returns, month = Files(tmp_path), Returns(), this_month()
    random = Random(seed)
    for _ in range(4):
        for order, customer in returns.more(random):
            shop.orders[order] = (customer, month.day(1), "returned")
            shop.customers[customer] = (customer, f"{customer}@example.com")
    shop.write()
    with recording(tmp_path / "mail.log") as (log, port):
        tercera = configured(tmp_path, files_source(), port)
        with trial(tercera, log, seed) as ongoing:
            ongoing.measure()
            for _ in range(6):
                for path in tmp_path.glob("tercera.db*"):
                    path.unlink()
                ongoing.attempts.clear()
                ongoing.attempt(beginning=True)
                ongoing.measure()
                check(ongoing, returns)


@pytest.mark.mongod
@pytest.mark.xdist_group("mongod")
def test_runs_over_mongodb_that_are_killed(
    tmp_path: Path, mongo_uri: str, database: Database[dict[str, Any]], seed: int
) -> None:
    """The same, at fewer moments."""
    returns, month = Returns(), this_month()
    source = {
        "kind": "mongodb",
        "uri": mongo_uri,
        "database": database.name,
        "orders": {"collection": "Orders"},
        "customers": {"collection": "Clients"},
    }
    with recording(tmp_path / "mail.log") as (log, port):
        database["Clients"].insert_many(
            {"id": f"c_{number}", "name": f"Customer {number}", "email": f"c_{number}@example.com"}
            for number in range(CUSTOMERS)
        )

        def grow(random: Random) -> None:
            database["Orders"].insert_many(
                {
                    "order_id": order,
                    "customer_id": customer,
                    "placed_at": month.day(random.randint(1, 28)),
                    "status": "returned",
                }
                for order, customer in returns.more(random)
            )

        tercera = configured(tmp_path, source, port)
        with trial(tercera, log, seed) as ongoing:
            kill_often(ongoing, grow, 15)
            check(ongoing, returns)


def kill_often(ongoing: Trial, grow: Grow, kills: int) -> None:
    """Kills runs while orders grow, then lets one run to its end."""
    for _ in range(4):
        grow(ongoing.random)
    ongoing.measure()
    grow(ongoing.random)
    ongoing.measure()  # once more: the first one also made the ledger
    while len(ongoing.killed) < kills:
        assert len(ongoing.attempts) < kills * 2, "most kills come too late"
        grow(ongoing.random)
        ongoing.attempt()
    ongoing.measure()


def check(ongoing: Trial, returns: Returns) -> None:
    """What the server accepted, what the ledger says and what the orders say must agree."""
    attempts, killed = ongoing.attempts, ongoing.killed
    runs: dict[str, list[int]] = defaultdict(list)
    told: dict[str, list[int]] = defaultdict(list)
    for run, attempt in enumerate(attempts):
        for mail in attempt.arrivals:
            if mail.message_id not in runs and mail.recipient != OPERATIONS:
                found = re.search(r"(\d+) pedidos? ", mail.subject)
                assert found, mail.subject
                told[mail.recipient].append(int(found[1]))
            runs[mail.message_id].append(run)

    repeats = Counter(earlier for seen in runs.values() for earlier in seen[:-1])
    print(
        f"{len(attempts)} runs, {len(killed)} killed, {sum(one.delivering for one in killed)} of them while "
        f"delivering; {sum(map(len, runs.values()))} mails accepted, {len(runs)} different, "
        f"{repeats.total()} repeated; pace {ongoing.pace}"
    )

    # Twice only what was in doubt when a run was killed: at most one message for each connection.
    for message, seen in runs.items():
        assert len(set(seen)) == len(seen), f"{message} was accepted twice in one run"
    for run, count in repeats.items():
        assert attempts[run].killed, f"run {run} was not killed, and {count} of its mails were sent again"
        assert count <= CONNECTIONS

    # The ledger and the server agree.
    with open_ledger(f"sqlite:///{ongoing.tercera.folder / 'tercera.db'}", read_only=True) as ledger:
        deliveries = ledger.deliveries(limit=10**6)
    assert {one.state for one in deliveries} == {"sent"}
    assert {f"<{one.message}@shop.example.com>" for one in deliveries} == set(runs)

    # Each customer was told rising levels, and at last the one that the orders say.
    for recipient, levels in told.items():
        assert levels == sorted(set(levels)), f"{recipient} was told {levels}"
    assert {recipient: levels[-1] for recipient, levels in told.items()} == returns.levels()
