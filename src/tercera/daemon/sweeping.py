"""Sweeps on a schedule, on one thread: none overlaps another, and those that were missed become one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from tercera.app import App
from tercera.cycle import cycle
from tercera.daemon.said import told_of_cycle
from tercera.daemon.surviving import Survival
from tercera.following import Follower
from tercera.ledger import Ledger

log = structlog.get_logger("tercera")


class Sweeper:
    """Sweeps until it is ended. `wake` is called after each sweep: there may be something to deliver.

    Whoever follows the source (`follow`) says when the first sweep may begin: after it is known from where
    changes are told."""

    def __init__(
        self,
        app: App,
        ledger: Ledger,
        stop: threading.Event,
        survival: Survival,
        wake: Callable[[], None],
        *,
        notify_history: bool,
    ) -> None:
        self._app = app
        self._ledger = ledger
        self._stop = stop
        self._survival = survival
        self._wake = wake
        self._notify_history = notify_history
        self._follower: Follower | None = None
        # Sweeps never ask the scheduler for anything: it holds its locks while it waits for them to end.
        self._scheduler = BackgroundScheduler(
            timezone=ZoneInfo(app.settings.timezone),
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self, follower: Follower | None) -> None:
        """By the schedule; at once, unless somebody follows."""
        self._follower = follower
        now, trigger = self._app.clock(), _trigger(self._app)
        at_once = follower is None and self._is_due(trigger, now)
        first = {"next_run_time": now} if at_once else {}
        self._scheduler.add_job(self._sweep, trigger, id="sweep", **first)
        self._scheduler.start()

    def soon(self) -> None:
        """One sweep beside the schedule; several of these become one."""
        self._scheduler.add_job(self._sweep, id="sweep soon", replace_existing=True)

    def end(self) -> None:
        """Waits for the sweep that runs."""
        self._scheduler.shutdown(wait=True)

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
        with self._survival.of("sweep"):
            mark = self._follower.sweep_begins() if self._follower else None
            report = cycle(
                app.settings.rules,
                app.source,
                self._ledger,
                app.terms(notify_history=self._notify_history),
                now=app.clock(),
                clock=app.clock,
                stop=self._stop,
            )
            if self._follower:
                self._follower.sweep_ended(mark, report)
            told_of_cycle(report)
            if app.ping and (remark := app.ping.tell(good=not report.failed)):
                log.warning("ping", remark=remark)
            self._wake()


def _trigger(app: App) -> BaseTrigger:
    schedule = app.settings.schedule
    if schedule.cron is not None:
        return CronTrigger.from_crontab(schedule.cron, timezone=ZoneInfo(app.settings.timezone))
    assert schedule.every is not None
    return IntervalTrigger(seconds=int(schedule.every.total_seconds()))
