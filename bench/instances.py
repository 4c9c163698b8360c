"""Several instances over one PostgreSQL ledger: `python -m bench.instances`.

One, two and three processes `tercera run --once` start at the same moment on an empty ledger. Each line tells
how long it took until every rule was swept and every notice sent, and who did what.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import psycopg
import yaml
from tests.servers.postgresql import Postgres

from bench import settings
from bench.processes import simulated_orders

RULES = 8
MONTHS = 24


def main() -> None:
    """Prints a line for each number of instances."""
    parser = argparse.ArgumentParser(prog="python -m bench.instances", description=__doc__)
    parser.add_argument("--orders", type=int, default=300_000)
    orders = parser.parse_args().orders
    today = datetime.now(UTC).date()
    start = date(today.year - MONTHS // 12, today.month, 1)
    path = simulated_orders(orders, "parquet", start=start, months=MONTHS + 1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        folder.chmod(0o755)  # the server does not run as root
        (folder / "postgresql").mkdir()
        postgres = stack.enter_context(Postgres(folder / "postgresql"))
        for count in (1, 2, 3):
            uri = postgres.uri.set(database=f"of_{count}").render_as_string(hide_password=False)
            plain = postgres.uri.set(drivername="postgresql").render_as_string(hide_password=False)
            with psycopg.connect(plain, autocommit=True) as administrator:
                administrator.execute(f"CREATE DATABASE of_{count}".encode())
            print(told(*run(folder / f"runs{count}", count, path, uri)))


def run(folder: Path, count: int, orders: Path, ledger: str) -> tuple[float, list[dict[str, Any]]]:
    """Seconds until the last of so many instances was done, and what each of them reported."""
    began = perf_counter()
    processes = []
    for number in range(count):
        own = folder / str(number)
        own.mkdir(parents=True)
        configure(own / "tercera.yaml", orders, ledger)
        command = [
            sys.executable,
            "-m",
            "tercera",
            "run",
            "--once",
            "--json",
            "-c",
            str(own / "tercera.yaml"),
        ]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    reports = [json.loads(process.communicate()[0]) for process in processes]
    return perf_counter() - began, reports


def configure(config: Path, orders: Path, ledger: str) -> None:
    """So many rules over the same orders, each of which reads them with one thread."""
    settings.files(config, orders, mail={"channels": {"log": {"kind": "log", "to": "told.jsonl"}}})
    written = yaml.safe_load(config.read_text(encoding="utf-8"))
    written["ledger"] = ledger
    written["source"]["threads"] = 1
    written["guard"] = {"max_notices": 1_000_000, "max_share": 1}
    rule = written["rules"][0]
    written["rules"] = [
        {**rule, "id": f"rule-{number}", "levels": {"notice": number}} for number in range(3, RULES + 3)
    ]
    config.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")


def told(seconds: float, reports: list[dict[str, Any]]) -> str:
    """Like `2 instances: 9.1 s; rules swept 4 + 4; notices sent 120 + 131`."""
    rules = " + ".join(str(len(report["rules"])) for report in reports)
    sent = " + ".join(str(report["notices"].get("sent", 0)) for report in reports)
    return f"{len(reports)} instances: {seconds:.1f} s; rules swept {rules}; notices sent {sent}"


if __name__ == "__main__":
    main()
