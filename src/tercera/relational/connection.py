"""What an engine's connection is, whichever engine: where orders are found and how their rows stream."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.errors import SourceError
from tercera.relational.expressions.native import written


class LostError(SourceError):
    """The database can't be reached, or the connection to it broke: another one may work."""


STREAMED = 10_000
"""How many rows of an answer are held at once."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is. Paths of files start at `base`. `timeout` is in seconds, to reach it; `patience`
    how long one question may take."""

    uri: str
    base: Path
    timeout: float = 10
    patience: float = 600

    @property
    def shown(self) -> str:
        """The address without user, password and parameters, for messages."""
        scheme, _, rest = self.uri.partition("://")
        return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"

    def redacted(self, reason: str) -> str:
        """What a driver says, without the password."""
        secret = self.uri.partition("://")[2].rpartition("@")[0].partition(":")[2]
        for each in {secret, unquote(secret)} - {""}:
            reason = reason.replace(each, "***")
        return reason

    @property
    def file(self) -> Path:
        """The file that `sqlite:///shop.db` names; `sqlite:////var/shop.db` starts at the root."""
        return self.base / unquote(self.uri.partition("://")[2].partition("?")[0].removeprefix("/"))


@dataclass(frozen=True, slots=True)
class Place:
    """A table (or view) by its name, `shop.orders` with its schema, or a query. `what` is held there, for
    messages: orders, or customers."""

    what: str
    table: str | None = None
    query: str | None = None

    @property
    def shown(self) -> str:
        """What messages call it."""
        return f"table {self.table!r}" if self.table else f"the query of source.{self.what}"

    @property
    def name(self) -> tuple[str, ...]:
        """The table's name, after those of its schema and catalog where they are told."""
        return tuple((self.table or "").split("."))

    def over(self, columns: Mapping[str, dt.DataType]) -> ir.Table:
        """The place as a table of these columns."""
        schema = ibis.schema(columns)
        if self.query is not None:
            return written(self.query, schema)
        *around, name = self.name
        catalog, database = ([None, None, *around])[-2:]
        return ibis.table(schema, name=name, catalog=catalog, database=database)


class Connection(Protocol):
    """A connection that reads. Every method raises `SourceError` when the database can't be reached, refuses,
    or takes too long."""

    def relation(self, place: Place) -> ir.Table:
        """The table or query with its columns. SourceError when it is not there, with what is."""
        ...

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """The answer, streamed: no more than some STREAMED rows are held."""
        ...

    def can_write(self, place: Place) -> bool | None:
        """Whether the user could change the table; None when that can't be told."""
        ...

    def close(self) -> None:
        """Lets go of the connection, whatever state it is in."""
        ...


def not_there(address: Address, place: Place, names: Iterable[str], reason: str) -> SourceError:
    """What to say of a table or query that can't be read. `names` are the tables that there are."""
    known = sorted(names)
    near = difflib.get_close_matches(place.table or "", known, 1, 0.5) if place.table else []
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    there = f"; there are {', '.join(known[:20])}" if place.table and known and not near else ""
    return SourceError(
        f"{place.what}: {place.shown} at {address.shown} can't be read: {reason}{meant}{there}. "
        f"Correct source.{place.what}"
    )
