"""Why a pair was told of, or why not: what the orders say now beside what the ledger says was done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tercera.ledger import AlertHistory, Ledger
from tercera.messages import NoticeState
from tercera.model import Doubts, Finding, Level, Muted, Quiet, Reason, State, SubjectId, Tally
from tercera.orders import Scope, Source
from tercera.rules import Rule, judge
from tercera.telling.silences import Silences
from tercera.windows import Window, parse_window


class Silence(StrEnum):
    """Why nothing was said."""

    NOT_SWEPT = "not_swept"  # the rule was never swept here
    NOT_BEGUN = "not_begun"  # the window lies in the future
    NO_ORDERS = "no_orders"  # the subject has no readable order in the window
    BELOW = "below"  # too few matching orders
    BASELINE = "baseline"  # already so when the rule was first swept, in a window that was over
    TOO_LATE = "too_late"  # came about after the window's grace had passed
    NEXT_SWEEP = "next_sweep"  # it holds, and the next sweep will say so
    LEFT_OUT = "left_out"  # nobody listens for this: by `on`, or by what `notify` restricts
    RETRACTED = "retracted"  # it was told, and then taken back
    EDITED = "edited"  # it was told, and fell by an edit of the configuration, which is told to nobody
    SILENCED = "silenced"  # somebody asked for silence, and it has not been told since
    DISMISSED = "dismissed"  # somebody said that it is no problem
    HELD = "held"  # too many at once: it waits for somebody to release it
    DISCARDED = "discarded"  # it waited for that, and somebody, or its time, put it aside


@dataclass(frozen=True, slots=True)
class Explanation:
    """The counts and evidence as they are now, the level that holds, and the alert with its history if any.

    `silence` is None when the pair was told of and that still stands. `doubtful` orders could count as well,
    and the level would then be `possible`.
    """

    rule: Rule
    window: Window
    tally: Tally
    finding: Finding
    history: AlertHistory | None
    silence: Silence | None
    doubtful: Doubts = ()
    possible: Level | None = None


def explain(
    rule: Rule, source: Source, ledger: Ledger | None, subject: str, window_name: str, now: datetime
) -> Explanation:
    """Tallies one pair now and lays it beside the ledger (None when there is none yet).

    ValueError when `window_name` is no window of the rule's period.
    """
    window = parse_window(window_name, rule.counting.within)
    pair = (SubjectId(subject), window.id)
    scope = Scope(start=window.start, end=window.end, at_least=0, pairs={pair})
    tally = next(iter(source.tally(rule.counting, scope)), Tally(*pair, matched=0, orders=0))
    finding = judge(rule, tally)
    doubtful = source.doubtful(rule.counting, window, {pair[0]}).get(pair[0], {})
    possible = judge(rule, replace(tally, matched=tally.matched + sum(doubtful.values()))).level
    found = ledger.find(rule.id, *pair) if ledger else None
    history = ledger.alert(found.id) if ledger and found else None
    return Explanation(
        rule,
        window,
        tally,
        finding,
        history,
        _silence(rule, window, tally, finding, ledger, history, now),
        tuple(sorted(doubtful.items())),
        possible,
    )


def _silence_of(history: AlertHistory, finding: Finding, quiet: Quiet | None) -> Silence | None:
    standing = history.alert.standing
    if standing.spoken:
        return None
    if standing.level is not None and (unsaid := _unsaid(history, quiet)):
        return unsaid
    if standing.level is None:
        return _fallen(history, finding)
    baseline = any(step.reason is Reason.BASELINE for step in history.steps)
    return Silence.BASELINE if baseline else Silence.LEFT_OUT


def _fallen(history: AlertHistory, finding: Finding) -> Silence:
    if finding.level is not None and history.alert.standing.state is State.RETRACTED:
        return Silence.NEXT_SWEEP
    if history.steps[-1].muted is Muted.EDITED:
        return Silence.EDITED
    return Silence.RETRACTED if any(step.speaks for step in history.steps) else Silence.BELOW


def _unsaid(history: AlertHistory, quiet: Quiet | None) -> Silence | None:
    """What somebody, or the guard, keeps from being told. A silence that is over is made good by a sweep."""
    if quiet is not None:
        return Silence.DISMISSED if quiet is Quiet.FOR_GOOD else Silence.SILENCED
    muted = next((step.muted for step in reversed(history.steps) if step.muted), None)
    if muted is Muted.SILENCED:
        standing = history.alert.standing
        owed = standing.state is State.OPEN and standing.peak != standing.level
        return Silence.NEXT_SWEEP if owed else None
    if muted is Muted.HELD:
        waits = any(each.state is NoticeState.HELD for each in history.deliveries)
        return Silence.HELD if waits else Silence.DISCARDED
    return None


def _silence(
    rule: Rule,
    window: Window,
    tally: Tally,
    finding: Finding,
    ledger: Ledger | None,
    history: AlertHistory | None,
    now: datetime,
) -> Silence | None:
    if window.starts_at(rule.counting.zone) > now:
        return Silence.NOT_BEGUN
    if history is not None:
        quiet = None
        if ledger is not None:
            quiet = Silences(rule.id, ledger.decisions(now), now).quiet(history.alert.pair)
        return _silence_of(history, finding, quiet)
    if tally.orders == 0:
        return Silence.NO_ORDERS
    if finding.level is None:
        return Silence.BELOW
    cursor = ledger.cursor(rule.id) if ledger else None
    if cursor is None:
        return Silence.NOT_SWEPT
    if window.ends_at(rule.counting.zone) + rule.grace <= cursor.checked_through:
        return Silence.TOO_LATE
    return Silence.NEXT_SWEEP
