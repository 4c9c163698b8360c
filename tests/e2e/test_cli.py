"""The command line: how fast it answers, the demo, the way from nothing to a first look at orders."""

from __future__ import annotations

import csv
import re
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tercera import __version__
from tercera.config import load_settings
from tests.e2e.process import Tercera

HEAVY = (
    "alembic", "apscheduler", "babel", "duckdb", "faker", "ibis", "jinja2", "numpy", "pandas", "pyarrow",
    "pydantic", "pymongo", "sqlalchemy", "structlog", "yaml",
)  # fmt: skip


def test_help_answers_at_once(tmp_path: Path) -> None:
    """In under 0.3 s of processor time: what the clock shows on an idle machine. The clock itself would
    measure what else this machine does, such as other tests."""
    tercera, taken = Tercera(tmp_path, fresh=True), []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        answer = tercera.run("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert "Exit codes" in answer.out
    print(f"tercera --help: {taken}")
    assert statistics.median(taken) < 0.3


def test_help_imports_nothing_heavy() -> None:
    """Whatever the machine: the libraries that commands work with are not read for it."""
    code = "import sys, tercera.cli.main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & set(HEAVY)


def test_version(tmp_path: Path) -> None:
    """The package's."""
    assert Tercera(tmp_path, fresh=True).run("--version").out == f"tercera {__version__}\n"


def mails(folder: Path) -> list[EmailMessage]:
    """What is in a mail folder, read as a mail program would."""
    found = []
    for path in sorted(folder.glob("*.eml")):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        for kind in ("plain", "html"):
            part = mail.get_body((kind,))
            assert part is not None
            assert str(part.get_content()).strip()
        found.append(mail)
    return found


def test_the_demo(tmp_path: Path) -> None:
    """It leaves mails: alerts, an escalation and a retraction in the thread of theirs, and operations told
    of a customer without an address. It can be run again, and what it leaves can be looked at."""
    tercera = Tercera(tmp_path)
    report = tercera.json("demo", "--once", "--dir", "D", "--orders", "100")
    folder = tmp_path / "D" / "mail"
    found = mails(folder)
    assert report["mails"] == len(found)
    assert report["transitions"]["opened"] >= 3
    reasons = defaultdict(list)
    for mail in (mail for mail in found if mail["To"] != "ops@example.com"):
        reasons[str(mail["X-Tercera-Reason"])].append(mail)
    ids = [str(mail["Message-ID"]) for mail in found]
    assert len(set(ids)) == len(ids)
    assert reasons["alert; opened"]
    assert all("In-Reply-To" not in mail for mail in reasons["alert; opened"])
    for reason in ("alert; escalated", "alert; retracted"):
        assert reasons[reason]
        assert all(mail["In-Reply-To"] in ids for mail in reasons[reason])
    untold = [mail for mail in found if "no e-mail address" in str(mail.get_body(("plain",)))]
    assert untold

    config = str(tmp_path / "D" / "tercera.yaml")
    deliveries = tercera.json("deliveries", "-c", config, "--state", "undeliverable")["deliveries"]
    assert {one["problem"] for one in deliveries} == {"no_email"}
    assert len(tercera.json("alerts", "-c", config)["alerts"]) >= 3

    (folder / "0000-old.eml").touch()
    with tercera.started("demo", "--once", "--dir", "D", "--orders", "100") as again:
        while (folder / "0000-old.eml").exists() or not list(folder.glob("*.eml")):
            assert again.process.poll() is None
            time.sleep(0.01)
        again.process.send_signal(signal.SIGTERM)
        assert again.ended() == 0


def test_the_demo_leaves_other_folders_alone(tmp_path: Path) -> None:
    """A folder that holds something else is refused."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    (line,) = Tercera(tmp_path, fresh=True).rejected("demo", "--once", "--json", "--dir", "photos", code=2)
    assert "photos holds something else than a demo" in line
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.jpg"]


def test_from_nothing_to_a_first_look(tmp_path: Path) -> None:
    """simulate, init, backtest: the counts are those of the file, counted by hand."""
    tercera = Tercera(tmp_path, fresh=True)
    made = tercera.json("simulate", "orders", "orders.csv", "--orders", "4000", "--seed", "5")
    flags = {
        "kind": "files",
        "orders": "orders.csv",
        "customers": "",
        "order-id": "shipping_id",
        "customer-id": "order_vendor_dbname",
        "status": "shipping_status",
        "placed-at": "shipping_date",
        "date-format": "%Y-%m-%d",
        "timezone": "America/Bogota",
        "operations": "ops@example.com",
    }
    init = [word for name, value in flags.items() for word in (f"--{name}", value)]
    tercera.run("init", *init)
    (line,) = tercera.rejected("init", *init, code=2)
    assert "tercera.yaml is there already; --force overwrites it" in line
    (tmp_path / ".env").write_text(
        "SMTP_HOST=127.0.0.1\nSMTP_USER=user\nSMTP_PASSWORD=secret\nSENDER_EMAIL=alerts@example.com\n"
    )
    assert load_settings(tmp_path / "tercera.yaml").timezone == "America/Bogota"

    report = tercera.json("backtest")
    alerts, rows = counted_by_hand(tmp_path / "orders.csv")
    assert report["rows"] == rows == made["rows"]
    assert report["by_window"] == {
        window: sum(1 for _, month in alerts if month == window) for window in sorted({m for _, m in alerts})
    }
    assert report["alerts"] == len(alerts) > 20
    assert report["customers"] == len({customer for customer, _ in alerts})
    assert sum(count["rows"] for count in report["rejects"].values()) > 0
    people = tercera.run("backtest").out
    assert f"{len(alerts):,} alerts" in people
    assert "█" in people


def counted_by_hand(path: Path) -> tuple[set[tuple[str, str]], int]:
    """The (customer, month) pairs with three or more distinct returned or cancelled orders, and the rows."""
    orders = defaultdict(set)
    rows = 0
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows += 1
            values = [row[name].strip() for name in ("shipping_id", "order_vendor_dbname", "shipping_status")]
            if all(values) and is_date(row["shipping_date"]) and values[2] in ("returned", "cancelled"):
                orders[row["order_vendor_dbname"], row["shipping_date"][:7]].add(row["shipping_id"])
    return {pair for pair, ids in orders.items() if len(ids) >= 3}, rows


def is_date(text: str) -> bool:
    """Whether the calendar has such a day."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
