"""What pages and programs look at: lists, figures, single messages. Nothing here writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic, thread_time
from typing import TypeVar, cast

from sqlalchemy import Engine

from tercera.ledger.database.engine import reading
from tercera.ledger.looks import history, overview, searching
from tercera.ledger.looks.overview import Move, WindowSum
from tercera.ledger.looks.searching import AlertLine, AlertPage, Wanted
from tercera.ledger.people import decisions
from tercera.ledger.post import deliveries, told
from tercera.ledger.post.deliveries import Delivery
from tercera.messages import Message, NoticeState
from tercera.model import Alert, Reason, RuleId, State, SubjectId, WindowId
from tercera.telling.silences import Decision

T = TypeVar("T")

_REMEMBERED = 256
"""How many answers are kept."""

_DEAR = 0.1
"""Seconds of a processor from which on an answer is dear: it may be older than what happened last, though"""

_PATIENCE = 20
"""no more than so many times the seconds that it took."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How many alerts are open (by rule and level), how many notices there are (by state), and how many
    transitions there have been since a moment (by reason)."""

    open: Mapping[tuple[RuleId, str | None], int]
    notices: Mapping[NoticeState, int]
    moved: Mapping[Reason, int]


class Views:
    """Reads of a ledger. Counts are worked out `once`, and again when anything in the ledger has changed
    (`Ledger.mark`). Every method raises `LedgerError`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._remembered: dict[object, _Kept] = {}
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

        return self.once((wanted, most, now.replace(second=0, microsecond=0)), counted)

    def ids(self, wanted: Wanted, now: datetime, *, most: int) -> list[int]:
        """Which alerts are wanted, at most so many, the oldest first."""
        with reading(self._engine) as connection:
            return searching.ids(connection, wanted, now, most=most)

    def newest(self) -> int:
        """The highest id that an alert has; 0 where there is none."""
        with reading(self._engine) as connection:
            return searching.newest(connection)

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

        return self.once(("figures", since), counted)

    def window_sums(self, rules: Sequence[RuleId], windows: Sequence[WindowId]) -> Sequence[WindowSum]:
        """What windows brought for these rules together, one for each, in their order."""

        def counted() -> list[WindowSum]:
            with reading(self._engine) as connection:
                return overview.window_sums(connection, rules, windows)

        return self.once(("windows", tuple(rules), tuple(windows)), counted)

    def standings(self) -> Mapping[tuple[RuleId, str | None, State], int]:
        """How many alerts there are, by rule, level and state."""

        def counted() -> dict[tuple[RuleId, str | None, State], int]:
            with reading(self._engine) as connection:
                return overview.standings(connection)

        return self.once("standings", counted)

    def notices_by_channel(self) -> Mapping[tuple[str, NoticeState], int]:
        """How many notices there are, by channel and state."""

        def counted() -> dict[tuple[str, NoticeState], int]:
            with reading(self._engine) as connection:
                return overview.notices_by_channel(connection)

        return self.once("notices by channel", counted)

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

    def once(self, key: object, work: Callable[[], T]) -> T:
        """What `work` gives, kept under the key for as long as nothing in the ledger changes; whoever asks
        meanwhile waits for the one who works it out. What takes long is renewed less often."""
        with self._lock:
            while len(self._remembered) >= _REMEMBERED:
                self._remembered.pop(next(iter(self._remembered)))
            kept = self._remembered.setdefault(key, _Kept())
        with kept.lock:
            mark = self._mark()
            if not kept.holds(mark, monotonic()):
                began = thread_time()
                kept.answer = work()
                kept.mark, kept.cost, kept.at = mark, thread_time() - began, monotonic()
            return cast(T, kept.answer)

    def _mark(self) -> object:
        with reading(self._engine) as connection:
            return history.mark(connection)


@dataclass(slots=True)
class _Kept:
    """An answer: at which mark it was worked out, when, and how much time of a processor that took."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    mark: object = None
    at: float = 0.0
    cost: float = 0.0
    answer: object = None

    def holds(self, mark: object, now: float) -> bool:
        """Figures of a ledger that changes every second must not keep a processor busy."""
        young = self.cost > _DEAR and now - self.at < _PATIENCE * self.cost
        return self.mark is not None and (self.mark == mark or young)
