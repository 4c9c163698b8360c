"""Sessions of Spark: of a Connect server, or classic, with the driver in this process."""

from __future__ import annotations

import inspect
import logging
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Timer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends.sql.datatypes import PySparkType
from pyspark.errors import PySparkException
from pyspark.errors.exceptions.base import AnalysisException, ParseException

from tercera.errors import SourceError
from tercera.relational.connection import Address, Place, not_there

_CONNECT_PORT = 15002
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parser.escapedStringLiterals": "false",  # a pattern's backslash is written as two
    # What Java would not compile for being too long is run in parts that it does.
    "spark.sql.codegen.hugeMethodLimit": "8000",
}
# It would print each refused statement, with the server's stack.
logging.getLogger("SQLQueryContextLogger").disabled = True


def connect(address: Address) -> SparkConnection:
    """`sc://host:15002` (and what Spark Connect takes behind it, such as `/;use_ssl=true;token=…`) is a
    Connect server. `spark://host:7077` is the master of a cluster, `spark:///yarn` or `spark:///local[4]` one
    that needs no address; settings of Spark follow as parameters: `?spark.executor.memory=4g`."""
    shown = replace(address, uri=address.uri.partition(";")[0])
    with _explained(shown):
        session = _remote(address) if address.uri.startswith("sc://") else _classic(address)
        for name, value in _SETTINGS.items():
            if session.conf.get(name) != value:
                session.conf.set(name, value)
    return SparkConnection(session, shown)


def _remote(address: Address) -> Any:
    """A session of its own. Spark would try for ten minutes to reach a server that is away."""
    from pyspark.sql.connect.session import SparkSession

    parts = urlsplit(address.uri.partition(";")[0])
    with socket.create_connection((parts.hostname or "", parts.port or _CONNECT_PORT), address.timeout):
        pass
    return SparkSession.builder.remote(address.uri).create()


def _classic(address: Address) -> Any:
    """A session of its own of this process's driver. The driver stays: starting one costs seconds."""
    from pyspark.sql import SparkSession

    parts = urlsplit(address.uri)
    master = f"spark://{parts.netloc}" if parts.netloc else unquote(parts.path.strip("/"))
    builder = SparkSession.builder.appName("tercera")
    if SparkSession.getActiveSession() is None:
        builder = builder.master(master or "local[*]").config("spark.ui.showConsoleProgress", "false")
    for name, value in parse_qsl(parts.query):
        builder = builder.config(name, value)
    return builder.getOrCreate().newSession()


class SparkConnection:
    """`connection.Connection` to Spark."""

    def __init__(self, session: Any, address: Address) -> None:
        self._session = session
        self._address = address

    def relation(self, place: Place) -> ir.Table:
        """See `connection.Connection`. A table may be a folder: parquet.`/data/orders`."""
        if place.table and "`" in place.table:
            place = replace(place, table=None, query=f"SELECT * FROM {place.table}")  # noqa: S608 - the configured table
        with _explained(self._address):
            try:
                found = self._session.sql(place.query) if place.query else self._session.table(place.table)
                fields = found.schema.fields
            except (AnalysisException, ParseException) as error:
                raise not_there(self._address, place, self._tables(), _first_line(error)) from error
        return place.over({field.name: _type(field.dataType.simpleString()) for field in fields})

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """See `connection.Connection`. One part of the answer at a time is here, not the whole."""
        with _explained(self._address), self._patience():
            yield from _streamed(self._session.sql(statement))

    def can_write(self, place: Place) -> bool | None:
        """Spark leaves that to what it reads from."""
        return None

    def close(self) -> None:
        """A session of a Connect server ends; the driver of this process stays for the next."""
        if self._address.uri.startswith("sc://"):
            with _explained(self._address):
                self._session.stop()

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """Ends what takes too long."""
        tag = f"tercera-{id(self)}"
        timer = Timer(self._address.patience, lambda: self._session.interruptTag(tag))
        timer.daemon = True
        self._session.addTag(tag)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._session.removeTag(tag)

    def _tables(self) -> list[str]:
        try:
            return [str(name) for _, name, *_ in self.rows("SHOW TABLES")]
        except SourceError:
            return []


def _streamed(frame: Any) -> Iterator[tuple[Any, ...]]:
    """The rows, a part of the frame at a time. A classic session leaves the socket that they come by to be
    closed when it is forgotten, which Python warns of; so it is forgotten here."""
    answer = frame.toLocalIterator()
    held = inspect.getgeneratorlocals(answer).get("self")
    try:
        for row in answer:
            yield tuple(row)
    finally:
        answer.close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            del answer, held


def _type(name: str) -> dt.DataType:
    try:
        kind: dt.DataType = PySparkType.from_string(name)
    except Exception:  # noqa: BLE001 - sqlglot and Ibis raise what they like for a type that they don't know
        return dt.string
    return dt.string if kind.is_unknown() else kind


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


@contextmanager
def _explained(address: Address) -> Iterator[None]:
    try:
        yield
    except (PySparkException, OSError) as error:
        raise SourceError(f"{address.shown} can't be read: {_first_line(error)}") from error
