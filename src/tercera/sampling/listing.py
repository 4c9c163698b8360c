"""Which tables and views there are, by engine, and how some of their rows are drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tercera.errors import SourceError

Rows = Callable[[str], Iterator[tuple[Any, ...]]]

_POSTGRES = """
SELECT n.nspname, c.relname, n.nspname = CURRENT_SCHEMA, c.relkind NOT IN ('r', 'm'),
       CASE WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN CAST(c.reltuples AS BIGINT) END
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
ORDER BY 3 DESC, 1, 2 LIMIT 1000
"""
_MYSQL = """
SELECT table_schema, table_name, COALESCE(table_schema = DATABASE(), FALSE), table_type <> 'BASE TABLE',
       table_rows
FROM information_schema.tables
WHERE table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')
ORDER BY 3 DESC, 1, 2 LIMIT 1000
"""
_SQLITE = """
SELECT 'main', name, 1, type = 'view', NULL FROM sqlite_master
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name LIMIT 1000
"""
_DUCKDB = """
SELECT schema_name, table_name, schema_name = CURRENT_SCHEMA(), FALSE, estimated_size FROM duckdb_tables()
WHERE NOT internal
UNION ALL
SELECT schema_name, view_name, schema_name = CURRENT_SCHEMA(), TRUE, NULL FROM duckdb_views()
WHERE NOT internal
ORDER BY 3 DESC, 1, 2 LIMIT 1000
"""
_STANDARD = """
SELECT table_schema, table_name, FALSE, table_type NOT IN ('BASE TABLE', 'TABLE'), NULL
FROM information_schema.tables WHERE LOWER(table_schema) NOT IN ('information_schema', 'system')
ORDER BY 1, 2 LIMIT 1000
"""
_LISTINGS = {"postgres": _POSTGRES, "mysql": _MYSQL, "sqlite": _SQLITE, "duckdb": _DUCKDB}


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view by the name that a configuration has for it. `rows` is about how many there are."""

    name: str
    schema: str
    is_view: bool
    rows: int | None


def listing(engine: str, ask: Rows, schema: str | None) -> list[Table]:
    """All tables and views, or those of one schema. One whose own name has a dot in it can't be named, and is
    left out. SourceError when there is none."""
    found = _of_spark(ask, schema) if engine == "spark" else ask(_LISTINGS.get(engine, _STANDARD))
    tables = []
    for within, name, is_own, is_view, rows in found:
        if schema is not None and within != schema:
            continue
        if "." not in name and "." not in within:
            full = name if is_own else f"{within}.{name}"
            tables.append(Table(full, within, bool(is_view), None if rows is None else int(rows)))
    if not tables:
        where = f"schema {schema!r}" if schema is not None else "the database"
        raise SourceError(
            f"{where} has no tables that this user can see; check the address, --database and grants"
        )
    return tables


def _of_spark(ask: Rows, schema: str | None) -> Iterator[tuple[Any, ...]]:
    """Spark lists one schema at a time, and does not tell which are views."""
    where = "" if schema is None else " IN `" + schema.replace("`", "``") + "`"
    for within, name, *_ in ask(f"SHOW TABLES{where}"):
        yield within, name, schema is None, False, None


def drawn(engine: str, table: Table, rows: int) -> str | None:
    """A query for about so many rows from all over a large table; None where they are better taken as they
    come."""
    if table.rows is None or table.rows < 3 * rows:
        return None
    share = min(100.0, 120.0 * rows / table.rows)
    if engine == "postgres":
        return f"SELECT * FROM {_quoted(table)} TABLESAMPLE SYSTEM ({share:.6f})"  # noqa: S608 - quoted
    if engine == "duckdb":
        return f"SELECT * FROM {_quoted(table)} USING SAMPLE {share:.6f} PERCENT (SYSTEM)"  # noqa: S608 - quoted
    return None


def _quoted(table: Table) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in table.name.split("."))
