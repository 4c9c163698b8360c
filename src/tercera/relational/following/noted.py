"""PostgreSQL notes changed orders by itself: triggers write down whom a change is about, in the transaction
of the change, and wake whoever listens.

What a notification says is of no matter: who listens asks the notes, which are there whether somebody
listened or not. A position is a snapshot (`pg_current_snapshot`): a note is new when the transaction that
wrote it is not visible in it, so nothing is lost however transactions overlap. Notes are removed when their
position is kept. A trigger that fails says so in the log and lets the change pass: a shop must go on, and a
sweep repairs.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from tercera.errors import HistoryLostError, SourceError
from tercera.fields import OrderFields
from tercera.orders import Check
from tercera.relational.connection import Place
from tercera.relational.databases.session import Session
from tercera.relational.following.cursor import Ask
from tercera.relational.following.telling import ORDER, batch_of, empty, paths_of, subject_name, told
from tercera.tally.changes import Batch

PREFIX = "tercera_noted_"
"""With this begins the name of the table that holds the notes, in the schema of the orders."""

_TX, _GONE = "tercera_tx", "tercera_gone"
_WAIT = 0.5
"""Seconds that a notification is waited for at once: the longest that closing takes."""

_COMPARED = (
    "text", "varchar", "bpchar", "int2", "int4", "int8", "uuid", "numeric", "float4", "float8", "bool",
    "date", "timestamp", "timestamptz",
)  # fmt: skip
"""Types of which the database can say that two values are the same."""


class Notes:
    """Where an orders' table has its changes noted. `conninfo` is an address that psycopg reads."""

    def __init__(self, conninfo: str, place: Place, fields: OrderFields, pers: Collection[str]) -> None:
        if place.table is None:
            raise SourceError(
                "source.changes.listen: changes of a query can't be noted; name the orders' table, or follow "
                "a column that grows (cursor)"
            )
        self._conninfo = conninfo
        self.fields = fields
        self.pers = sorted(set(pers))
        self.named = sql.Identifier(*place.name)
        self.shown = place.table
        self.columns = paths_of(fields, self.pers)
        self.orders = self.table = self.named
        self.channel = PREFIX

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection that commits each statement. SourceError when there is none."""
        with self.explained():
            connection = psycopg.connect(self._conninfo, autocommit=True, application_name="tercera live")
        try:
            self._locate(connection)
            yield connection
        finally:
            connection.close()

    def _locate(self, connection: psycopg.Connection[Any]) -> None:
        """Finds the orders' schema: a trigger's names must mean the same whoever writes."""
        asked = (
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.oid = to_regclass(%s)"
        )
        with self.explained():
            found = connection.execute(asked, [self.named.as_string(connection)]).fetchone()
        if found is None:
            raise SourceError(f"orders: there is no table {self.shown}; correct source.orders.table")
        schema, name = found
        self.orders, self.table = sql.Identifier(schema, name), sql.Identifier(schema, PREFIX + name)
        self.channel = f"{PREFIX}{schema}.{name}"[-63:]

    @contextmanager
    def explained(self) -> Iterator[None]:
        """What the driver raises within as `SourceError`, without addresses or passwords."""
        try:
            yield
        except psycopg.Error as error:
            reason = (error.diag.message_primary or type(error).__name__) if error.diag else str(error)
            raise SourceError(f"changes of {self.shown} can't be listened to: {reason}") from None

    def number(self, connection: psycopg.Connection[Any]) -> int | None:
        """By which the server knows the table of notes; None when there is none."""
        name = self.table.as_string(connection)
        found = connection.execute("SELECT to_regclass(%s)::oid::bigint", [name]).fetchone()
        return found[0] if found else None

    def is_complete(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether everything that is needed is noted: by all triggers, with all columns."""
        if self.number(connection) is None:
            return False
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(self.table))
            has = {column.name for column in cursor.description or ()}
        orders = self.orders.as_string(connection)
        counted = "SELECT count(*) FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname LIKE %s"
        found = connection.execute(counted + " AND tgenabled <> 'D'", [orders, "tercera\\_%"]).fetchone()
        return has >= {*self.columns, _TX, _GONE} and found is not None and found[0] == len(_TRIGGERS)

    def statements(self, connection: psycopg.Connection[Any]) -> list[sql.Composed]:
        """What sets them up, in one transaction; the table's owner may run it."""
        columns = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        kinds = connection.execute(
            "SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
            "WHERE a.attrelid = to_regclass(%s) AND a.attname = ANY(%s)",
            [self.orders.as_string(connection), self.columns],
        ).fetchall()
        if missing := set(self.columns) - {name for name, _ in kinds}:
            raise SourceError(f"table {self.shown} has no column {', '.join(sorted(missing))}")
        distinct = sql.SQL("DISTINCT " if all(kind in _COMPARED for _, kind in kinds) else "")
        parts = {
            "notes": self.table,
            "orders": self.orders,
            "function": self.table,
            "columns": columns,
            "distinct": distinct,
            "channel": sql.Literal(self.channel),
        }
        texts = [*_SET_UP, *(_TRIGGER.format(name=name, event=event, referencing=rows, level=level)
                             for name, event, rows, level in _TRIGGERS)]  # fmt: skip
        return [sql.SQL(text).format(**parts) for text in texts]


_SET_UP = (
    "DROP TABLE IF EXISTS {notes}",
    "CREATE TABLE {notes} AS SELECT {columns} FROM {orders} WITH NO DATA",
    "ALTER TABLE {notes} ADD COLUMN tercera_tx xid8 NOT NULL DEFAULT pg_current_xact_id(), "
    "ADD COLUMN tercera_gone boolean NOT NULL DEFAULT false",
    """CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $tercera$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO {notes} (tercera_gone) VALUES (true);
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO {notes} ({columns}) SELECT {distinct} {columns} FROM tercera_new;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO {notes} ({columns}) SELECT {distinct} {columns} FROM tercera_old;
    ELSE
        INSERT INTO {notes} ({columns}) SELECT {distinct} {columns} FROM
            (SELECT {columns} FROM tercera_old UNION ALL SELECT {columns} FROM tercera_new) AS both_sides;
    END IF;
    PERFORM pg_notify({channel}, '');
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'tercera could not note a change: %', SQLERRM;
    RETURN NULL;
END $tercera$""",
)
_TRIGGER = """CREATE OR REPLACE TRIGGER {name} AFTER {event} ON {{orders}} {referencing}
FOR EACH {level} EXECUTE FUNCTION {{function}}()"""
_NEW, _OLD = "NEW TABLE AS tercera_new", "OLD TABLE AS tercera_old"
_TRIGGERS = (
    ("tercera_insert", "INSERT", f"REFERENCING {_NEW}", "STATEMENT"),
    ("tercera_update", "UPDATE", f"REFERENCING {_OLD} {_NEW}", "STATEMENT"),
    ("tercera_delete", "DELETE", f"REFERENCING {_OLD}", "STATEMENT"),
    ("tercera_truncate", "TRUNCATE", "", "STATEMENT"),
)


def check_notes(notes: Notes, *, fix: bool) -> Iterator[Check]:
    """Whether changes are noted; `fix` sets it up."""
    what = f"changes of {notes.shown}"
    with notes.connected() as connection, notes.explained():
        if notes.is_complete(connection):
            yield Check(what, True, "noted by triggers")
            return
        statements = notes.statements(connection)
        if fix:
            with connection.transaction():
                for statement in statements:
                    connection.execute(statement)
            yield Check(what, True, "noted by triggers from now on", changed=True)
            return
        script = ";\n".join(each.as_string(connection) for each in statements)
        yield Check(
            what, False, "are not noted", f"--fix, or have the table's owner run:\nBEGIN;\n{script};\nCOMMIT;"
        )


class NotedChanges:
    """`changes.Changes` by notes."""

    def __init__(self, ask: Ask, notes: Notes, after: str | None) -> None:
        self._ask = ask
        self._notes = notes
        self._is_closed = threading.Event()
        self._asking = threading.Lock()  # nobody closes a connection while another thread waits on it
        self._is_new = after is None
        self._using = notes.connected()
        self._connection = self._using.__enter__()
        try:
            with notes.explained():
                if not notes.is_complete(self._connection):
                    raise SourceError(
                        f"changes of {notes.shown} are not noted; `tercera check --fix` sets it up, or "
                        "prints what the table's owner has to run"
                    )
                self._number = notes.number(self._connection)
                self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(notes.channel)))
                self._through = self._snapshot() if after is None else self._read(after)
        except BaseException:
            self._using.__exit__(None, None, None)
            raise

    def take(self, patience: float) -> Batch:
        """See `changes.Changes`."""
        if self._is_new:
            self._is_new = False
            return empty(self._position(), is_current=False)
        ends = time.monotonic() + patience
        while True:
            with self._asking:
                if self._is_closed.is_set():
                    return empty(is_current=False)
                rows, gone = self._new_notes()
            if rows or gone:
                told = batch_of(rows, self._notes.pers, untold=gone)
                return Batch(**told, position=self._position(), is_current=True)
            left = ends - time.monotonic()
            if left <= 0:
                return empty(self._position())
            with self._asking, self._notes.explained():
                if self._is_closed.is_set():  # between the two looks
                    return empty(is_current=False)
                for _ in self._connection.notifies(timeout=min(left, _WAIT), stop_after=1):
                    pass

    def kept(self, position: str) -> None:
        """See `changes.Changes`: its notes are not needed any more."""
        done = sql.SQL("DELETE FROM {} WHERE pg_visible_in_snapshot(tercera_tx, %s::pg_snapshot)")
        with self._notes.explained():
            self._connection.execute(done.format(self._notes.table), [json.loads(position)["through"]])

    def close(self) -> None:
        """See `changes.Changes`."""
        self._is_closed.set()
        with self._asking:
            self._connection.close()

    def _new_notes(self) -> tuple[list[Sequence[Any]], int]:
        """Rows of (order, subjects …) that are not in the snapshot, and how often all orders went."""
        now = self._snapshot()
        where = sql.SQL(
            "SELECT * FROM {} WHERE NOT pg_visible_in_snapshot(tercera_tx, {}::pg_snapshot) "
            "AND pg_visible_in_snapshot(tercera_tx, {}::pg_snapshot)"
        ).format(self._notes.table, sql.Literal(self._through), sql.Literal(now))
        place = Place("changes", query=where.as_string(self._connection))

        def ask(session: Session) -> Iterator[tuple[Any, ...]]:
            table = session.connection.relation(place)
            values: dict[str, Any] = dict(
                told(session.columns(table), self._notes.fields, session.dialect, self._notes.pers)
            )
            names = [ORDER, *(subject_name(n) for n in range(len(self._notes.pers)))]
            return session.answer(table.select(**{n: values[n] for n in names}, gone=table[_GONE]).distinct())

        rows = list(self._ask(ask))
        self._through = now
        return [row[:-1] for row in rows if not row[-1]], sum(bool(row[-1]) for row in rows)

    def _snapshot(self) -> str:
        with self._notes.explained():
            found = self._connection.execute("SELECT pg_current_snapshot()::text").fetchone()
        assert found is not None
        return str(found[0])

    def _position(self) -> str:
        return json.dumps({"of": self._notes.shown, "number": self._number, "through": self._through})

    def _read(self, position: str) -> str:
        try:
            found = json.loads(position)
            of, number, through = found["of"], found["number"], str(found["through"])
        except (ValueError, KeyError, TypeError):
            raise HistoryLostError(f"the position kept for {self._notes.shown} can't be read") from None
        if (of, number) != (self._notes.shown, self._number):
            raise HistoryLostError(
                f"the notes of {self._notes.shown} were made anew since the position was kept"
            )
        return through
