"""The long-running process: sweeps on a schedule, delivers in between, stops cleanly.

Sweeping and delivering each have one thread: neither overlaps itself, sweeps that were missed become one, and
a slow mail server does not hold up a sweep. With `schedule.live` two more follow the changes of the source
(`following`). A source or a mail server that is away is logged and tried again.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import FrameType
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from tercera.app import App
from tercera.cycle import Stopped, cycle
from tercera.cycle.watching import Moved, between_cycles
from tercera.deliver import Sessions, deliver
from tercera.errors import ConflictError, DeliveryError, OutageError, TerceraError
from tercera.following import Follower
from tercera.ledger import Ledger

RETRY_EVERY = timedelta(seconds=10)
"""How often notices that are due again are looked for, between sweeps."""

SHORTEST_PAUSE = 0.2
"""Seconds between two deliveries, should something be due that can't go out."""

KEPT_OPEN = 5.0
"""Seconds that the ways to the channels stay open for what comes next: a login takes longer than a mail."""

HEARS_EVERY = 1.0
"""Seconds after which a signal is heard at the latest that the system gave to another thread than the main
one: that does not end the waiting of the main one."""

log = structlog.get_logger("tercera")


def run_forever(app: App, ledger: Ledger, *, notify_history: bool = False) -> None:
    """Runs until SIGTERM or SIGINT. The caller holds the ledger. A ledger that fails ends it."""
    with stopping_on_signals() as stop:
        daemon = _Daemon(app, ledger, stop, notify_history)
        scheduler = daemon.scheduler
        delivering = threading.Thread(target=daemon.deliver_until_stopped, name="deliver")
        scheduler.start()
        delivering.start()
        if daemon.follower is not None:
            daemon.follower.start()
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
            daemon.wake()
            if daemon.follower is not None:
                daemon.follower.join()
            scheduler.shutdown(wait=True)
            delivering.join()
            log.info("stopped")
    if daemon.broken is not None:
        raise daemon.broken


@contextmanager
def stopping_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM or SIGINT sets. Ctrl-C a second time ends the process at once; SIGTERM does not,
    because supervisors repeat it (to the process, then to its group)."""
    stop = threading.Event()

    def handle(number: int, _: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {each: signal.signal(each, handle) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, signal.SIG_DFL if handler is None else handler)


class _Daemon:
    """The jobs and what they share."""

    def __init__(self, app: App, ledger: Ledger, stop: threading.Event, notify_history: bool) -> None:
        self._app = app
        self._ledger = ledger
        self._stop = stop
        self._notify_history = notify_history
        self._wake = threading.Event()
        self._started = app.clock()
        self._sessions = Sessions(app.channels, app.settings.delivery.connections)
        self.broken: TerceraError | None = None
        self.follower = self._follower() if app.settings.schedule.live else None
        self.scheduler = self._scheduler()

    def _follower(self) -> Follower:
        app = self._app
        return Follower(
            app.settings.rules,
            app.followable,
            app.live(self._ledger, notify_history=self._notify_history),
            self._stop,
            debounce=app.settings.schedule.debounce.total_seconds(),
            wake=self.wake,
            sweep_soon=self._sweep_soon,
            surviving=self._surviving,
        )

    def _sweep_soon(self) -> None:
        """Beside the schedule; several of these become one."""
        self.scheduler.add_job(self._sweep, id="sweep soon", replace_existing=True)

    def _scheduler(self) -> BackgroundScheduler:
        """Sweeps, on a thread of their own. They never ask the scheduler for anything: it holds its locks
        while it waits for them to end."""
        scheduler = BackgroundScheduler(
            timezone=ZoneInfo(self._app.settings.timezone),
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        now = self._app.clock()
        trigger = _trigger(self._app)
        # Who follows says when the first sweep may begin: after it is known from where changes are told.
        at_once = self.follower is None and self._is_due(trigger, now)
        first = {"next_run_time": now} if at_once else {}
        scheduler.add_job(self._sweep, trigger, id="sweep", **first)
        return scheduler

    def deliver_until_stopped(self) -> None:
        """Delivers whatever is due, at once when a sweep has ended, and when more falls due: a limit of one
        message a second is not one for each interval."""
        with self._sessions:
            while not self._stop.is_set():
                self._wake.clear()
                self._deliver()
                if not self._stop.is_set():  # which comes before the last wake, should that have been cleared
                    self._wait(self._pause())

    def _wait(self, seconds: float) -> None:
        if not self._wake.wait(min(seconds, KEPT_OPEN)) and seconds > KEPT_OPEN:
            with self._surviving("deliver"):
                self._sessions.close()
            self._wake.wait(seconds - KEPT_OPEN)

    def wake(self) -> None:
        """Delivers at once; ends the waiting when all is to stop."""
        self._wake.set()

    def _is_due(self, trigger: BaseTrigger, now: datetime) -> bool:
        """Whether to sweep at once: by interval always; by cron when a run was missed while nothing ran."""
        if isinstance(trigger, IntervalTrigger):
            return True
        cursors = [self._ledger.cursor(rule.id) for rule in self._app.settings.rules]
        if not all(cursors):
            return True
        last = min(cursor.checked_through for cursor in cursors if cursor)
        due = trigger.get_next_fire_time(None, last + timedelta(seconds=1))
        return due is not None and due <= now

    def _sweep(self) -> None:
        app = self._app
        with self._surviving("sweep"):
            mark = self.follower.sweep_begins() if self.follower else None
            report = cycle(
                app.settings.rules,
                app.source,
                self._ledger,
                app.terms(notify_history=self._notify_history),
                now=app.clock(),
                clock=app.clock,
                stop=self._stop,
            )
            if self.follower:
                self.follower.sweep_ended(mark, report)
            for swept in report.swept:
                log.info(
                    "swept",
                    rejects={str(reason): count.rows for reason, count in swept.survey.rejects.items()},
                    rule=swept.rule,
                    rows=swept.survey.rows,
                    baseline=swept.baseline,
                    held=swept.held,
                    silenced=swept.silenced,
                    **_counts(swept.transitions),
                )
                if swept.held:
                    log.warning("held back", rule=swept.rule, alerts=swept.held, remark="see tercera held")
            told_of_watch(report.watched)
            if app.ping and (remark := app.ping.tell(good=not report.failed)):
                log.warning("ping", remark=remark)
            for rule in report.elsewhere:
                log.info("swept by another instance", rule=rule)
            for rule, error in report.failed.items():
                log.warning("sweep failed, will be tried again", rule=rule, error=str(error))
            self.wake()

    def _pause(self) -> float:
        """Seconds until it has to be looked again for what is due."""
        with self._surviving("deliver"):
            now = self._app.clock()
            due_at = self._ledger.post.next_due(now, without=self._ledger.channels.circuits())
            if due_at is not None and due_at - now < RETRY_EVERY:
                return max((due_at - now).total_seconds(), SHORTEST_PAUSE)
        return RETRY_EVERY.total_seconds()

    def _deliver(self) -> None:
        with self._surviving("deliver"):
            app = self._app
            if app.settings.watch is not None:
                told_of_watch(
                    between_cycles(
                        self._ledger,
                        app.settings.watch,
                        app.routes.operations,
                        started=self._started,
                        now=app.clock(),
                        following=self.follower.news() if self.follower else None,
                    )
                )
            outcomes = deliver(app.delivery(self._ledger, tell=_tell), self._stop, sessions=self._sessions)
            if outcomes:
                log.info("delivered", **_counts(outcomes))

    @contextmanager
    def _surviving(self, job: str) -> Iterator[None]:
        """A ledger that can't be written to ends the process: nothing could be remembered any more. One whose
        server is away for a while does not: nothing is sent or forgotten until it is back."""
        try:
            yield
        except Stopped as error:
            log.info("cycle stopped", remark=str(error))
        except (OutageError, ConflictError) as error:
            log.warning(f"{job} failed, will be tried again", error=str(error))
        except TerceraError as error:
            log.error(f"{job} failed", error=str(error))
            self.broken = error
            self._stop.set()
        except Exception:
            log.exception(f"{job} failed", remark="this is a defect; the next run tries again")


def _tell(channel: str, away: DeliveryError | None) -> None:
    if away is None:
        log.info("channel is back", channel=channel)
    else:
        log.warning("channel is left alone", channel=channel, error=away.reason, remark="nothing is lost")


def told_of_watch(moved: Iterable[Moved]) -> None:
    """In the log, also where there is no channel to tell operations by."""
    for each in moved:
        log.warning(
            "data watch",
            alert=each.measured.watched,
            about=each.measured.subject,
            what=each.transition.reason,
            remark=each.measured.words,
        )


def _trigger(app: App) -> BaseTrigger:
    schedule = app.settings.schedule
    if schedule.cron is not None:
        return CronTrigger.from_crontab(schedule.cron, timezone=ZoneInfo(app.settings.timezone))
    assert schedule.every is not None
    return IntervalTrigger(seconds=int(schedule.every.total_seconds()))


def _beside(ledger: Ledger) -> dict[str, object]:
    """Who else runs on the same ledger, where several may."""
    instances = ledger.instances()
    others = [each for each in instances if each != ledger.instance]
    return {"instance": ledger.instance, "others": others} if instances else {}


def _words(app: App) -> str:
    schedule = app.settings.schedule
    words = f"cron {schedule.cron}" if schedule.cron else f"every {schedule.every}"
    return f"live, and {words}" if schedule.live else words


def _counts(counts: Mapping[Any, int]) -> dict[str, int]:
    return {str(name): number for name, number in counts.items()}
