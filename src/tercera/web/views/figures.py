"""What a monitoring system reads: figures of the ledger, as they are when it asks.

Names and units are Prometheus' (https://prometheus.io/docs/practices/naming/). All are gauges: they are what
the ledger says now, whichever process of several is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from tercera import __version__
from tercera.ledger import LIVE, Ledger, Run
from tercera.telling.silences import DecisionKind
from tercera.telling.watch import age_of
from tercera.web.site import Site

LATELY = 50
"""Runs among which the last sweep is looked for."""


class Figures:
    """A collector, as the client library calls it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._ledger: Ledger = site.ledger
        self._now = site.now()

    def collect(self) -> Iterator[Metric]:
        """Every family, also those that have nothing to tell. Raises `LedgerError`."""
        yield InfoMetricFamily("tercera_build", "The version that answers.", {"version": __version__})
        yield from self._alerts()
        yield from self._notices()
        yield from self._cycles()
        yield from self._data()
        yield from self._decisions()

    def _alerts(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "tercera_alerts",
            "Alerts, by rule, level (empty: none holds) and state.",
            labels=["rule", "level", "state"],
        )
        for (rule, level, state), count in sorted(
            self._ledger.views.standings().items(), key=lambda item: tuple(map(str, item[0]))
        ):
            family.add_metric([rule, level or "", state], count)
        yield family

    def _notices(self) -> Iterator[Metric]:
        notices = GaugeMetricFamily(
            "tercera_notices", "Notices, by channel and state.", labels=["channel", "state"]
        )
        for (channel, state), count in sorted(self._ledger.views.notices_by_channel().items()):
            notices.add_metric([channel, state], count)
        yield notices
        due = self._ledger.views.oldest_due()
        yield _one(
            "tercera_notices_overdue_seconds",
            "How long the notice that waits longest has been due; 0 when none is.",
            max((self._now - due).total_seconds(), 0.0) if due else 0.0,
        )
        paused = GaugeMetricFamily(
            "tercera_channel_paused",
            "1 for each channel whose other side is away, so that it is left alone.",
            labels=["channel"],
        )
        away = self._ledger.channels.circuits()
        for channel in sorted({*self._site.app.settings.channels, *away}):
            paused.add_metric([channel], float(channel in away))
        yield paused
        alerts = GaugeMetricFamily(
            "tercera_held_alerts", "Alerts whose notices the blast guard holds back.", labels=["rule"]
        )
        held = GaugeMetricFamily(
            "tercera_held_notices", "Notices that the blast guard holds back.", labels=["rule"]
        )
        for each in self._ledger.post.held():
            alerts.add_metric([each.rule], each.alerts)
            held.add_metric([each.rule], each.notices)
        yield alerts
        yield held

    def _cycles(self) -> Iterator[Metric]:
        heart = self._ledger.diary.heart()
        last = heart.last_good
        yield _one(
            "tercera_last_good_cycle_timestamp_seconds",
            "When a cycle last succeeded, in seconds since 1970.",
            last.timestamp() if last else None,
        )
        yield _one(
            "tercera_last_good_cycle_age_seconds",
            "Seconds since a cycle last succeeded; since the first was tried, when none ever did.",
            self._age(last or heart.first),
        )
        yield _one(
            "tercera_last_cycle_failed",
            "1 when the last cycle that ended had an error.",
            float(heart.error is not None),
        )
        runs = self._ledger.diary.last_runs(LATELY)
        yield _one(
            "tercera_last_sweep_duration_seconds",
            "How long the last sweep took that succeeded.",
            next((_length(run) for run in runs if _is_good_sweep(run)), None),
        )
        followed = self._ledger.followed()
        yield _one(
            "tercera_live_lag_seconds",
            "Seconds since the changes of the source were known to be handled; where they are followed.",
            self._age(followed.moved_at) if followed else None,
        )
        yield _one(
            "tercera_live_repaired_customers",
            "Customers that sweeps found moved although no change told of them, of late.",
            sum(run.summary.get("repaired", 0) for run in runs if run.kind == LIVE) if followed else None,
        )
        yield from self._order(runs)

    def _order(self, runs: list[Run]) -> Iterator[Metric]:
        newest = next((str(run.summary["newest"]) for run in runs if run.summary.get("newest")), None)
        placed = _placed(newest) if newest else None
        age = age_of(placed, self._site.app.settings.timezone, self._now) if placed else None
        yield _one(
            "tercera_newest_order_age_seconds",
            "Age of the newest order that `freshness` saw; in whole days where orders have no time.",
            age.total_seconds() if age is not None else None,
        )

    def _data(self) -> Iterator[Metric]:
        rows = GaugeMetricFamily("tercera_rows_read", "Rows that the last sweep read.", labels=["rule"])
        rejected = GaugeMetricFamily(
            "tercera_rejected_rows", "Of these: rows that can't be judged.", labels=["rule", "reason"]
        )
        for rule, survey in self._ledger.diary.rejects().items():
            rows.add_metric([rule], survey.rows)
            for reason, count in sorted(survey.rejects.items()):
                rejected.add_metric([rule, reason], count.rows)
        yield rows
        yield rejected

    def _decisions(self) -> Iterator[Metric]:
        in_force = [each.kind for each in self._ledger.decisions(self._now)]
        family = GaugeMetricFamily(
            "tercera_decisions", "Decisions of people that are in force, by kind.", labels=["kind"]
        )
        for kind in DecisionKind:
            family.add_metric([kind], in_force.count(kind))
        yield family

    def _age(self, moment: datetime | None) -> float | None:
        return max((self._now - moment).total_seconds(), 0.0) if moment else None


def _one(name: str, help_text: str, value: float | None) -> GaugeMetricFamily:
    """A family of one figure; of none, where there is nothing to tell."""
    family = GaugeMetricFamily(name, help_text)
    if value is not None:
        family.add_metric([], value)
    return family


def _is_good_sweep(run: Run) -> bool:
    return run.kind == "sweep" and run.error is None and run.finished_at is not None


def _length(run: Run) -> float:
    assert run.finished_at is not None
    return (run.finished_at - run.started_at).total_seconds()


def _placed(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
