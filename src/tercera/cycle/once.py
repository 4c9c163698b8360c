"""A cycle: every rule is swept, or looked at for some subjects. Delivery follows in `deliver`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tercera.cycle.leaving import close_left_behind
from tercera.cycle.renamed import follow_channels, follow_rules
from tercera.cycle.scopes import Plan, plan_of
from tercera.cycle.sweep import Swept, Terms, sweep
from tercera.cycle.watching import Moved, Seen, after_cycle
from tercera.errors import ConflictError, SourceError, TerceraError
from tercera.failpoints import Failpoint, reached
from tercera.ledger import PART, Ledger
from tercera.model import Placed, RuleId, SubjectId
from tercera.orders import Recent, Source
from tercera.rules import Rule
from tercera.tally.sharing import sharing
from tercera.telling.routing import gathering_of
from tercera.telling.watch import Limits, oldest_fresh


@dataclass
class Report:
    """What one cycle came to: each rule's sweep, or the error that kept it from one. `elsewhere` are rules
    that another instance was sweeping."""

    run: int
    swept: list[Swept] = field(default_factory=list)
    failed: dict[str, TerceraError] = field(default_factory=dict)
    watched: list[Moved] = field(default_factory=list)
    """What the data watch opened or took back."""
    elsewhere: list[str] = field(default_factory=list)
    renamed: dict[RuleId, RuleId] = field(default_factory=dict)
    """Rules that the ledger knew under another id: old and new."""
    renamed_channels: dict[str, str] = field(default_factory=dict)
    """And channels."""

    @property
    def told(self) -> int:
        """Alerts that notices went out for."""
        return sum(each.told for each in self.swept)

    def summary(self) -> dict[str, Any]:
        """For the ledger's list of runs."""
        return {
            "transitions": dict(sum((each.transitions for each in self.swept), Counter())),
            "rows": sum(each.survey.rows for each in self.swept),
            "rejects": sum(count.rows for each in self.swept for count in each.survey.rejects.values()),
            "newest": self.newest.isoformat() if self.newest else None,
            **({"elsewhere": self.elsewhere} if self.elsewhere else {}),
        }

    @property
    def newest(self) -> Placed | None:
        """The newest order that was seen, where it was looked for."""
        return next((each.survey.newest for each in self.swept if each.scope.recent), None)

    def seen(self) -> Seen:
        """What the data watch judges."""
        looked = next((each.scope for each in self.swept if each.scope.recent), None)
        return Seen(
            {RuleId(each.rule): each.survey for each in self.swept},
            good=not self.failed and (bool(self.swept) or not self.elsewhere),
            asked=looked is not None,
            newest=self.newest,
            looked_from=looked.start if looked else None,
        )


class Stopped(TerceraError):
    """The cycle was asked to stop. What it had committed stays; the next one goes on from there."""


def cycle(
    rules: Sequence[Rule],
    source: Source,
    ledger: Ledger,
    terms: Terms,
    *,
    now: datetime,
    clock: Callable[[], datetime],
    stop: threading.Event | None = None,
    subjects: Collection[SubjectId] | None = None,
) -> Report:
    """Sweeps every rule that no other instance is sweeping, or looks at some subjects alone.

    A rule that fails is noted and does not keep the others from theirs: its orders could not be read, or
    somebody decided about an alert meanwhile. The next cycle makes it good.

    Raises `LedgerError` when the ledger itself fails, and `Stopped`.
    """

    def proceed() -> None:
        if stop is not None and stop.is_set():
            raise Stopped("stopped in the middle of a cycle; the next one goes on from here")

    report = Report(ledger.diary.begin_run("sweep" if subjects is None else PART, now))
    reached(Failpoint.AFTER_BEGIN)
    # What nobody released is never sent.
    ledger.post.discard(None, now, decided_before=now - terms.guard.expires)
    gathering = gathering_of(rules, terms.routes, report.run, now)
    try:
        report.renamed = follow_rules(ledger, rules)
        report.renamed_channels = follow_channels(ledger, terms.routes)
        # Some subjects alone are read by their orders, which nobody else reads.
        plans = _plans(rules, ledger, now) if subjects is None else {}
        recent = _recent(terms.watch, now)
        asked = [
            (rule.counting, replace(plans[rule.id].scope, recent=recent))
            for rule in rules
            if rule.id in plans
        ]
        with sharing(source, asked) if asked else nullcontext(source) as shared:
            for rule in rules:
                try:
                    with ledger.sweeping(rule.id) as lease:
                        if lease is None:
                            report.elsewhere.append(rule.id)
                            continue
                        swept = sweep(
                            rule,
                            shared,
                            ledger,
                            terms,
                            run=report.run,
                            now=now,
                            told=report.told,
                            recent=None if report.seen().asked else recent,
                            lease=lease,
                            gathering=gathering,
                            subjects=subjects,
                            plan=plans.get(rule.id),
                            proceed=proceed,
                        )
                except (SourceError, ConflictError) as error:
                    report.failed[rule.id] = error
                else:
                    report.swept.append(swept)
                    if swept.scope.pairs is None:  # else it says nothing of the orders as a whole
                        ledger.diary.record_rejects(report.run, rule.id, swept.survey)
        if subjects is None:
            close_left_behind(ledger, rules, run=report.run, now=now)
        if terms.watch is not None and subjects is None:
            report.watched = after_cycle(
                ledger, terms.watch, terms.routes.operations, report.seen(), run=report.run, now=now
            )
    except TerceraError as error:
        ledger.diary.finish_run(report.run, clock(), report.summary(), str(error))
        raise
    error_text = "; ".join(str(error) for error in report.failed.values()) or None
    ledger.diary.finish_run(report.run, clock(), report.summary(), error_text)
    return report


def _plans(rules: Sequence[Rule], ledger: Ledger, now: datetime) -> dict[RuleId, Plan]:
    """What the rules are going to ask the source, as far as it can be told before their turn comes."""
    return {rule.id: plan_of(rule, ledger, ledger.cursor(rule.id), now) for rule in rules}


def _recent(limits: Limits | None, now: datetime) -> Recent | None:
    """Where to look for the newest order: the first rule that can be swept does, for all."""
    if limits is None or limits.max_age is None:
        return None
    return Recent(oldest_fresh(limits, now), now)
