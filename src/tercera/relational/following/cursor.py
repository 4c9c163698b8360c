"""Changes by a column that grows with them: a time of the last change, or an id.

Transactions end in another order than their values: whoever reads on from the greatest value misses those
that ended late. So the last stretch before it (`overlap`) is read again each time, and what has not changed
since it was read is left out. Whose an order was before is not known; that one is gone is not seen: a sweep
finds it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from tercera.errors import HistoryLostError, SourceError
from tercera.fields import OrderFields
from tercera.relational.databases.session import Session
from tercera.relational.expressions.native import native
from tercera.relational.following.telling import ORDER, batch_of, empty, every_path, subject_name, told
from tercera.tally.changes import Batch

Value = int | datetime | date
Ask = Callable[[Callable[[Session], Iterator[tuple[Any, ...]]]], Iterator[tuple[Any, ...]]]
"""Has a question answered over a connection, as a source does."""

_CURSOR = "told_cursor"

NUMBERS = 1_000
"""How many numbers before the greatest are read again."""


@dataclass(frozen=True, slots=True)
class Growing:
    """The column, how far back it is read again, and the seconds between two looks."""

    column: str
    overlap: timedelta
    every: float


class CursorChanges:
    """`changes.Changes` of one place, by its name `of`."""

    def __init__(
        self, ask: Ask, of: str, fields: OrderFields, growing: Growing, pers: Sequence[str], after: str | None
    ) -> None:
        self._ask = ask
        self._of = f"{of} by {growing.column}"
        self._fields = fields
        self._growing = growing
        self._pers = sorted(set(pers))
        self._is_closed = threading.Event()
        self._is_new = after is None
        self._through = self._read(after) if after is not None else self._greatest()
        self._seen: dict[tuple[Any, ...], Value] = {}
        self._due_at = 0.0
        if after is None:
            self._changed()  # what is there already is no news

    def take(self, patience: float) -> Batch:
        """See `changes.Changes`."""
        if self._is_new:
            self._is_new = False
            return empty(self._position(), is_current=False)
        ends = time.monotonic() + patience
        while True:
            pause = min(self._due_at, ends) - time.monotonic()
            if self._is_closed.wait(max(pause, 0)):
                return empty(is_current=False)
            if time.monotonic() >= self._due_at:
                rows = self._changed()
                self._due_at = time.monotonic() + self._growing.every
                if rows:
                    moved = {row[0] for row in rows if row[0] is not None}
                    told = batch_of(rows, self._pers, moved=moved)
                    return Batch(**told, position=self._position(), is_current=True)
            if time.monotonic() >= ends:
                return empty(self._position())

    def close(self) -> None:
        """See `changes.Changes`."""
        self._is_closed.set()

    def kept(self, position: str) -> None:
        """See `changes.Changes`: nothing is put down here."""

    def _changed(self) -> list[tuple[Any, ...]]:
        """The rows that were not read before as they are now."""
        since = self._since()
        rows = [
            tuple(row) for row in self._ask(lambda session: session.answer(self._written(session, since)))
        ]
        fresh = [row for row in rows if row not in self._seen]
        self._seen = {row: row[-1] for row in rows}
        greatest = [row[-1] for row in rows if row[-1] is not None]
        if greatest:
            self._through = max(greatest) if self._through is None else max(self._through, *greatest)
        return fresh

    def _written(self, session: Session, since: Value | None) -> ir.Table:
        """The rows from a value on: ids, and everything else by which it is told that one changed."""
        paths = every_path(self._fields)
        table = session.orders([*paths, self._growing.column])
        cursor = table[self._growing.column]
        rows = table if since is None else table.filter(_is_from(cursor, since))
        columns, dialect = session.columns(rows), session.dialect
        values: dict[str, ir.Value] = dict(told(columns, self._fields, dialect, self._pers))
        values |= {f"as_{n}": dialect.shown(columns.cell(path).value) for n, path in enumerate(paths)}
        names = [ORDER, *(subject_name(place) for place in range(len(self._pers)))]
        values[_CURSOR] = rows[self._growing.column]
        rest = [name for name in values if name not in names]
        return rows.select(**{name: values[name] for name in [*names, *rest]})

    def _greatest(self) -> Value | None:
        column = self._growing.column

        def ask(session: Session) -> Iterator[tuple[Any, ...]]:
            return session.answer(session.orders([column]).aggregate(found=ibis._[column].max()))

        [(found,)] = list(self._ask(ask))
        if found is not None and not isinstance(found, int | datetime | date):
            raise SourceError(
                f"{self._of}: the column holds {type(found).__name__}, and has to hold times or whole "
                "numbers that grow with each change; name another one in source.changes.cursor"
            )
        return found

    def _since(self) -> Value | None:
        through = self._through
        if through is None:
            return None
        if isinstance(through, int):
            return through - NUMBERS
        if isinstance(through, datetime):
            return through - self._growing.overlap
        return through - max(self._growing.overlap, timedelta(days=1))

    def _position(self) -> str:
        through = self._through
        kind = type(through).__name__
        text = through if through is None or isinstance(through, int) else through.isoformat()
        return json.dumps({"of": self._of, "kind": kind, "through": text})

    def _read(self, position: str) -> Value | None:
        try:
            found = json.loads(position)
            of, kind, text = found["of"], found["kind"], found["through"]
            readers: dict[str, Callable[[Any], Value | None]] = {
                "int": int,
                "datetime": datetime.fromisoformat,
                "date": date.fromisoformat,
                "NoneType": lambda _: None,
            }
            through = readers[kind](text)
        except (ValueError, KeyError, TypeError):
            raise HistoryLostError(f"the position kept for {self._of} can't be read") from None
        if of != self._of:
            raise HistoryLostError(f"the position is of {of}, and {self._of} is followed now")
        return through


def _is_from(column: ir.Value, value: Value) -> ir.BooleanValue:
    """Written so that an index of the column is used: in its own type."""
    if isinstance(value, int):
        compared = native("{0} >= {1}", column, value, kind=dt.boolean)
    else:
        text = value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
        compared = column >= ibis.literal(text).cast(column.type())
    return cast("ir.BooleanValue", compared)
