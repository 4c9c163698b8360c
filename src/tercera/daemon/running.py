"""The threads of the process, started and ended together."""

from __future__ import annotations

import threading

import structlog

from tercera.app import App
from tercera.daemon.delivering import Deliverer
from tercera.daemon.stopping import HEARS_EVERY, stopping_on_signals
from tercera.daemon.surviving import Survival
from tercera.daemon.sweeping import Sweeper
from tercera.following import Follower
from tercera.ledger import Ledger
from tercera.telling.watch import Following

log = structlog.get_logger("tercera")


def run_forever(app: App, ledger: Ledger, *, notify_history: bool = False) -> None:
    """Runs until SIGTERM or SIGINT. The caller holds the ledger. A ledger that fails ends it."""
    with stopping_on_signals() as stop:
        daemon = _Daemon(app, ledger, stop, notify_history)
        daemon.start()
        log.info(
            "started",
            rules=[rule.id for rule in app.settings.rules],
            schedule=_words(app),
            **_beside(ledger),
        )
        try:
            while not stop.wait(HEARS_EVERY):
                pass
        finally:
            log.info("stopping", remark="what is being written or sent is finished first")
            stop.set()
            daemon.end()
            log.info("stopped")
    if daemon.survival.broken is not None:
        raise daemon.survival.broken


class _Daemon:
    """The threads, and who wakes whom."""

    def __init__(self, app: App, ledger: Ledger, stop: threading.Event, notify_history: bool) -> None:
        self.survival = Survival(stop)
        self._deliverer = Deliverer(app, ledger, stop, self.survival, self._news)
        self._sweeper = Sweeper(
            app, ledger, stop, self.survival, self._deliverer.wake, notify_history=notify_history
        )
        self._follower = (
            self._followed(app, ledger, stop, notify_history) if app.settings.schedule.live else None
        )

    def start(self) -> None:
        """All threads."""
        self._sweeper.start(self._follower)
        self._deliverer.start()
        if self._follower is not None:
            self._follower.start()

    def end(self) -> None:
        """Waits for what is being written or sent, after `stop` was set."""
        self._deliverer.wake()
        if self._follower is not None:
            self._follower.join()
        self._sweeper.end()
        self._deliverer.join()

    def _followed(self, app: App, ledger: Ledger, stop: threading.Event, notify_history: bool) -> Follower:
        return Follower(
            app.settings.rules,
            app.followable,
            app.live(ledger, notify_history=notify_history),
            stop,
            debounce=app.settings.schedule.debounce.total_seconds(),
            wake=self._deliverer.wake,
            sweep_soon=self._sweeper.soon,
            surviving=self.survival.of,
        )

    def _news(self) -> Following | None:
        return self._follower.news() if self._follower else None


def _beside(ledger: Ledger) -> dict[str, object]:
    """Who else runs on the same ledger, where several may."""
    instances = ledger.instances()
    others = [each for each in instances if each != ledger.instance]
    return {"instance": ledger.instance, "others": others} if instances else {}


def _words(app: App) -> str:
    schedule = app.settings.schedule
    words = f"cron {schedule.cron}" if schedule.cron else f"every {schedule.every}"
    return f"live, and {words}" if schedule.live else words
