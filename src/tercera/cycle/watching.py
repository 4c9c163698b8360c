"""What the data watch found → alerts in the ledger, and notices to operations. The deciding is `watch`'s."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from tercera.errors import ConflictError
from tercera.ledger import Ledger
from tercera.messages import Change, Draft, NoticeKind
from tercera.model import Alert, Period, Placed, RuleId, State, Survey, Tally, Transition
from tercera.telling.routing import Route
from tercera.telling.silences import Silences
from tercera.telling.watch import (
    Following,
    Limits,
    Measured,
    beating,
    measure_following,
    measure_freshness,
    measure_heart,
    measure_rejects,
    per_of,
    transition_of,
)
from tercera.windows import Window, parse_window, window_of


@dataclass(frozen=True, slots=True)
class Seen:
    """What a cycle came across: the surveys of the rules that it swept, the newest order (and the first day
    that it looked at for it; None for all of history), and whether every rule could be swept.

    `asked` is whether it looked for the newest order at all.
    """

    surveys: Mapping[RuleId, Survey]
    good: bool
    asked: bool = False
    newest: Placed | None = None
    looked_from: date | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """An alert of the watch that opened, or was taken back, and what was measured."""

    measured: Measured
    transition: Transition


def after_cycle(
    ledger: Ledger, limits: Limits, operations: Route | None, seen: Seen, *, run: int, now: datetime
) -> list[Moved]:
    """Looks at everything that a cycle can tell of; gives what moved."""
    measured = [measure_rejects(rule, survey, limits) for rule, survey in seen.surveys.items()]
    if limits.max_age is not None and seen.asked:
        measured.append(measure_freshness(seen.newest, seen.looked_from, limits, now))
    if limits.max_pause is not None:
        heart = (
            beating(limits, now)
            if seen.good
            else measure_heart(ledger.diary.heart(), limits, now, started=None)
        )
        measured.append(heart)
    return _record(ledger, limits, operations, measured, run=run, now=now)


def between_cycles(
    ledger: Ledger,
    limits: Limits,
    operations: Route | None,
    *,
    started: datetime,
    now: datetime,
    following: Following | None = None,
) -> list[Moved]:
    """Looks whether cycles still succeed, also while one hangs, and whether changes are followed (None:
    nothing new of that); gives what moved."""
    measured = []
    if limits.max_pause is not None:
        heart = measure_heart(ledger.diary.heart(), limits, now, started=started)
        # What a good cycle takes back is taken back by that cycle, which knows more of it.
        measured += [heart] if heart.failing else []
    if following is not None:
        measured.append(measure_following(following, now))
    if not measured:
        return []
    runs = ledger.diary.last_runs(1)
    return _record(ledger, limits, operations, measured, run=runs[0].id if runs else 0, now=now)


def _record(
    ledger: Ledger,
    limits: Limits,
    operations: Route | None,
    measured: Iterable[Measured],
    *,
    run: int,
    now: datetime,
) -> list[Moved]:
    moved = []
    for each in measured:
        if each.failing is None:
            continue
        change = _change(ledger, limits, operations, each, now)
        if change is None:
            continue
        try:
            ledger.commit([change], rule=change.rule, cursor=None, run=run, now=now)
        except ConflictError:  # another instance saw the same
            continue
        moved.append(Moved(each, change.transition))
    return moved


def _change(
    ledger: Ledger, limits: Limits, operations: Route | None, measured: Measured, now: datetime
) -> Change | None:
    rule = RuleId(measured.watched)
    known = _standing_alert(ledger, measured, limits, now)
    if known is None and not measured.failing:
        return None
    window = _month(limits, now) if known is None else parse_window(known.window, Period.MONTH)
    quiet = Silences(rule, ledger.decisions(now), now).quiet((measured.subject, window.id))
    step = transition_of(measured, window, known.standing if known else None, limits, now, quiet)
    if not step.is_change:
        return None
    return Change(
        rule=rule,
        title=measured.words,
        per=per_of(measured.watched),
        period=Period.MONTH,
        threshold=None,
        tally=Tally(measured.subject, window.id, measured.count, measured.out_of),
        transition=step,
        drafts=tuple(_drafts(operations, measured)) if step.speaks else (),
    )


def _standing_alert(ledger: Ledger, measured: Measured, limits: Limits, now: datetime) -> Alert | None:
    """The one that is open, of whatever month; else the one of this month, which opens again."""
    rule = RuleId(measured.watched)
    if found := ledger.alerts(rule=rule, subject=measured.subject, state=State.OPEN, limit=1):
        return found[0]
    return ledger.find(rule, measured.subject, _month(limits, now).id)


def _month(limits: Limits, now: datetime) -> Window:
    return window_of(now, Period.MONTH, limits.zone)


def _drafts(operations: Route | None, measured: Measured) -> Iterable[Draft]:
    for recipient in (operations.to or ()) if operations else ():
        assert operations is not None
        yield Draft(
            NoticeKind.WATCH,
            operations.channel,
            recipient,
            operations.language,
            for_customer=False,
            detail=measured.detail,
        )
