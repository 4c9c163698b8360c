"""The two threads of a process that follows, started and ended together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from tercera.cycle import Report, Stopped
from tercera.cycle.live import Live
from tercera.following.desk import Desk, SweepMark
from tercera.following.looking import Looker
from tercera.following.reading import Reader
from tercera.model import RuleId
from tercera.rules import Rule
from tercera.tally.changes import Followable
from tercera.telling.watch import Following

PATIENCE = 1.0
"""Seconds that a look waits for work, before it is seen to other things."""

Surviving = Callable[[str], AbstractContextManager[None]]
"""What becomes of the errors of a job, by its name."""


class Follower:
    """Follows a source for some rules. `wake` is called when there may be something to deliver, `sweep_soon`
    when a sweep has to look at everything, and the first time when one may begin."""

    def __init__(
        self,
        rules: Sequence[Rule],
        source: Followable,
        live: Live,
        stop: threading.Event,
        *,
        debounce: float,
        wake: Callable[[], None],
        sweep_soon: Callable[[], None],
        surviving: Surviving,
    ) -> None:
        pers = {rule.id: rule.counting.per for rule in rules}
        self._stop = stop
        self._was_well = False
        self._surviving = surviving
        self._live = live
        live.proceed = self._proceed
        self._desk = Desk(pers, debounce=debounce)
        self._reader = Reader(source, pers.values(), live, self._desk, stop, sweep_soon)
        self._looker = Looker(rules, live, self._desk, wake)
        self._threads = [
            threading.Thread(target=self._read, name="follow"),
            threading.Thread(target=self._look, name="look"),
        ]

    def start(self) -> None:
        """Both threads."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Waits for their end, after `stop` was set."""
        self._desk.close()
        for thread in self._threads:
            thread.join()

    def sweep_begins(self) -> SweepMark | None:
        """To be called before a sweep; what it gives is for `sweep_ended`."""
        return self._desk.sweep_begins()

    def sweep_ended(self, mark: SweepMark | None, report: Report) -> None:
        """What the sweep looked at need not be looked at again; what it found and no change tells of was
        missed."""
        self._looker.sweep_has_ended()
        if mark is not None:
            found = {RuleId(each.rule): [subject for subject, _ in each.news] for each in report.swept}
            self._desk.sweep_ended(mark, found)

    def news(self) -> Following | None:
        """Whether changes are followed: while they can't be, and once when they can again or for the first
        time; None in between."""
        health = self._reader.health
        if health is None:
            return None
        is_well, was_well = health.broken_since is None, self._was_well
        self._was_well = is_well
        return None if is_well and was_well else health

    def _proceed(self) -> None:
        if self._stop.is_set():
            raise Stopped("stopped in the middle of a look; what was read is told again")

    def _read(self) -> None:
        while not self._stop.is_set():
            with self._surviving("following"):
                self._reader.read()

    def _look(self) -> None:
        while not self._stop.is_set():
            with self._surviving("look"):
                self._looker.look(PATIENCE)
        with self._surviving("look"):
            self._live.end_run()
