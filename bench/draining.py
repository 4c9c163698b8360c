"""A program: has so many notices written down by a real cycle, then drains them, and prints the seconds of
the draining alone."""

from __future__ import annotations

import csv
import os
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import settings
from bench.mailserver import AUTHORITY, PASSWORD, USER
from tercera.app import App, open_app
from tercera.cycle import cycle
from tercera.deliver import deliver
from tercera.demo.mailbox import HOST
from tercera.ledger import Ledger
from tercera.messages import NoticeState
from tercera.simulate import Recipe, fill_file

NOW = datetime(2023, 6, 28, 12, tzinfo=UTC)
SECRET = "TERCERA_BENCH_SMTP_PASSWORD"


def drain(certificates: Path, port: int, notices: int) -> float:
    """Seconds to send a notice to each of so many customers."""
    os.environ[SECRET] = PASSWORD
    with TemporaryDirectory() as name:
        folder = Path(name)
        orders, customers = folder / "orders.csv", folder / "customers.csv"
        write_orders(orders, notices)
        fill_file(orders, customers, Recipe(seed=1))
        mail = _mail(certificates, port)
        mail["guard"] = {"max_notices": notices, "max_share": 1}
        config = settings.files(folder / "tercera.yaml", orders, customers=customers, mail=mail)
        with open_app(config, clock=lambda: NOW) as app, app.ledger() as ledger:
            return _drain(app, ledger, notices)


def _drain(app: App, ledger: Ledger, notices: int) -> float:
    report = cycle(app.settings.rules, app.source, ledger, app.terms(), now=NOW, clock=lambda: NOW)
    for error in report.failed.values():
        raise error
    began = time.perf_counter()
    outcomes = deliver(app.delivery(ledger), threading.Event())
    took = time.perf_counter() - began
    if outcomes != {NoticeState.SENT: notices}:
        raise RuntimeError(f"{notices} notices were to be sent, and it came to {dict(outcomes)}")
    return took


def _mail(certificates: Path, port: int) -> dict[str, Any]:
    return {
        "channels": {"customer": {"kind": "email", "to": "customer", "language": "es"}},
        "email": {
            "host": HOST,
            "port": port,
            "security": "starttls",
            "username": USER,
            "password": f"${{{SECRET}}}",
            "sender": "Shop <operations@example.com>",
            "ca_file": str(certificates / AUTHORITY),
        },
    }


def write_orders(path: Path, customers: int) -> None:
    """Three returned orders of each of so many customers in the month that is open, June 2023."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["shipping_id", "order_vendor_dbname", "shipping_date", "shipping_status", "amount"])
        for customer in range(customers):
            for order in range(3):
                shipping_id = f"6465208fbc139126{customer:06x}{order:02x}"
                writer.writerow(
                    [shipping_id, f"bigcolors_{1_300_000_000 + customer}", "2023-06-12", "returned", "19.90"]
                )


if __name__ == "__main__":
    print(drain(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
