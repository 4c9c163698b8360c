"""A program: cycles that look at a hundred customers, beside few stored orders and beside many, in turns.

Each time a hundred other customers have just crossed the line, with three orders each in the month that is
open; the collections are afterwards what they were. Prints JSON: the seconds of each.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, time
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection

from bench import settings
from bench.figures import alternating
from bench.history import DATABASE, TODAY
from tercera.app import App, open_app
from tercera.cycle import cycle
from tercera.ledger import Ledger
from tercera.model import Reason, SubjectId

NOW = datetime.combine(TODAY, time(23), UTC)
ADDRESS = "TERCERA_BENCH_MONGODB"
CUSTOMERS, ORDERS = 100, 3
WARMING = 2

Documents = Collection[dict[str, Any]]


def compare(uri: str, few: str, many: str, rounds: int) -> dict[str, Any]:
    """Cycles beside the orders of two collections. Both go on from a ledger that has swept the smaller one:
    nobody who is looked at has an alert yet."""
    os.environ[ADDRESS] = uri
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        client: MongoClient[dict[str, Any]] = stack.enter_context(MongoClient(uri))
        configs = [settings.mongodb(folder / f"{name}.yaml", ADDRESS, DATABASE, name) for name in (few, many)]
        with open_app(configs[0]) as app, app.ledger() as ledger:
            _cycle(app, ledger, None)
        shutil.copyfile(configs[0].with_suffix(".db"), configs[1].with_suffix(".db"))
        beside_few, beside_many = (
            _toucher(stack, config, client[DATABASE][name])
            for config, name in zip(configs, (few, many), strict=True)
        )
        for _ in range(WARMING):
            beside_few(), beside_many()
        few_seconds, many_seconds = alternating(beside_few, beside_many, rounds)
        stored = [client[DATABASE][name].estimated_document_count() for name in (few, many)]
    return {"few": few_seconds, "many": many_seconds, "stored": stored}


def _toucher(stack: ExitStack, config: Path, orders: Documents) -> Callable[[], float]:
    """A function that looks at a hundred more customers, and gives the seconds."""
    app = stack.enter_context(open_app(config))
    for check in app.source.check([rule.counting for rule in app.settings.rules], fix=True):
        if not check.ok:
            raise RuntimeError(f"{check.what}: {check.detail} {check.remedy}")
    ledger = stack.enter_context(app.ledger())
    stack.callback(orders.delete_many, {"order_vendor_dbname": {"$regex": "^touched_"}})
    rounds = count()

    def touch() -> float:
        first = next(rounds) * CUSTOMERS
        subjects = [SubjectId(f"touched_{first + each}") for each in range(CUSTOMERS)]
        orders.insert_many(_order(subject, number) for subject in subjects for number in range(ORDERS))
        began = perf_counter()
        opened = _cycle(app, ledger, subjects)
        took = perf_counter() - began
        if opened != CUSTOMERS:
            raise RuntimeError(f"{CUSTOMERS} alerts were to open, and {opened} did")
        return took

    return touch


def _order(subject: str, number: int) -> dict[str, Any]:
    return {
        "shipping_id": f"{subject}-{number}",
        "order_vendor_dbname": subject,
        "shipping_date": f"{TODAY:%Y-%m}-{number + 1:02d}",
        "shipping_status": "returned",
        "amount": 19.9,
    }


def _cycle(app: App, ledger: Ledger, subjects: list[SubjectId] | None) -> int:
    """How many alerts it opened."""
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
    return sum(each.transitions[Reason.OPENED] for each in report.swept)


if __name__ == "__main__":
    uri, few, many, rounds = sys.argv[1:5]
    json.dump(compare(uri, few, many, int(rounds)), sys.stdout)
