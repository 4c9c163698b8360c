"""Made-up shops as tables of a database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from tests.made_up_shops import Shop

Run = Callable[[str, Sequence[Any]], Any]

POSTGRES = {int: "BIGINT", float: "DOUBLE PRECISION", str: "TEXT", datetime: "TIMESTAMPTZ", date: "DATE"}
MYSQL = {int: "BIGINT", float: "DOUBLE", str: "VARCHAR(200)", datetime: "DATETIME(6)", date: "DATE"}
SQLITE = {int: "INTEGER", float: "REAL", str: "TEXT", datetime: "TEXT", date: "TEXT"}


def fill(run: Run, shop: Shop, types: dict[type, str], quote: str, place: str) -> None:
    """Every place of a shop as a table, each row inserted with the driver's own parameters."""
    for name, rows in shop.items():
        if not rows:
            continue
        columns = [f"{quote}{path}{quote} {types[type(value)]}" for path, value in rows[0].items()]
        run(f"CREATE TABLE {quote}{name}{quote} ({', '.join(columns)})", ())
        values = ", ".join([place] * len(columns))
        for row in rows:
            run(f"INSERT INTO {quote}{name}{quote} VALUES ({values})", list(row.values()))
