"""The version of the ledger's tables: made when new, upgraded when older, refused when newer.

Alembic is loaded only when there is something to migrate: on most starts there is not.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, insert, inspect, select, text

from tercera.errors import LedgerError
from tercera.failpoints import Failpoint, reached
from tercera.ledger.database import postgresql
from tercera.ledger.database.address import shown
from tercera.ledger.database.engine import is_shared, reading, writing
from tercera.ledger.tables import ledger

HEAD = "0009"
"""The newest migration."""


def ensure_schema(engine: Engine, *, read_only: bool) -> None:
    """Brings the tables to `HEAD` in one transaction; a ledger that is only read must be there already."""
    version = version_of(engine)
    if version == HEAD:
        return
    if read_only:
        _refuse_unknown(engine, version)
        if version is None and is_shared(engine):
            raise LedgerError(f"there is no ledger in {shown(engine.url)} yet; `tercera run` creates it")
        raise LedgerError(f"the ledger {shown(engine.url)} is not up to date; `tercera run` brings it there")
    reached(Failpoint.BEFORE_MIGRATION)
    with writing(engine) as connection:
        if is_shared(engine):
            postgresql.prepare_upgrade(connection)
        version = _version(connection)  # another process may have been faster
        if version != HEAD:
            _refuse_unknown(engine, version)
            _upgrade(connection)
            reached(Failpoint.INSIDE_MIGRATION)
            if version is None:
                _name(connection)
    reached(Failpoint.AFTER_MIGRATION)


def version_of(engine: Engine) -> str | None:
    """The version of its tables, None for an empty database."""
    with reading(engine) as connection:
        return _version(connection)


def identity_of(connection: Connection) -> str:
    """What tells this ledger from every other one."""
    identity: str = connection.execute(select(ledger.c.identity)).scalar_one()
    return identity


def _version(connection: Connection) -> str | None:
    """None for an empty database."""
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" in tables and "ledger" in tables:
        version: str = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        return version
    if tables:
        raise LedgerError(
            f"{shown(connection.engine.url)} holds something else than a ledger (a table named "
            f"{min(tables)!r}); name a file or a database of its own"
        )
    return None


def _name(connection: Connection) -> None:
    now = datetime.now(UTC)
    row = {"id": 1, "identity": str(uuid.uuid4()), "created_at": now}
    counters = ("last_alert", "last_message", "last_notice", "last_transition")
    connection.execute(insert(ledger).values(row | dict.fromkeys(counters, 0)))


def _refuse_unknown(engine: Engine, version: str | None) -> None:
    if version is not None and version > HEAD:
        raise LedgerError(
            f"the ledger {shown(engine.url)} was written by a newer Tercera (its version is {version}, this "
            f"one reads up to {HEAD}); install the newer Tercera again"
        )


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "tercera.ledger:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
