"""`tercera run` as it lives on a server: signals, a second one, outages, schedules."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tercera.daemon.delivering import RETRY_EVERY
from tests.e2e.process import Running, Tercera
from tests.e2e.restartable import restartable
from tests.e2e.shop import OPERATIONS, SECRETS, Files, Inbox, Month, configuration, files_source, this_month
from tests.servers.free_port import free_port
from tests.servers.smtp import SmtpServer

NEW = (OPERATIONS, "Tercera: 1 change (1 new)")
EVERY_SECOND = {"every": "1s"}
ONCE_A_MONTH = {"cron": "0 8 1 * *"}


@pytest.fixture
def month() -> Month:
    """The shop's current month."""
    return this_month()


@pytest.fixture
def shop(tmp_path: Path, month: Month) -> Files:
    """One customer with three returns."""
    folder = tmp_path / "shop"
    folder.mkdir()
    files = Files(folder)
    files.customer("ana", "ana@example.com", "Ana")
    files.returned("ana", month, "A1", "A2", "A3")
    return files


@pytest.fixture
def tercera(shop: Files, mail_server: SmtpServer) -> Tercera:
    """Configured for these files and the mail server."""
    made = Tercera(shop.folder, SECRETS)
    made.configure(configuration(files_source(), mail_server, schedule=EVERY_SECOND))
    return made


def told(month: Month, count: int, name: str = "ana") -> tuple[str, str]:
    """A customer's mail: the first, or one of more."""
    words = "Tiene 3" if count == 3 else f"Ya son {count}"
    return f"{name}@example.com", f"{words} pedidos devueltos en {month.spanish}"


def stopped(daemon: Running, by: signal.Signals = signal.SIGTERM) -> None:
    """Sends the signal; the daemon ends by itself, with 0, and says so."""
    daemon.process.send_signal(by)
    assert daemon.ended() == 0
    assert '"stopped"' in daemon.lines[-1]


def test_it_sweeps_at_once_and_again(
    tercera: Tercera, shop: Files, mail_server: SmtpServer, month: Month
) -> None:
    """What is there is told at the start, what comes later by the schedule; nothing twice. SIGINT ends it."""
    inbox = Inbox(mail_server)
    with tercera.started("run") as daemon:
        assert daemon.event("started")["schedule"] == "every 0:00:01"
        assert daemon.event("swept")["opened"] == 1
        assert daemon.event("delivered")["sent"] == 2
        inbox.expect(told(month, 3), NEW)
        shop.returned("ana", month, "A4", "A5")
        assert daemon.event("delivered")["sent"] == 2
        stopped(daemon, signal.SIGINT)
    inbox.expect(told(month, 5), (OPERATIONS, "Tercera: 1 change (1 up)"))
    assert tercera.json("run", "--once")["notices"]["sent"] == 0
    inbox.expect()


def test_months_that_are_over_at_its_first_sweep(tercera: Tercera, shop: Files, month: Month) -> None:
    """They are kept in silence, and the log says how many. The open month is told in the same sweep."""
    shop.returned("ana", month.before, "B1", "B2", "B3")
    with tercera.started("run") as daemon:
        swept = daemon.event("swept")
        assert (swept["first_sweep"], swept["baseline"], swept["opened"]) == (True, 1, 1)
        assert daemon.event("delivered")["sent"] == 2
        stopped(daemon)


def test_a_limit_of_seconds_is_kept_to_the_second(
    tercera: Tercera, shop: Files, mail_server: SmtpServer, month: Month
) -> None:
    """One mail a second, not one for each time that the daemon looks for what is due."""
    for name in ("bea", "eva", "ida"):
        shop.customer(name, f"{name}@example.com")
        shop.returned(name, month, *(f"{name}{number}" for number in range(3)))
    written = configuration(files_source(), mail_server)
    written["channels"]["customer"]["rate"] = {"per_channel": "1/1s"}
    tercera.configure(written)
    with tercera.started("run") as daemon:
        deliveries = [daemon.event("delivered") for _ in range(4)]
        stopped(daemon)
    assert [each["sent"] for each in deliveries] == [5, 1, 1, 1]  # in the digest of operations are four
    first, *_, last = (datetime.fromisoformat(each["timestamp"]) for each in deliveries)
    assert timedelta(seconds=2.5) < last - first < RETRY_EVERY


def test_a_second_one_is_refused(tercera: Tercera) -> None:
    """It ends with 4 and names the process that holds the ledger. People can read. A killed one lets go."""
    with tercera.started("run") as daemon:
        daemon.event("delivered")
        for arguments in (("run",), ("run", "--once")):
            (line,) = tercera.rejected(*arguments, code=4)
            assert f"in use by process {daemon.pid} on " in line
            assert "stop that one first" in line
            assert line.endswith("several share one on PostgreSQL)")
        assert len(tercera.json("alerts")["alerts"]) == 1
        daemon.process.kill()
        assert daemon.ended() == -signal.SIGKILL
    assert tercera.json("run", "--once")["transitions"] == {"unchanged": 1}


def test_sigterm_in_the_middle_of_a_delivery(
    tercera: Tercera, shop: Files, mail_server: SmtpServer, month: Month
) -> None:
    """What is being sent is finished, the rest waits for the next run: everybody hears once."""
    # Everybody returns something here, which is not what the guard is for in this test.
    tercera.configure(
        configuration(files_source(), mail_server, schedule=EVERY_SECOND, guard={"max_share": 1})
    )
    names = [f"c{number}" for number in range(300)]
    for number, name in enumerate(names):
        shop.customers[name] = (name, f"{name}@example.com")
        for each in range(3):
            shop.orders[f"{name}-{each}"] = (name, month.day(1 + number % 28), "returned")
    shop.write()
    with tercera.started("run") as daemon:
        daemon.event("swept")
        while len(mail_server.accepted) < 5:
            time.sleep(0.001)
            assert daemon.process.poll() is None
        stopped(daemon)
        sent = len(mail_server.accepted)
        assert sent < len(names), "too late to be in the middle"
        assert f'"sent": {sent}' in "".join(line for line in daemon.lines if '"delivered"' in line)
    receipts = tercera.json("deliveries", "--state", "sent", "--limit", "1000")["deliveries"]
    assert len({one["message"] for one in receipts}) == sent
    tercera.json("run", "--once")
    Inbox(mail_server).expect(
        *(told(month, 3, name) for name in ("ana", *names)),
        (OPERATIONS, "Tercera: 301 changes (301 new)"),
    )


def test_sigterm_in_the_middle_of_a_cycle(
    tercera: Tercera, shop: Files, mail_server: SmtpServer, month: Month
) -> None:
    """It ends cleanly with nothing half done, and the next run does what was left."""
    for number in range(100_000):
        shop.orders[f"B{number}"] = (f"b{number % 5000}", month.day(1 + number % 28), "delivered")
    shop.write()
    with tercera.started("run") as daemon:
        daemon.event("started")
        stopped(daemon)
    tercera.json("run", "--once")
    Inbox(mail_server).expect(told(month, 3), NEW)


def test_cron_waits_for_its_time(tercera: Tercera, mail_server: SmtpServer, month: Month) -> None:
    """Nothing missed, no sweep: only what is due is sent. A missed run is made up for at once."""
    inbox = Inbox(mail_server)
    written = configuration(files_source(), mail_server, schedule=ONCE_A_MONTH)
    written["email"]["port"] = "${SMTP_PORT}"
    tercera.configure(written)
    tercera.environment["SMTP_PORT"] = str(free_port())
    tercera.json("run", "--once")
    alter(tercera, "UPDATE messages SET due_at = due_at - 31000000")
    alter(tercera, "UPDATE circuits SET retry_at = retry_at - 31000000")
    tercera.environment["SMTP_PORT"] = str(mail_server.port)

    with tercera.started("run") as daemon:
        assert daemon.event("started")["schedule"] == "cron 0 8 1 * *"
        daemon.event("delivered")  # whatever begins at the start has begun by now
        stopped(daemon)
    assert not [line for line in daemon.lines if "swept" in line or "cycle stopped" in line]
    inbox.expect(told(month, 3), NEW)

    alter(tercera, f"UPDATE cursors SET checked_through = checked_through - {40 * 24 * 3600 * 10**6}")
    with tercera.started("run") as daemon:
        assert daemon.event("swept")["unchanged"] == 1
        stopped(daemon)
    inbox.expect()


def alter(tercera: Tercera, statement: str) -> None:
    """As if time had passed: the ledger keeps times in microseconds."""
    with closing(sqlite3.connect(tercera.folder / "tercera.db")) as ledger, ledger:
        ledger.execute(statement)


@pytest.mark.mongod
def test_an_outage_of_the_database(
    tmp_path: Path, tercera: Tercera, mail_server: SmtpServer, month: Month
) -> None:
    """The daemon stays, says what it could not read, and catches up when the database is back."""
    inbox = Inbox(mail_server)
    (tmp_path / "data").mkdir()
    with restartable(tmp_path / "data") as server:
        source = {
            "kind": "mongodb",
            "uri": server.uri,
            "database": "shop",
            "orders": {"collection": "orders"},
            "customers": {"collection": "customers"},
            "timeout": 2,
        }
        tercera.configure(configuration(source, mail_server, schedule=EVERY_SECOND))
        with MongoClient[dict[str, Any]](server.uri) as client, tercera.started("run") as daemon:
            client["shop"]["customers"].insert_one({"id": "ana", "email": "ana@example.com"})
            daemon.event("swept")
            server.stop()
            failure = daemon.event("sweep failed, will be tried again")
            assert "MongoDB at 127.0.0.1" in failure["error"]
            server.start()
            client["shop"]["orders"].insert_many(
                {
                    "order_id": f"A{number}",
                    "customer_id": "ana",
                    "placed_at": month.day(5),
                    "status": "returned",
                }
                for number in range(3)
            )
            assert daemon.event("delivered")["sent"] == 2
            stopped(daemon)
    inbox.expect(told(month, 3), NEW)
