"""A sweep: tally → judge → reconcile → commit, rule by rule. Delivery follows in `deliver`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from tercera.errors import SourceError, TerceraError
from tercera.ledger import Cursor, Known, Ledger, digest_of
from tercera.lifecycle import reconcile
from tercera.messages import Change
from tercera.model import CUSTOMER, Customer, Pair, Reason, State, Survey, Tally, WindowId
from tercera.orders import Scope, Source
from tercera.routing import Routes, drafts
from tercera.rules import Rule, judge
from tercera.windows import Window, between, parse_window, watched, window_of

CHUNK = 5_000
"""Changes in one transaction. A crash between two of them is made good by the next sweep, which finds the
first ones done; the cursor moves with the last."""


@dataclass
class Swept:
    """What one rule's sweep came to: transitions by reason (`unchanged` counts pairs), and what was read."""

    rule: str
    transitions: Counter[Reason] = field(default_factory=Counter)
    survey: Survey = field(default_factory=Survey)
    baseline: bool = False
    undeliverable: int = 0
    """Notices that nobody can be sent, because the customer has no address."""

    held: int = 0
    """Alerts whose notices wait for `tercera release` or `tercera discard`."""


def sweep(
    rule: Rule,
    source: Source,
    ledger: Ledger,
    routes: Routes,
    *,
    run: int,
    now: datetime,
    currency: str | None = None,
    notify_history: bool = False,
    proceed: Callable[[], None] = lambda: None,
) -> Swept:
    """Looks at a rule's watched windows and commits what changed.

    1. which windows: all of history on a first sweep, else the open ones, those within the grace, and those
       of alerts that still stand; 2. tally them; 3. tally the known pairs that fell below the lowest level;
    4. reconcile each with what the ledger knows; 5. commit in chunks, the cursor with the last.

    `proceed` is called between chunks and may raise to stop. Raises `SourceError`, `LedgerError`.
    """
    cursor = ledger.cursor(rule.id)
    baseline = not notify_history and (cursor is None or cursor.fingerprint != rule.fingerprint)
    scope = _scope(rule, ledger, cursor, now)
    known = ledger.known(rule.id, None if cursor is None else _names(rule, scope))
    swept = Swept(rule.id, baseline=baseline)
    changes = _changes(rule, source, known, scope, swept, now=now, baseline=baseline)
    for number, (chunk, is_last) in enumerate(_chunks(changes)):
        proceed()
        addressed = _addressed(
            rule, source, routes, chunk, bundle=f"{run}.{rule.id}.{number}", currency=currency
        )
        swept.undeliverable += sum(not draft.recipient for change in addressed for draft in change.drafts)
        ledger.commit(
            addressed, rule=rule.id, cursor=_moved(cursor, rule, now) if is_last else None, run=run, now=now
        )
    return swept


def _moved(cursor: Cursor | None, rule: Rule, now: datetime) -> Cursor:
    # A clock that was set back does not make anything unread again.
    return Cursor(rule.fingerprint, max(now, cursor.checked_through) if cursor else now)


def _chunks(changes: Iterator[Change]) -> Iterator[tuple[list[Change], bool]]:
    """Lists of at most CHUNK changes, at least one of them (perhaps empty), and whether it is the last."""
    chunk = list(islice(changes, CHUNK))
    while following := list(islice(changes, CHUNK)):
        yield chunk, False
        chunk = following
    yield chunk, True


@dataclass
class Report:
    """What one cycle came to: each rule's sweep, or the error that kept it from one."""

    run: int
    swept: list[Swept] = field(default_factory=list)
    failed: dict[str, TerceraError] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """For the ledger's list of runs."""
        return {
            "transitions": dict(sum((each.transitions for each in self.swept), Counter())),
            "rows": sum(each.survey.rows for each in self.swept),
            "rejects": sum(count.rows for each in self.swept for count in each.survey.rejects.values()),
        }


class Stopped(TerceraError):
    """The cycle was asked to stop. What it had committed stays; the next one goes on from there."""


def cycle(
    rules: Sequence[Rule],
    source: Source,
    ledger: Ledger,
    routes: Routes,
    *,
    now: datetime,
    clock: Callable[[], datetime],
    currency: str | None = None,
    notify_history: bool = False,
    stop: threading.Event | None = None,
) -> Report:
    """Sweeps every rule. One that fails is noted and does not keep the others from theirs.

    Raises `LedgerError` when the ledger itself fails, and `Stopped`.
    """

    def proceed() -> None:
        if stop is not None and stop.is_set():
            raise Stopped("stopped in the middle of a cycle; the next one goes on from here")

    report = Report(ledger.begin_run("sweep", now))
    try:
        for rule in rules:
            try:
                swept = sweep(
                    rule, source, ledger, routes,
                    run=report.run, now=now, currency=currency,
                    notify_history=notify_history, proceed=proceed,
                )  # fmt: skip
            except SourceError as error:
                report.failed[rule.id] = error
            else:
                report.swept.append(swept)
                ledger.record_rejects(report.run, rule.id, swept.survey)
    except TerceraError as error:
        ledger.finish_run(report.run, clock(), report.summary(), str(error))
        raise
    error_text = "; ".join(str(error) for error in report.failed.values()) or None
    ledger.finish_run(report.run, clock(), report.summary(), error_text)
    return report


def _scope(rule: Rule, ledger: Ledger, cursor: Cursor | None, now: datetime) -> Scope:
    counting = rule.counting
    if cursor is None:
        # Orders dated in the future belong to windows that have not begun; they are read when they do.
        return Scope(end=window_of(now, counting.within, counting.zone).end, at_least=rule.floor)
    windows = watched(counting.within, counting.zone, now, rule.grace, since=cursor.checked_through)
    everything = windows + list(_standing_windows(rule, ledger))
    return Scope(
        start=min(window.start for window in everything),
        end=max(window.end for window in everything),
        at_least=rule.floor,
    )


def _standing_windows(rule: Rule, ledger: Ledger) -> Iterator[Window]:
    for name in ledger.watched_windows(rule.id):
        try:
            yield parse_window(name, rule.counting.within)
        except ValueError:
            continue  # an alert from before the rule's period was changed: it stays as it was


def _names(rule: Rule, scope: Scope) -> list[WindowId]:
    assert scope.start is not None
    assert scope.end is not None
    return [window.id for window in between(scope.start, scope.end - timedelta(days=1), rule.counting.within)]


def _changes(
    rule: Rule,
    source: Source,
    known: Mapping[Pair, Known],
    scope: Scope,
    swept: Swept,
    *,
    now: datetime,
    baseline: bool,
) -> Iterator[Change]:
    """Every pair that moved, as it is read. Closes with the known ones that were not among the tallies."""
    unseen = {pair for pair, each in known.items() if each.standing.state is not State.CLOSED}
    reading = source.tally(rule.counting, scope)
    for tally in reading:
        pair = (tally.subject, tally.window)
        unseen.discard(pair)
        if change := _change(rule, known.get(pair), tally, swept, now=now, baseline=baseline):
            yield change
    swept.survey = reading.survey
    for tally in source.tally(rule.counting, replace(scope, at_least=0, pairs=unseen)) if unseen else ():
        if change := _change(
            rule, known.get((tally.subject, tally.window)), tally, swept, now=now, baseline=baseline
        ):
            yield change


def _change(
    rule: Rule, known: Known | None, tally: Tally, swept: Swept, *, now: datetime, baseline: bool
) -> Change | None:
    finding = judge(rule, tally)
    window = parse_window(tally.window, rule.counting.within)
    transition = reconcile(rule, window, known.standing if known else None, finding, now, baseline=baseline)
    swept.transitions[transition.reason] += 1
    if not transition.is_change and (
        known is None or known.standing.state is State.CLOSED or known.digest == digest_of(tally)
    ):
        return None
    return Change(
        rule=rule.id,
        title=rule.title,
        per=rule.counting.per,
        period=rule.counting.within,
        threshold=finding.level.threshold if finding.level else None,
        tally=tally,
        transition=transition,
    )


def _addressed(
    rule: Rule,
    source: Source,
    routes: Routes,
    changes: Iterable[Change],
    *,
    bundle: str,
    currency: str | None,
) -> list[Change]:
    """The changes with whom they are told to. One look-up for all the customers of the chunk."""
    changes = list(changes)
    speaking = {change.tally.subject for change in changes if change.transition.speaks}
    per_customer = rule.counting.per in (CUSTOMER, "customer_id")
    directory: dict[str, Customer] = source.customers(speaking) if speaking and per_customer else {}
    return [
        replace(
            change,
            currency=currency,
            drafts=drafts(
                rule, change.transition, routes, directory.get(change.tally.subject), bundle=bundle
            ),
        )
        for change in changes
    ]
