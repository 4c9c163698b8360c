"""A connection to MariaDB or MySQL, by PyMySQL. Ibis's own wants a driver that must be compiled."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pymysql
import pymysql.cursors
from pymysql.constants import CR, ER, FIELD_TYPE

from tercera.errors import SourceError
from tercera.relational.connection import STREAMED, Address, Place, not_there

EXACT = "/*M! COLLATE utf8mb4_nopad_bin *//*!80017 COLLATE utf8mb4_0900_bin */"
"""The collation that compares by code point and pads nothing. Each server reads the comment that is its own.

https://mariadb.com/kb/en/comment-syntax/, https://dev.mysql.com/doc/refman/8.4/en/comments.html
"""

_SESSION = (
    f"SET NAMES utf8mb4 {EXACT}",
    "SET SESSION sql_mode = ''",  # what can't be read is null and a warning, not an error
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION TRANSACTION READ ONLY",
    "SET SESSION net_write_timeout = 600",  # a reader that has other things to do is not gone
)
_WRITING = ("ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "DROP")
_NOT_THERE = (ER.NO_SUCH_TABLE, ER.BAD_DB_ERROR, ER.PARSE_ERROR, ER.BAD_FIELD_ERROR, ER.NO_DB_ERROR)

_TYPES: dict[int, Callable[[int], dt.DataType]] = {
    **dict.fromkeys(
        (FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.INT24, FIELD_TYPE.LONG, FIELD_TYPE.LONGLONG),
        lambda _: dt.int64,
    ),
    FIELD_TYPE.YEAR: lambda _: dt.int64,
    FIELD_TYPE.DECIMAL: lambda scale: dt.Decimal(65, scale),
    FIELD_TYPE.NEWDECIMAL: lambda scale: dt.Decimal(65, scale),
    FIELD_TYPE.FLOAT: lambda _: dt.float64,
    FIELD_TYPE.DOUBLE: lambda _: dt.float64,
    FIELD_TYPE.DATE: lambda _: dt.date,
    FIELD_TYPE.NEWDATE: lambda _: dt.date,
    FIELD_TYPE.DATETIME: lambda _: dt.Timestamp(),
    FIELD_TYPE.TIMESTAMP: lambda _: dt.Timestamp("UTC"),
    FIELD_TYPE.TIME: lambda _: dt.time,
    FIELD_TYPE.BIT: lambda _: dt.binary,
    FIELD_TYPE.GEOMETRY: lambda _: dt.binary,
}
"""By the code of a column and how many decimals it has. All others have a text."""


def connect(address: Address) -> MySQLConnection:
    """See `engines`. Parameters: `ssl_ca`, `ssl_cert`, `ssl_key` (paths), `ssl=true` to demand encryption
    with a certificate that the machine trusts. Without them it is encrypted where the server can."""
    parts = urlsplit(address.uri)
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if strange := sorted(given.keys() - {"ssl", "ssl_ca", "ssl_cert", "ssl_key"}):
        raise SourceError(f"source.uri has {', '.join(strange)}, which MySQL is not told; take it out")
    trusted = ssl.create_default_context() if given.pop("ssl", "") in ("true", "1") else None
    with _explained(address):
        made = pymysql.connect(
            host=parts.hostname or "localhost",
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or "").encode(),
            database=unquote(parts.path.strip("/")) or None,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=max(1, round(address.timeout)),
            read_timeout=address.patience,
            cursorclass=pymysql.cursors.SSCursor,
            ssl=trusted,
            ssl_verify_cert=True if "ssl_ca" in given else None,
            ssl_verify_identity=True if "ssl_ca" in given else None,
            **given,
        )
        _prepare(made, address.patience)
    return MySQLConnection(made, address)


def _prepare(made: pymysql.Connection[Any], patience: float) -> None:
    with made.cursor() as cursor:
        for statement in _SESSION:
            cursor.execute(statement)
        if "mariadb" in made.get_server_info().lower():
            cursor.execute(f"SET SESSION max_statement_time = {patience:f}")
        else:
            cursor.execute(f"SET SESSION max_execution_time = {patience * 1000:.0f}")


class MySQLConnection:
    """`connection.Connection` to MariaDB or MySQL. One answer streams at a time."""

    def __init__(self, made: pymysql.Connection[Any], address: Address) -> None:
        self._made = made
        self._address = address

    def relation(self, place: Place) -> ir.Table:
        """See `connection.Connection`."""
        asked = f"({place.query.strip().rstrip(';')})" if place.query else ".".join(map(_quoted, place.name))
        with _explained(self._address), self._made.cursor() as cursor:
            try:
                cursor.execute(f"SELECT * FROM {asked} AS asked LIMIT 0")  # noqa: S608 - the user's own query
                columns = cursor.description or ()
            except (pymysql.err.ProgrammingError, pymysql.err.OperationalError) as error:
                if error.args[0] not in _NOT_THERE:
                    raise
                raise not_there(self._address, place, self._tables(), str(error.args[-1])) from error
        return place.over({column[0]: _type(column[1], column[5] or 0) for column in columns})

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """See `connection.Connection`."""
        with _explained(self._address), self._made.cursor() as cursor:
            cursor.execute(statement)
            while rows := cursor.fetchmany(STREAMED):
                yield from rows

    def can_write(self, place: Place) -> bool | None:
        """By what the server says was granted; a role's rights are not looked into."""
        with _explained(self._address), self._made.cursor() as cursor:
            cursor.execute("SHOW GRANTS")
            grants = [str(grant).upper() for (grant,) in cursor.fetchall()]
        around = [name.upper() for name in place.name[:-1]] or [_database(self._address).upper()]
        near = ("ON *.*", *(f"ON `{name}`." for name in around))
        return any(
            right in grant.partition(" ON ")[0]
            for grant in grants
            if any(each in grant for each in near)
            for right in _WRITING
        )

    def close(self) -> None:
        """Also while an answer streams: the rest of it is not waited for."""
        self._made._force_close()

    def _tables(self) -> list[str]:
        with self._made.cursor() as cursor:
            try:
                cursor.execute("SHOW TABLES")
                return [name for (name,) in cursor.fetchall()]
            except pymysql.err.MySQLError:
                return []


def _database(address: Address) -> str:
    return unquote(urlsplit(address.uri).path.strip("/"))


def _type(code: int, scale: int) -> dt.DataType:
    known = _TYPES.get(code)
    return known(scale) if known else dt.string


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


@contextmanager
def _explained(address: Address) -> Iterator[None]:
    try:
        yield
    except (pymysql.err.MySQLError, OSError) as error:
        raise SourceError(f"{address.shown} {_refusal(address, error)}") from error


def _refusal(address: Address, error: Exception) -> str:
    """What went wrong, and what helps."""
    code = error.args[0] if error.args else None
    said = address.redacted(" ".join(str(part) for part in error.args)) or type(error).__name__
    match code:
        case ER.ACCESS_DENIED_ERROR:
            return f"refused the login ({said}); check user and password in source.uri"
        case ER.DBACCESS_DENIED_ERROR:
            return (
                f"has no such database, or not for this user ({said}); correct the name at the end of "
                "source.uri, or GRANT SELECT on it"
            )
        case CR.CR_CONN_HOST_ERROR | CR.CR_UNKNOWN_HOST:
            return f"can't be reached: {said}; see that it runs, and check host and port in source.uri"
    return f"can't be read: {said}"
