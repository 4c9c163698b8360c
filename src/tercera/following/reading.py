"""The thread that reads changes: the right to, the position, and what to do when history is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

import structlog

from tercera.cycle.live import Live
from tercera.errors import ConflictError, HistoryLostError, OutageError, SourceError
from tercera.failpoints import Failpoint, reached
from tercera.following.desk import Desk, Stretch
from tercera.ledger import Lease, Ledger, Position
from tercera.tally.changes import Batch, Changes, Followable
from tercera.telling.watch import Following

PATIENCE = 1.0
"""Seconds that one question for changes waits."""

SWEEP_EVERY = 60.0
"""Seconds between two sweeps for orders that are gone and nobody knows whose they were."""

SHORTEST, LONGEST = 1.0, 60.0
"""Seconds between two tries to reach a source that is away: each pause is twice the one before."""

_WELL = Following()

log = structlog.get_logger("tercera")


class Reader:
    """For one thread. `sweep_soon` is called when a sweep has to look at everything; the first time when it
    is known from where changes are told, or that this can't be known for now."""

    def __init__(
        self,
        source: Followable,
        pers: Collection[str],
        live: Live,
        desk: Desk,
        stop: threading.Event,
        sweep_soon: Callable[[], None],
    ) -> None:
        self._source = source
        self._pers = frozenset(pers)
        self._ledger: Ledger = live.ledger
        self._clock = live.clock
        self._desk = desk
        self._stop = stop
        self._sweep_soon = sweep_soon
        self._lost: str | None = None
        self._pause = SHORTEST
        self._began = False
        self._swept_at = float("-inf")
        self.health: Following | None = None
        """None while it is not known, or another instance's business."""

    def read(self) -> None:
        """Follows until stopped, or until something breaks; what can pass is logged and waited out. Raises
        `LedgerError`."""
        try:
            with self._ledger.following() as lease:
                if lease is None:
                    self.health = None
                    self._begin()
                    self._stop.wait(SHORTEST)
                else:
                    self._follow(lease)
        except HistoryLostError as error:
            self._lost = str(error)
            log.warning("history lost", error=self._lost, remark="a sweep looks at everything")
        except ConflictError as error:
            log.warning("another instance follows now", error=str(error))
        except (SourceError, OutageError) as error:
            log.warning("following failed, will be tried again", error=str(error), seconds=self._pause)
            before = self.health.broken_since if self.health else None
            self.health = Following(before or self._clock(), str(error))
            self._begin()
            self._stop.wait(self._pause)
            self._pause = min(self._pause * 2, LONGEST)

    def _follow(self, lease: Lease) -> None:
        known = self._ledger.followed()
        after = known.position if known and self._lost is None else None
        stretch = self._desk.begin(lease)
        try:
            changes = self._source.changes(self._pers, after)
            try:
                self._open(changes, stretch, after)
                kept = None
                while not (self._stop.is_set() or stretch.is_over):
                    self._note(stretch, changes.take(PATIENCE))
                    if stretch.kept is not None and stretch.kept != kept:
                        changes.kept(kept := stretch.kept)
            finally:
                changes.close()
        finally:
            self._desk.end()

    def _open(self, changes: Changes, stretch: Stretch, after: str | None) -> None:
        """What is found by the sweep that is asked for here was written after the position, or is told."""
        if after is None:
            batch = changes.take(PATIENCE)
            if batch.position is None:
                raise SourceError("the source does not say from where on it tells of changes")
            self._ledger.begin_following(Position(batch.position, self._clock(), stretch.lease), self._lost)
            reached(Failpoint.AFTER_POSITION)
            lost, self._lost = self._lost, None
            self._desk.note(stretch, batch)
            log.info("following", since="now", lost=lost is not None)
            self._began = True
            self._sweep_soon()
        else:
            log.info("following", since="where it was left")
            self._begin()

    def _note(self, stretch: Stretch, batch: Batch) -> None:
        self._pause = SHORTEST
        self.health = _WELL
        self._desk.note(stretch, batch)
        if batch.untold and time.monotonic() >= self._swept_at + SWEEP_EVERY:
            self._swept_at = time.monotonic()
            log.info("orders are gone and nobody knows whose they were", remark="a sweep looks at everything")
            self._sweep_soon()

    def _begin(self) -> None:
        """The first sweep waits until it is known from where on changes are told."""
        if not self._began:
            self._began = True
            self._sweep_soon()
