"""What is particular to a ledger on PostgreSQL: how it is opened, how a write begins, what errors mean.

Everything is in the schema `tercera` of the database, which may hold other things too. Rows that instances
compete for are locked by the statements that need it, so READ COMMITTED is enough for writing; a look at the
ledger is one snapshot. No wait is for ever: an instance that stands still in the middle of a transaction is
thrown out by the server, so that the others go on.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from tercera.errors import ConflictError, LedgerError, OutageError
from tercera.ledger.database.address import shown

SCHEMA = "tercera"

READS: dict[str, object] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
WRITES: dict[str, object] = {"tercera_writes": True}
"""Options of a connection for one transaction."""

STATEMENT_SECONDS = 300
"""How long any statement may take."""

LOCK_SECONDS = 5
"""How long a statement waits for a row that another instance is writing, beyond the time after which that
one is thrown out when it does nothing."""

IDLE_SHARE = 0.25
"""How long a writing transaction may do nothing, as a share of the lease."""

_UPGRADE_LOCK = 0x7E4CE4A
"""Any number that other users of the database will not lock."""

_CONNECTING: dict[str, Any] = {
    "application_name": "tercera",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""For libpq, as far as the address says nothing else."""

_SESSION = """
    SELECT set_config('search_path', %(schema)s, false),
           set_config('lock_timeout', %(lock)s, false),
           set_config('statement_timeout', %(statement)s, false),
           set_config('synchronous_commit', CASE current_setting('synchronous_commit')
               WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)
"""


class DeadlockError(ConflictError):
    """A transaction lost against another one of the same moment. Nothing was written; again it will work."""


def open_engine(address: URL, *, read_only: bool, lease: timedelta) -> Engine:
    """Connects to nothing yet. LedgerError when the driver is not installed."""
    idle = max(2000, int(lease.total_seconds() * IDLE_SHARE * 1000))
    given = {name: value for name, value in _CONNECTING.items() if name not in address.query}
    try:
        engine = create_engine(
            address,
            connect_args=given,
            pool_pre_ping=True,  # a server that was restarted has forgotten our connections
            hide_parameters=True,  # customers' names and addresses stay out of tracebacks
        )
    except ImportError:
        raise LedgerError(
            f"the ledger {shown(address)} needs the PostgreSQL driver; pip install 'tercera[postgresql]'"
        ) from None

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.autocommit = True
        connection.execute(_SESSION, _session(idle))
        connection.autocommit = False
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise LedgerError(
                f"the database {shown(address)} is encoded in {encoding}, which can't hold every name; "
                "create one with ENCODING 'UTF8'"
            )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("tercera_writes"):
            connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {idle:d}")
            if read_only:
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")

    return engine


def prepare_upgrade(connection: Connection) -> None:
    """One instance at a time changes the tables; the first makes their schema."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{STATEMENT_SECONDS}s'")
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})")
    if connection.exec_driver_sql(f"SELECT to_regnamespace('{SCHEMA}') IS NULL").scalar():
        connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")


def explain(address: URL, error: BaseException | None) -> LedgerError:
    """What a person can do about an error of the database. Its details, which quote rows, are left out."""
    place = f"the ledger {shown(address)}"
    diagnosis = getattr(error, "diag", None)
    words = getattr(diagnosis, "message_primary", None) or _first_line(error)
    state = getattr(error, "sqlstate", None)
    if state is None:
        return _not_connected(place, words)
    again = "nothing of this step was written; trying again helps"
    match state:
        case "40001" | "40P01":
            return DeadlockError(f"{place} was written to by another instance at the same moment; {again}")
        case _ if state.startswith("23"):
            return ConflictError(
                f"{place} already holds what was to be written ({words}); another process wrote the same: "
                "run the sweep again"
            )
        case "55P03" | "57014":
            return OutageError(f"{place} was busy for too long ({words}); {again}")
        case "25P03" | "57P01" | "57P02" | "57P03" | "53300":
            return OutageError(f"{place} ended the connection ({words}); {again}")
        case _ if state.startswith("08"):
            return OutageError(f"{place} can't be reached ({words}); {again}")
        case "53100":
            return LedgerError(f"the disk of {place} is full; nothing was written: free space and run again")
        case "25006":
            return LedgerError(f"{place} can only be read ({words}); name the primary, not a standby")
        case "42501":
            return LedgerError(
                f"{place} does not permit this ({words}); its user needs to own the schema: CREATE SCHEMA "
                f'{SCHEMA} AUTHORIZATION "{address.username}"'
            )
        case _:
            return LedgerError(f"{place} could not do this: {words} ({state})")


def _session(idle: int) -> dict[str, str]:
    return {
        "schema": SCHEMA,
        "lock": f"{LOCK_SECONDS * 1000 + idle}ms",
        "statement": f"{STATEMENT_SECONDS}s",
    }


def _not_connected(place: str, words: str) -> LedgerError:
    """While connecting there are only the server's words, in English where they come from libpq."""
    if re.search(r"password authentication failed|no password supplied|role .* does not exist", words):
        return LedgerError(f"{place} does not let us in ({words}); check user and password")
    if re.search(r"database .* does not exist", words):
        return LedgerError(f"{place} is not there ({words}); create it: CREATE DATABASE … ENCODING 'UTF8'")
    if re.search(r"no pg_hba.conf entry|permission denied|certificate|SSL", words):
        return LedgerError(f"{place} refuses the connection ({words}); see its pg_hba.conf and sslmode")
    return OutageError(f"{place} can't be reached ({words}); see that the server runs and its host and port")


def _first_line(error: BaseException | None) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
