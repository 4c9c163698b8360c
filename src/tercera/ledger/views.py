"""What pages and programs look at: lists, figures, single messages. Nothing here writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Engine

from tercera.ledger import decisions, deliveries, history, overview, searching, told
from tercera.ledger.deliveries import Delivery
from tercera.ledger.engine import reading
from tercera.ledger.overview import Move, WindowSum
from tercera.ledger.searching import AlertLine, AlertPage, Wanted
from tercera.messages import Message, NoticeState
from tercera.model import Alert, Reason, RuleId, State, SubjectId, WindowId
from tercera.silences import Decision

T = TypeVar("T")

_REMEMBERED = 64
"""How many answers of the dear kind are kept."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How many alerts are open (by rule and level), how many notices there are (by state), and how many
    transitions there have been since a moment (by reason)."""

    open: Mapping[tuple[RuleId, str | None], int]
    notices: Mapping[NoticeState, int]
    moved: Mapping[Reason, int]


class Views:
    """Reads of a ledger. What takes long is worked out once, and again when anything in the ledger has
    changed (`Ledger.mark`); whoever asks meanwhile waits for the one who works it out. Every method raises
    `LedgerError`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._remembered: dict[object, tuple[object, object]] = {}
        self._lock = threading.Lock()

    def alerts(self, wanted: Wanted, now: datetime, *, limit: int, place: str | None = None) -> AlertPage:
        """A page of the alerts that are wanted, at most `limit`. `place` is `after` or `before` of another
        page of the same list; without it, the first one. PlaceError: it is neither."""
        with reading(self._engine) as connection:
            return searching.search(connection, wanted, now, limit=limit, place=place)

    def every_alert(self, wanted: Wanted, now: datetime) -> Iterator[AlertLine]:
        """All of them: a page at a time, each in a transaction of its own, for whoever reads slowly."""
        page = self.alerts(wanted, now, limit=500)
        yield from page.lines
        while page.after is not None:
            page = self.alerts(wanted, now, limit=500, place=page.after)
            yield from page.lines

    def count_alerts(self, wanted: Wanted, now: datetime, *, most: int = 10_000) -> int:
        """How many are wanted; `most` when there are that many or more. Remembered for the minute."""

        def counted() -> int:
            with reading(self._engine) as connection:
                return searching.count(connection, wanted, now, most=most)

        return self._once((wanted, most, now.replace(second=0, microsecond=0)), counted)

    def whole_alerts(self, ids: Collection[int]) -> list[Alert]:
        """These alerts with their evidence, in the order of the ids; those that are gone are left out."""
        with reading(self._engine) as connection:
            return history.alerts_by_id(connection, ids)

    def names(self, ids: Collection[int]) -> dict[int, str]:
        """What the customers of these alerts (by id) are called, where a notice of theirs carries it."""
        with reading(self._engine) as connection:
            return searching.names_of(connection, ids)

    def figures(self, since: datetime) -> Figures:
        """The whole ledger's; transitions since `since`."""

        def counted() -> Figures:
            with reading(self._engine) as connection:
                return Figures(
                    overview.open_by_level(connection),
                    overview.notices_by_state(connection),
                    overview.moved_since(connection, since),
                )

        return self._once(("figures", since), counted)

    def window_sums(self, rules: Sequence[RuleId], windows: Sequence[WindowId]) -> Sequence[WindowSum]:
        """What windows brought for these rules together, one for each, in their order."""

        def counted() -> list[WindowSum]:
            with reading(self._engine) as connection:
                return overview.window_sums(connection, rules, windows)

        return self._once(("windows", tuple(rules), tuple(windows)), counted)

    def standings(self) -> Mapping[tuple[RuleId, str | None, State], int]:
        """How many alerts there are, by rule, level and state."""

        def counted() -> dict[tuple[RuleId, str | None, State], int]:
            with reading(self._engine) as connection:
                return overview.standings(connection)

        return self._once("standings", counted)

    def notices_by_channel(self) -> Mapping[tuple[str, NoticeState], int]:
        """How many notices there are, by channel and state."""

        def counted() -> dict[tuple[str, NoticeState], int]:
            with reading(self._engine) as connection:
                return overview.notices_by_channel(connection)

        return self._once("notices by channel", counted)

    def oldest_due(self) -> datetime | None:
        """When the notice was due that waits longest; None where none waits."""
        with reading(self._engine) as connection:
            return overview.oldest_due(connection)

    def last_moves(self, limit: int) -> list[Move]:
        """The last transition of the alerts that moved last."""
        with reading(self._engine) as connection:
            return overview.last_moves(connection, limit)

    def alerts_of(self, subject: SubjectId, now: datetime, limit: int = 500) -> list[AlertLine]:
        """The alerts of a customer, the newest windows first."""
        with reading(self._engine) as connection:
            return searching.lines_of(connection, subject, now, limit)

    def deliveries_of(self, subject: SubjectId, limit: int = 100) -> list[Delivery]:
        """The newest notices about a customer's alerts."""
        with reading(self._engine) as connection:
            return deliveries.deliveries_about(connection, subject, limit)

    def decisions_of(self, subject: SubjectId, limit: int = 100) -> list[Decision]:
        """What was decided about a customer or an alert of theirs, the newest first, also what is over."""
        with reading(self._engine) as connection:
            return decisions.decisions_about(connection, subject, limit)

    def message(self, key: str) -> Message:
        """A message as it was written. NotFoundError: there is none with this key."""
        with reading(self._engine) as connection:
            return told.message(connection, key)

    def _mark(self) -> object:
        with reading(self._engine) as connection:
            return history.mark(connection)

    def _once(self, key: object, work: Callable[[], T]) -> T:
        mark = self._mark()
        with self._lock:
            known = self._remembered.get(key)
            if known is None or known[0] != mark:
                while len(self._remembered) >= _REMEMBERED:
                    self._remembered.pop(next(iter(self._remembered)))
                known = self._remembered[key] = mark, cast(Any, work())
            return cast(T, known[1])
