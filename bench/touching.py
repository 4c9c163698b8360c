"""A program over a ledger with so many open alerts. `fill` makes it; `touch` runs cycles that touch a hundred
customers each, claims what they decided and settles it, and prints the median seconds of the cycle and of
the claim.

The alerts are of the rule that is swept, half of them in the month that is open, half in the one before,
which is watched as well; each was told and has its receipt.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bench import settings
from bench.draining import write_orders
from tercera.app import App, open_app
from tercera.cycle import cycle
from tercera.ledger import Ledger
from tercera.messages import NoticeState, Outcome
from tercera.model import SubjectId
from tercera.simulate import Recipe, fill_file

NOW = datetime(2023, 6, 28, 12, tzinfo=UTC)
CUSTOMERS, TIMES, ROUNDS = 100, 6, 3
"""The first of the times of each round warms up, and is not counted."""

_EACH = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
_WINDOW = "CASE i % 2 WHEN 0 THEN '2023-05' ELSE '2023-06' END"
_TALLY = "3, 5, '59.70', '2023-06-01', '2023-06-03', '[]'"
_FILL = (
    f"""{_EACH} INSERT INTO alerts (id, rule, subject, window, state, level, peak, spoken, transitions,
    opened_at, changed_at, digest, matched, orders, amount, first_at, last_at, evidence)
    SELECT i, 'repeat-returns', 'old_' || i, {_WINDOW}, 'open', 'notice', 'notice', 1, 1, :at, :at, 'digest',
    {_TALLY} FROM n""",
    f"""{_EACH} INSERT INTO transitions (alert, seq, run, at, reason, state, level, peak, spoken, speaks,
    title, per, period, threshold, matched, orders, amount, first_at, last_at, evidence)
    SELECT i, 1, 1, :at, 'opened', 'open', 'notice', 'notice', 1, 1, 'Returns', 'customer', 'month', 3,
    {_TALLY} FROM n""",
    f"""{_EACH} INSERT INTO messages (id, key, channel, recipient, language, for_customer, digest, notices,
    state, attempts, due_at)
    SELECT i, 'key-' || i, 'log', 'told.jsonl', 'en', 0, 0, 1, 'sent', 1, :at FROM n""",
    f"""{_EACH} INSERT INTO notices (id, message, alert, seq, kind, channel, recipient)
    SELECT i, i, i, 1, 'alert', 'log', 'told.jsonl' FROM n""",
    f"""{_EACH} INSERT INTO receipts (message, attempt, at, state, code, words)
    SELECT i, 1, :at, 'sent', 250, '250 ok' FROM n""",
    "UPDATE ledger SET last_alert = :count, last_message = :count, last_notice = :count",
)


def fill(folder: Path, alerts: int) -> None:
    """A ledger whose rule was swept once, over an empty file, and then all of these alerts. Their customers
    have no orders in the file: nobody touches them."""
    orders, customers = folder / "orders.csv", folder / "customers.csv"
    told: dict[str, Any] = {"channels": {"log": {"kind": "log", "to": "told.jsonl"}}}
    told["guard"] = {"min_notices": CUSTOMERS, "max_notices": CUSTOMERS * TIMES * ROUNDS}
    config = settings.files(folder / "tercera.yaml", orders, customers=customers, mail=told)
    write_orders(orders, 0)
    customers.write_text("identificationNumber,name,email,language\n", encoding="utf-8")
    with open_app(config, clock=lambda: NOW) as app, app.ledger() as ledger:
        _cycle(app, ledger, None)
    connection = sqlite3.connect(folder / "tercera.db")
    at = round((NOW - timedelta(days=1)).timestamp() * 1e6)
    with connection:
        for statement in _FILL:
            connection.execute(statement, {"count": alerts, "at": at})
    connection.close()
    write_orders(orders, CUSTOMERS * TIMES * ROUNDS)
    fill_file(orders, customers, Recipe(seed=1))


def touch(folder: Path, round_number: int) -> tuple[float, float]:
    """Seconds of a cycle, and of claiming what it decided."""
    cycles, claims = [], []
    with open_app(folder / "tercera.yaml", clock=lambda: NOW) as app, app.ledger() as ledger:
        for number in range(TIMES):
            first = 1_300_000_000 + (round_number * TIMES + number) * CUSTOMERS
            subjects = {SubjectId(f"bigcolors_{first + each}") for each in range(CUSTOMERS)}
            began = time.perf_counter()
            _cycle(app, ledger, subjects)
            decided = time.perf_counter()
            messages = ledger.post.claim(NOW, 500)
            claimed = time.perf_counter()
            if len(messages) != CUSTOMERS:
                raise RuntimeError(f"{CUSTOMERS} customers were to be told, and there are {len(messages)}")
            ledger.post.settle([Outcome(each.key, NOW, NoticeState.SENT, "250 ok") for each in messages])
            cycles.append(decided - began)
            claims.append(claimed - decided)
    return median(cycles[1:]), median(claims[1:])


def _cycle(app: App, ledger: Ledger, subjects: set[SubjectId] | None) -> None:
    report = cycle(
        app.settings.rules,
        app.source,
        ledger,
        app.terms(),
        now=NOW,
        clock=lambda: NOW,
        subjects=subjects,
    )
    for error in report.failed.values():
        raise error


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        print(*touch(Path(sys.argv[2]), int(sys.argv[3])))
