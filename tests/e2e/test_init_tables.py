"""`tercera init` with a look at tables, then `check` and `backtest`, and not one edit in between."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests import made_up_shops as shops
from tests.e2e.process import Tercera
from tests.e2e.test_init import NO_MACHINE_ZONE, by_hand
from tests.servers import postgresql
from tests.shops_in_tables import POSTGRES, SQLITE, fill


@pytest.mark.parametrize(
    "engine", [pytest.param("postgresql", marks=pytest.mark.xdist_group("postgres")), "sqlite"]
)
def test_from_tables_to_a_backtest(tmp_path: Path, engine: str) -> None:
    """A server's address goes into .env, that of a file into the configuration; both count as a count by hand
    does."""
    shop = shops.notebook(1500)
    with ExitStack() as stack:
        if engine == "postgresql":
            uri = stack.enter_context(postgresql.empty_database())
            made = stack.enter_context(postgresql.connection(uri))
            with made.transaction():
                fill(lambda text, row: made.execute(text.encode(), row), shop, POSTGRES, '"', "%s")
        else:
            uri = "sqlite:///shop.db"
            with closing(sqlite3.connect(tmp_path / "shop.db")) as file, file:
                fill(file.execute, shop, SQLITE, '"', "?")
        tercera = Tercera(tmp_path, NO_MACHINE_ZONE)
        tercera.run("init", "--uri", uri, "--yes", "--no-backtest")
        text = (tmp_path / "tercera.yaml").read_text(encoding="utf-8")
        assert ('uri: "${DATABASE_URL}"' if engine == "postgresql" else 'uri: "sqlite:///shop.db"') in text
        assert postgresql.PASSWORD not in text
        tercera.run("check", "--fix")
        report = tercera.json("backtest")
    assert report["by_window"] == by_hand(shop["Orders"], r"^(\w+_\d+|[0-9a-zA-Z]{24})$")
