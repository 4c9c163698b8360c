"""Importing into MongoDB: faster than a notebook, and in the same memory however long the file is."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pymongo import MongoClient

from bench.figures import Bound, Figure, alternating, require_equal
from bench.history import DATABASE
from bench.processes import Measured, measure, script, simulated_orders, tercera, told, typical
from bench.server import fresh_server
from bench.settings import mongodb

TITLE = "Importing into MongoDB"
ADDRESS = "TERCERA_BENCH_IMPORT"
OURS, THEIRS = "imported", "notebook"


def run(*, quick: bool) -> list[Figure]:
    """Whole processes into empty collections of one server, in turns."""
    size = 50_000 if quick else 500_000
    short, long = simulated_orders(size, "csv"), simulated_orders(size * 3, "csv")
    with TemporaryDirectory() as folder, fresh_server() as uri, MongoClient[dict[str, Any]](uri) as client:
        os.environ[ADDRESS] = uri
        config = mongodb(Path(folder) / "tercera.yaml", ADDRESS, DATABASE, OURS)
        database = client[DATABASE]

        def ours(orders: Path) -> Measured:
            database.drop_collection(OURS)
            return measure(tercera("import", str(orders), "--config", str(config), "--json"))

        def theirs() -> Measured:
            database.drop_collection(THEIRS)
            return measure(script("rivals.notebook_import", uri, DATABASE, THEIRS, str(short)))

        mine, rival = alternating(lambda: ours(short), theirs, 1 if quick else 3)
        peak = max(each.peak for each in mine)
        imported, inserted = (database[name].count_documents({}) for name in (OURS, THEIRS))
        require_equal(imported, inserted, "rows in the collections")
        longer = ours(long)
        client.drop_database(DATABASE)
    return [
        Figure(
            f"import of {size:,} orders into MongoDB: rate, against pandas and one insert_many",
            typical(rival) / typical(mine),
            Bound.AT_LEAST,
            1.2,
            detail=f"{told(mine)} against {told(rival)}",
        ),
        Figure(
            "import of three times as many orders: peak memory",
            longer.peak / peak,
            Bound.AT_MOST,
            1.1,
            detail=f"{longer.peak / 1e6:.0f} MB against {peak / 1e6:.0f} MB",
        ),
    ]
