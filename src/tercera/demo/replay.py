"""A year in a minute: the shop lives day by day under a clock of its own, and Tercera watches it as it would
any other: the same configuration file, ledger, sweeps and mail."""

from __future__ import annotations

import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tercera.app import App, utc_now
from tercera.config import load_settings
from tercera.cycle import Report, cycle
from tercera.deliver import deliver
from tercera.demo import shop
from tercera.demo.mailbox import Mailbox
from tercera.demo.stores import FileStore, MongoStore, Store, directory, write_directory
from tercera.errors import ConfigError
from tercera.ledger import Delivery, Ledger
from tercera.starter import Answers, starter_text

ZONE = "America/Bogota"
DATABASE = "tercera_demo"
EVERY = 3
"""Days of shop life between two sweeps."""

_AFTERWARDS = 30
"""Seconds between two sweeps when the year is over."""

_MARK = ".tercera-demo"


@dataclass(frozen=True, slots=True)
class Demo:
    """What to replay, and where. `uri` is that of a MongoDB, None for files; `url` where the dashboard is, if
    there is one."""

    folder: Path
    orders: int = 3_000
    seed: int = 3
    uri: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One sweep of the replayed year: its day, how many orders there are, what was sent because of it."""

    day: date
    number: int
    orders: int
    transitions: Counter[str]
    deliveries: tuple[Delivery, ...]


def sweeps() -> int:
    """How many moments a replay has."""
    return -(-shop.DAYS // EVERY)


@dataclass(frozen=True, slots=True)
class Life:
    """The shop before its year, with its mail server and the ledger of whoever watches it."""

    demo: Demo
    app: App
    ledger: Ledger
    store: Store

    def moments(self, stop: threading.Event) -> Iterator[Moment]:
        """Lives the year that ends today, a moment for each sweep."""
        return _live(self.demo, self.app, self.ledger, self.store, stop)

    def go_on(self, stop: threading.Event) -> None:
        """After the year: watches on by the real clock, so that what people decide has its effect."""
        self.app.clock = utc_now
        while not stop.wait(_AFTERWARDS):
            _sweep(self.app, self.ledger, utc_now(), stop)


@contextmanager
def living(demo: Demo) -> Iterator[Life]:
    """A shop that is about to live; its mail server listens until the end. Raises `ConfigError` for a folder
    in use."""
    _prepare(demo.folder)
    with _store(demo) as store, Mailbox(demo.folder / "mail") as mailbox:
        (demo.folder / "tercera.yaml").write_text(_configuration(demo, mailbox.port), encoding="utf-8")
        environment = {**os.environ, "MONGODB_URI": demo.uri or ""}
        app = App(load_settings(demo.folder / "tercera.yaml", environment))
        try:
            with app.ledger() as ledger, ledger.hold():
                yield Life(demo, app, ledger, store)
        finally:
            app.close()


def story_month() -> date:
    """The first of the month in which the customers with a story have theirs."""
    return shop.story_month(shop.first_day(_today()))


def _today() -> date:
    return datetime.now(ZoneInfo(ZONE)).date()


def _live(demo: Demo, app: App, ledger: Ledger, store: Store, stop: threading.Event) -> Iterator[Moment]:
    seen: set[str] = set()
    last = 0
    waiting: list[shop.Order] = []
    today = _today()
    for number, day in enumerate(shop.year(today, demo.orders, demo.seed), 1):
        if stop.is_set():
            return
        waiting += day.orders
        seen.update(order.order_id for order in day.orders)
        if number % EVERY and day.date != today:
            continue
        store.write({order.order_id: order for order in waiting}.values())
        waiting = []
        now = _evening(day.date)
        app.clock = _standing_at(now)
        report = _sweep(app, ledger, now, stop)
        fresh = tuple(each for each in reversed(ledger.post.deliveries(limit=200)) if each.id > last)
        last = max([last, *(each.id for each in fresh)])
        transitions = Counter({str(r): n for swept in report.swept for r, n in swept.transitions.items()})
        yield Moment(day.date, -(-number // EVERY), len(seen), transitions, fresh)


def _sweep(app: App, ledger: Ledger, now: datetime, stop: threading.Event) -> Report:
    """Looks and tells. Raises whatever kept a rule from it."""
    report = cycle(app.settings.rules, app.source, ledger, app.terms(), now=now, clock=app.clock)
    for error in report.failed.values():
        raise error
    deliver(app.delivery(ledger), stop)
    return report


def _standing_at(now: datetime) -> Callable[[], datetime]:
    """A clock that stands still."""
    return lambda: now


def _evening(day: date) -> datetime:
    """When the day is swept; never after the real now, which the next real run must not precede."""
    evening = datetime.combine(day, time(22), ZoneInfo(ZONE)).astimezone(UTC)
    return min(evening, datetime.now(UTC) - timedelta(seconds=1))


def _prepare(folder: Path) -> None:
    """An empty folder of the demo's own. Anything that is not from an earlier demo is left alone."""
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise ConfigError(f"{folder} holds something else than a demo; name another with --dir")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()
    for name in ("orders", "mail"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for old in folder.glob("tercera.db*"):
        old.unlink()


@contextmanager
def _store(demo: Demo) -> Iterator[Store]:
    entries = directory(shop.customers(demo.orders), demo.seed)
    store: Store
    if demo.uri:
        store = mongo = MongoStore(demo.uri, DATABASE)
        mongo.add_customers(entries)
    else:
        store = FileStore(demo.folder / "orders")
        write_directory(demo.folder / "customers.csv", entries)
    try:
        yield store
    finally:
        store.close()


def _configuration(demo: Demo, port: int) -> str:
    mongodb = demo.uri is not None
    text = starter_text(
        Answers(
            kind="mongodb" if mongodb else "files",
            timezone=ZONE,
            # With a default, so that the ledger can be looked at when the server is gone.
            uri="${MONGODB_URI:-mongodb://127.0.0.1/}",
            database=DATABASE,
            orders="Orders" if mongodb else "orders/*.csv",
            customers="Clients" if mongodb else "customers.csv",
            order_id="shipping_id",
            customer_id="order_vendor_dbname",
            status="shipping_status",
            placed_at="shipping_date",
            amount="amount",
            currency="EUR",
            valid_customer_id=r"^(\w+_\d+|[0-9A-Za-z]{24})$",
            date_format="%Y-%m-%d",
            customer_key="identificationNumber",
            customer_language="language",
            smtp_host="127.0.0.1",
            smtp_port=f"${{DEMO_SMTP_PORT:-{port}}}",
            smtp_security="none",
            sender="Tercera Demo <alerts@shop.example.com>",
            login=False,
        )
    )
    if demo.url is not None:
        text += f"\nweb:\n  url: {demo.url}\n  port: {urlsplit(demo.url).port}\n"
    return f"# Written by `tercera demo`; its mail server listened on port {port} while it ran.\n{text}"
