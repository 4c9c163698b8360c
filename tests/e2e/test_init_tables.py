"""`tercera init` with a look at tables, then `check` and `backtest`, and not one edit in between."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
import pymysql
import pytest
from sqlalchemy import make_url

from tercera.cli.main import cli
from tests import made_up_shops as shops
from tests.e2e.test_init import by_hand
from tests.servers import mariadb, postgresql
from tests.shops_in_tables import MYSQL, POSTGRES, SQLITE, fill

SERVERS = ("postgresql", "mariadb")
ENGINES = [*SERVERS, "sqlite", "duckdb"]


@contextmanager
def filled(engine: str, folder: Path, shop: shops.Shop) -> Iterator[str]:
    """The address of a database that holds a shop."""
    if engine == "postgresql":
        with postgresql.empty_database() as uri, postgresql.connection(uri) as made:
            with made.transaction():
                fill(lambda text, row: made.execute(text.encode(), row), shop, POSTGRES, '"', "%s")
            yield uri
    elif engine == "mariadb":
        with mariadb.empty_database() as text:
            url = make_url(text)
            login = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
            with closing(pymysql.connect(**login, database=url.database)) as session:
                with session.cursor() as cursor:
                    fill(cursor.execute, shop, MYSQL, "`", "%s")
                session.commit()
            yield str(text)
    elif engine == "sqlite":
        with closing(sqlite3.connect(folder / "shop.db")) as file, file:
            fill(file.execute, shop, SQLITE, '"', "?")
        yield "sqlite:///shop.db"
    else:
        with duckdb.connect(str(folder / "shop.db")) as store:
            fill(store.execute, shop, POSTGRES, '"', "?")
        yield "duckdb:///shop.db"


@pytest.mark.parametrize("engine", ENGINES)
def test_from_tables_to_a_backtest(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server's address goes into .env, that of a file into the configuration; both count as a count by hand
    does. (In this process: `test_init` starts some.)"""
    shop = shops.notebook(2500)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")

    def run(*words: str) -> str:
        code = cli(words, prog_name="tercera", standalone_mode=False)
        shown = capsys.readouterr().out
        assert not code, shown
        return shown

    with filled(engine, tmp_path, shop) as uri:
        run("init", "--uri", uri, "--yes", "--no-backtest")
        text = (tmp_path / "tercera.yaml").read_text(encoding="utf-8")
        is_server = engine in SERVERS
        shown = "${DATABASE_URL}" if is_server else uri
        assert f'uri: "{shown}"' in text
        assert (tmp_path / ".env").exists() is is_server
        run("check", "--fix")
        report = json.loads(run("backtest", "--json"))
    assert report["by_window"] == by_hand(shop["Orders"], r"^(\w+_\d+|[0-9a-zA-Z]{24})$")
    assert report["alerts"] > 10
