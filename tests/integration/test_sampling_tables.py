"""Looks at tables of real databases: what is found is what is found in documents and files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pymysql
import pytest
from sqlalchemy import make_url

from tercera.errors import SourceError
from tercera.profile import Part, Proposal, Wishes, propose
from tercera.profile.values import Kind
from tercera.sampling import Address, Bounds, Sampler
from tercera.sampling.opening import open_server
from tests import made_up_shops as shops
from tests.servers import mariadb, postgresql
from tests.shops_in_tables import MYSQL, POSTGRES, fill


@contextmanager
def look(uri: str, folder: Path = Path(), schema: str | None = None, **bounds: Any) -> Iterator[Sampler]:
    """A look at a database."""
    with closing(open_server(Address(uri, "${X}"), schema, folder, frozenset(), Bounds(**bounds))) as sampler:
        yield sampler


def proposed(sampler: Sampler) -> Proposal:
    """What is proposed after a look."""
    return propose(sampler.samples(lambda name: None), Wishes(), sampler, "UTC")


def values(proposal: Proposal, *parts: Part) -> list[str]:
    """What stands there for each."""
    return [proposal[part].value for part in parts]


SPANISH = (
    Part.ORDERS,
    Part.ORDER_ID,
    Part.CUSTOMER_ID,
    Part.STATUS,
    Part.PLACED_AT,
    Part.CUSTOMERS,
    Part.KEY,
)
FOUND = ["pedidos", "numeroPedido", "cliente.id", "estado", "fechaPedido", "clientes", "id"]


def test_postgresql() -> None:
    """Text that joins numbers, a date without an end, bytes and long texts, a large table drawn at random."""
    with postgresql.empty_database() as uri, postgresql.connection(uri) as made:
        with made.transaction():
            fill(lambda text, row: made.execute(text.encode(), row), shops.spanish(300), POSTGRES, '"', "%s")
        made.execute('INSERT INTO pedidos ("numeroPedido", "fechaPedido") VALUES (1, \'infinity\')')
        made.execute("CREATE TABLE odd (raw BYTEA, doc JSONB, long TEXT, number NUMERIC, truth BOOLEAN)")
        made.execute("INSERT INTO odd VALUES ('\\x00', '{}', repeat('x', 1000000), 'NaN', TRUE)")
        made.execute("CREATE TABLE large AS SELECT i AS n FROM generate_series(1, 20000) AS i")
        made.execute("CREATE SCHEMA archive; CREATE TABLE archive.pedidos AS SELECT * FROM pedidos")
        made.execute("ANALYZE")
        with look(uri, rows=1000) as sampler:
            samples = {sample.name: sample for sample in sampler.samples(lambda name: None)}
            found = proposed(sampler)
        with look(uri, schema="archive") as sampler:
            assert [each.name for each in sampler.samples(lambda name: None)] == ["archive.pedidos"]
    assert values(found, *SPANISH) == FOUND
    assert "whole number there" in found[Part.KEY].evidence
    assert (found.status_rows, found.status_exact) == (301, True)
    assert samples["pedidos"].columns["fechaPedido"].main_kind is Kind.INSTANT
    odd = [column.main_kind for column in samples["odd"].columns.values()]
    assert odd[2:] == [None, None, Kind.TRUTH]
    assert samples["large"].total == 20_000
    assert "sampled at random" in samples["large"].how


def test_mariadb() -> None:
    """Stored times are wall clocks, said to be perhaps something else; a zero date is none."""
    with mariadb.empty_database() as text:
        uri = make_url(text)
        login = {"host": uri.host, "port": uri.port, "user": uri.username, "password": uri.password}
        made = pymysql.connect(**login, database=uri.database, autocommit=False)
        with closing(made), made.cursor() as cursor:
            fill(cursor.execute, shops.spanish(300), MYSQL, "`", "%s")
            cursor.execute("SET sql_mode = ''")
            cursor.execute("INSERT INTO pedidos (numeroPedido, fechaPedido) VALUES (1, '0000-00-00')")
            made.commit()
        with look(str(text)) as sampler:
            found = proposed(sampler)
    assert values(found, *SPANISH) == FOUND
    assert not found[Part.TIMESTAMPS].sure
    assert "a program may have meant UTC" in found[Part.TIMESTAMPS].evidence


def test_a_file_of_duckdb(tmp_path: Path) -> None:
    """The path starts at the folder of the configuration; a table whose name has a dot is left out."""
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as made:
        fill(made.execute, shops.notebook(300), POSTGRES, '"', "?")
        made.execute('CREATE TABLE "a.b" (x INT)')
    with look("duckdb:///shop.duckdb", tmp_path) as sampler:
        found = proposed(sampler)
        assert set(sampler.origin().places) == {"Orders", "Clients"}
    assert values(found, Part.ORDER_ID, Part.CUSTOMER_ID, Part.PLACED_AT, Part.KEY) == [
        "shipping_id", "order_vendor_dbname", "shipping_date", "identificationNumber"
    ]  # fmt: skip


def test_a_database_without_tables(tmp_path: Path) -> None:
    """It says so, and so does a schema."""
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    with (
        look("duckdb:///empty.duckdb", tmp_path) as sampler,
        pytest.raises(SourceError, match="the database has no tables that this user can see"),
    ):
        sampler.samples(lambda name: None)
