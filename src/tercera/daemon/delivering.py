"""Delivers whatever is due, in a thread of its own: at once when it is woken, and when more falls due."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from tercera.app import App
from tercera.cycle.watching import between_cycles
from tercera.daemon.said import told_of_channel, told_of_delivery, told_of_watch
from tercera.daemon.surviving import Survival
from tercera.deliver import Sessions, deliver
from tercera.ledger import Ledger
from tercera.telling.watch import Following

RETRY_EVERY = timedelta(seconds=10)
"""How often notices that are due again are looked for, between sweeps."""

SHORTEST_PAUSE = 0.2
"""Seconds between two deliveries, should something be due that can't go out."""

KEPT_OPEN = 5.0
"""Seconds that the ways to the channels stay open for what comes next: a login takes longer than a mail."""


class Deliverer:
    """Delivers until `stop` is set. `news` tells how following stands, for the data watch."""

    def __init__(
        self,
        app: App,
        ledger: Ledger,
        stop: threading.Event,
        survival: Survival,
        news: Callable[[], Following | None],
    ) -> None:
        self._app = app
        self._ledger = ledger
        self._stop = stop
        self._survival = survival
        self._news = news
        self._started = app.clock()
        self._wake = threading.Event()
        self._sessions = Sessions(app.channels, app.settings.delivery.connections)
        self._thread = threading.Thread(target=self._run, name="deliver")

    def start(self) -> None:
        """The thread."""
        self._thread.start()

    def wake(self) -> None:
        """Delivers at once; ends the waiting when all is to stop."""
        self._wake.set()

    def join(self) -> None:
        """Waits for its end, after `stop` was set and it was woken."""
        self._thread.join()

    def _run(self) -> None:
        """A limit of one message a second is not one for each interval: it is woken when more falls due."""
        with self._sessions:
            while not self._stop.is_set():
                self._wake.clear()
                self._deliver()
                if not self._stop.is_set():  # which comes before the last wake, should that have been cleared
                    self._wait(self._pause())

    def _wait(self, seconds: float) -> None:
        if not self._wake.wait(min(seconds, KEPT_OPEN)) and seconds > KEPT_OPEN:
            with self._survival.of("deliver"):
                self._sessions.close()
            self._wake.wait(seconds - KEPT_OPEN)

    def _pause(self) -> float:
        """Seconds until it has to be looked again for what is due."""
        with self._survival.of("deliver"):
            now = self._app.clock()
            due_at = self._ledger.post.next_due(now, without=self._ledger.channels.circuits())
            if due_at is not None and due_at - now < RETRY_EVERY:
                return max((due_at - now).total_seconds(), SHORTEST_PAUSE)
        return RETRY_EVERY.total_seconds()

    def _deliver(self) -> None:
        with self._survival.of("deliver"):
            self._watch()
            delivery = self._app.delivery(self._ledger, tell=told_of_channel)
            told_of_delivery(deliver(delivery, self._stop, sessions=self._sessions))

    def _watch(self) -> None:
        app = self._app
        if app.settings.watch is not None:
            told_of_watch(
                between_cycles(
                    self._ledger,
                    app.settings.watch,
                    app.routes.operations,
                    started=self._started,
                    now=app.clock(),
                    following=self._news(),
                )
            )
