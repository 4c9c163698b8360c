"""Where a ledger is kept: its address, as it is written and as it may be shown."""

from __future__ import annotations

from urllib.parse import unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from tercera.errors import LedgerError

POSTGRESQL = "postgresql+psycopg"


def read_address(url: str) -> URL:
    """LedgerError, which shows no password, for what is no address of a ledger."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise LedgerError(
            "the ledger's address can't be read; write one like sqlite:///tercera.db or "
            "postgresql+psycopg://user:password@host/database"
        ) from None
    if address.drivername in ("postgresql", "postgres", POSTGRESQL) and address.database:
        return address.set(drivername=POSTGRESQL)
    if address.get_backend_name() != "sqlite" or not address.database or address.database == ":memory:":
        raise LedgerError(
            f"the ledger can't be kept in {shown(address)}; name a SQLite file like sqlite:///tercera.db, or "
            "for several instances a PostgreSQL database like postgresql+psycopg://user:password@host/database"
        )
    return address


def shown(address: URL) -> str:
    """An address as it may be shown: without its password, and without options, which may hold another."""
    text = address.set(query={}).render_as_string(hide_password=True)
    return text if is_postgresql(address) else unquote(text)


def shown_address(url: str) -> str:
    """The same, of an address as it is written."""
    return shown(read_address(url))


def is_postgresql(address: URL) -> bool:
    """Whether a server keeps it, for several instances; else it is a SQLite file."""
    return address.drivername == POSTGRESQL
