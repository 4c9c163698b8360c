"""Tables of orders for the PostgreSQL benchmarks, on a server of one's own that is gone at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pyarrow.parquet as parquet
from psycopg import sql
from tests.servers.postgresql import Postgres

from bench.history import MONTHS, START, TODAY, YEARS
from bench.processes import simulated_orders

ADDRESS = "TERCERA_BENCH_POSTGRES"
"""The variable that holds the server's address."""

_COLUMNS = ("shipping_id", "order_vendor_dbname", "shipping_status", "shipping_date", "amount")
_EARLIER = """
INSERT INTO {table} SELECT to_hex({copy}) || substr(shipping_id, 2), order_vendor_dbname, shipping_status,
    CASE WHEN shipping_date ~ '^202[3-6]-[0-9]{{2}}-[0-9]{{2}}$' THEN replace(
        (left(shipping_date, 4)::int - {years})::text || substr(shipping_date, 5), '-02-29', '-02-28'
    ) ELSE shipping_date END, amount
FROM {table} LIMIT {rows}
"""


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty server, which is in the environment as well."""
    with (
        TemporaryDirectory() as folder,
        Postgres(Path(folder), shared_buffers="512MB", effective_cache_size="2GB", fsync="on") as server,
    ):
        uri = server.uri.set(drivername="postgresql").render_as_string(hide_password=False)
        os.environ[ADDRESS] = uri
        yield uri


def fill(connection: psycopg.Connection, table: str, size: int, copies: int = 1) -> None:
    """Three years of a shop, and as many earlier ones at the same volume as there are copies more; with the
    indexes that `tercera check --fix` proposes. Ten million orders take a minute or two."""
    name = sql.Identifier(table)
    connection.execute(
        sql.SQL(
            "CREATE TABLE {} (shipping_id text, order_vendor_dbname text, shipping_status text, "
            "shipping_date text, amount numeric(12, 2))"
        ).format(name)
    )
    path = simulated_orders(size, "parquet", start=START, months=MONTHS)
    until, rows = TODAY.isoformat(), 0
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(name)) as copy:
        for batch in parquet.ParquetFile(path).iter_batches(50_000, columns=list(_COLUMNS)):
            for row in batch.to_pylist():
                if not (row["shipping_date"] or "").startswith("20") or row["shipping_date"] <= until:
                    copy.write_row([row[each] for each in _COLUMNS])
                    rows += 1
    for earlier in range(1, copies):
        statement = sql.SQL(_EARLIER).format(table=name, copy=earlier, years=earlier * YEARS, rows=rows)
        connection.execute(statement)
    connection.execute(sql.SQL("CREATE INDEX ON {} (shipping_date)").format(name))
    connection.execute(sql.SQL("CREATE INDEX ON {} (order_vendor_dbname, shipping_date)").format(name))
    connection.execute(sql.SQL("VACUUM ANALYZE {}").format(name))
    connection.execute("CHECKPOINT")  # else what was filled is written to the disk while it is measured
