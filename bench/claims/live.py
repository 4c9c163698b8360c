"""A customer hears of a crossing within a second of the write that crossed, while a shop writes a thousand
orders a second."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from email import message_from_string, policy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from pymongo import MongoClient

from bench import live_writer
from bench.figures import Bound, Figure, require_equal
from bench.mailserver import AUTHORITY, PASSWORD, TIMES, USER
from bench.processes import ROOT, FailedError, measure, script
from bench.server import fresh_server
from tercera.demo.mailbox import HOST

TITLE = "Live: from a write to the mail"
URI, SECRET = "TERCERA_BENCH_URI", "TERCERA_BENCH_SMTP_PASSWORD"
PATIENCE = 60.0


def run(*, quick: bool) -> list[Figure]:
    """One run of a minute: mongod, the shop, the mail server and Tercera, a process each."""
    customers, rate, seconds = (300, 300, 3) if quick else (12_000, 1_000, 60)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        os.environ[URI] = stack.enter_context(fresh_server())
        os.environ[SECRET] = PASSWORD
        with MongoClient[dict[str, Any]](os.environ[URI]) as client:
            live_writer.fill(client["live"], customers)
        mails: list[tuple[float, str, int]] = []
        with _mail_server(folder, mails) as port, _following(_configured(folder, port)) as daemon:
            asked = [str(each) for each in (customers, rate, seconds)]
            wrote = json.loads(measure(script("live_writer", "live", *asked)).output)
            _settled(daemon, 2 if quick else 5)
    crossed = {(name, count): at for at, name, count in wrote["crossings"]}
    arrived = Counter((name, count) for _, name, count in mails)
    require_equal(dict(arrived), dict.fromkeys(crossed, 1), "crossings that were told, each once")
    return _figures([at - crossed[name, count] for at, name, count in mails], wrote, rate, seconds)


def _figures(waits: Sequence[float], wrote: dict[str, Any], rate: int, seconds: int) -> list[Figure]:
    ordered = sorted(waits)
    p50, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    claim = (
        f"{rate:,} writes a second for {seconds} s, from a write's acknowledgement to the mail's acceptance"
    )
    detail = (
        f"{len(ordered):,} crossings, each told once; half within {p50:.2f} s, 99 % {p99:.2f} s, the slowest "
        f"{ordered[-1]:.2f} s"
    )
    pace = f"{wrote['seconds']:.1f} s for {rate * seconds:,} writes, at most {wrote['latest']:.1f} s late"
    return [
        Figure(f"{claim}: 99 %", p99, Bound.AT_MOST, 1, "s", detail),
        Figure(f"{claim}: the slowest", ordered[-1], Bound.AT_MOST, 3, "s"),
        Figure("… the pace of these writes", wrote["seconds"] / seconds, Bound.AT_MOST, 1.02, detail=pace),
    ]


def _configured(folder: Path, port: str) -> Path:
    rule = {
        "id": "repeat-returns",
        "title": "Three or more returned orders in a month",
        "when": {"status": ["returned"]},
        "levels": dict(zip(("notice", "warning", "critical"), live_writer.LEVELS, strict=True)),
        "notify": ["customer"],
    }
    settings = {
        "timezone": "UTC",
        "ledger": f"sqlite:///{folder / 'live.db'}",
        "source": {
            "kind": "mongodb",
            "uri": f"${{{URI}}}",
            "database": "live",
            "orders": {"collection": "orders", "amount": "amount"},
            "customers": {"collection": "customers"},
        },
        "rules": [rule],
        "channels": {"customer": {"kind": "email", "to": "customer", "language": "en", "charts": False}},
        "email": {
            "host": HOST,
            "port": int(port),
            "security": "starttls",
            "username": USER,
            "password": f"${{{SECRET}}}",
            "sender": "Shop <alerts@example.com>",
            "ca_file": str(folder / AUTHORITY),
        },
        "guard": {"max_notices": 1_000_000, "max_share": 1},
        "schedule": {"live": True},
    }
    config = folder / "tercera.yaml"
    config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return config


@contextmanager
def _following(config: Path) -> Iterator[subprocess.Popen[str]]:
    """`tercera run`, once its first sweep is over."""
    log = config.with_name("log")
    with log.open("w") as written:
        command = [sys.executable, "-m", "tercera", "run", "-c", str(config)]
        process = subprocess.Popen(command, stderr=written, text=True, cwd=ROOT)
        try:
            deadline = time.monotonic() + PATIENCE
            while '"swept"' not in log.read_text():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise FailedError(f"tercera run did not get to its first sweep: {log.read_text()}")
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)
            if keep := os.environ.get("TERCERA_BENCH_LOG"):
                Path(keep).write_text(log.read_text())


def _settled(daemon: subprocess.Popen[str], seconds: float) -> None:
    """Waits for what is under way: longer than anything may take."""
    time.sleep(seconds)
    if daemon.poll() is not None:
        raise FailedError(f"tercera run ended with {daemon.returncode}")


@contextmanager
def _mail_server(folder: Path, mails: list[tuple[float, str, int]]) -> Iterator[str]:
    """Gives the port; at the end `mails` holds when each was taken, whom it is for, and what it tells."""
    process = subprocess.Popen(
        script("mailserver", str(folder), TIMES),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
        process.stdin.close()
        int(process.stdout.readline())
        for at, head in json.loads(process.stdout.read()):
            mail = message_from_string(head, policy=policy.default)
            words = str(mail["Subject"]).split()
            count = next(int(word) for word in words if word.isdigit())  # one more may have come since
            count = max(level for level in live_writer.LEVELS if level <= count)
            mails.append((at, str(mail["To"]).rpartition("<")[2].partition("@")[0], count))
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()
