"""A program with two steps: `prepare` has so many notices written down by a real cycle, and prints the size
of one mail in bytes; `deliver` drains them over plain SMTP in a process that does nothing else, and prints
the seconds of that alone."""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import settings
from bench.draining import write_orders
from tercera.app import open_app
from tercera.channels.email import EmailChannel
from tercera.cycle import cycle
from tercera.deliver import deliver
from tercera.demo.mailbox import HOST
from tercera.messages import NoticeState
from tercera.simulate import Recipe, fill_file

NOW = datetime(2023, 6, 28, 12, tzinfo=UTC)
CONNECTIONS = 8


def prepare(folder: Path, port: int, notices: int) -> int:
    """Bytes of the first mail that waits."""
    orders, customers = folder / "orders.csv", folder / "customers.csv"
    write_orders(orders, notices)
    fill_file(orders, customers, Recipe(seed=1))
    mail: dict[str, Any] = {
        "channels": {"customer": {"kind": "email", "to": "customer", "language": "es"}},
        "email": {"host": HOST, "port": port, "security": "none", "sender": "Shop <operations@example.com>"},
        "guard": {"max_notices": notices, "max_share": 1},
        "delivery": {"connections": CONNECTIONS},
    }
    config = settings.files(folder / "tercera.yaml", orders, customers=customers, mail=mail)
    with open_app(config, clock=lambda: NOW) as app, app.ledger() as ledger:
        report = cycle(app.settings.rules, app.source, ledger, app.terms(), now=NOW, clock=lambda: NOW)
        for error in report.failed.values():
            raise error
        (message,) = ledger.post.claim(NOW, 1)
        ledger.post.release_claims()
        channel = app.channels["customer"]
        assert isinstance(channel, EmailChannel)
        return len(channel.compose(message).content)


def drain(folder: Path, notices: int) -> float:
    """Seconds to send all that waits, receipts included."""
    with open_app(folder / "tercera.yaml", clock=lambda: NOW) as app, app.ledger() as ledger:
        began = time.perf_counter()
        outcomes = deliver(app.delivery(ledger), threading.Event())
        took = time.perf_counter() - began
    if outcomes != {NoticeState.SENT: notices}:
        raise RuntimeError(f"{notices} notices were to be sent, and it came to {dict(outcomes)}")
    return took


if __name__ == "__main__":
    step, folder, *numbers = sys.argv[1:]
    if step == "prepare":
        print(prepare(Path(folder), *map(int, numbers)))
    else:
        print(drain(Path(folder), *map(int, numbers)))
