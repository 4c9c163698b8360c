"""How an alert moves: what was known, what holds now, and the time → one transition with its reason.

    nothing ─opened─▶ open ─escalated / eased─▶ open ─closed─▶ closed
                       │ ▲                                      ▲
              retracted│ │opened                                │
                       ▼ │                                      │
                     retracted ────────────closed───────────────┘

On a rule's first sweep, windows that are already over become a silent *baseline*.
"""

from __future__ import annotations

from datetime import datetime

from tercera.model import Finding, Reason, Standing, State, Transition
from tercera.rules import Rule
from tercera.windows import Window


def reconcile(
    rule: Rule,
    window: Window,
    known: Standing | None,
    finding: Finding,
    now: datetime,
    *,
    baseline: bool = False,
) -> Transition:
    """The transition of one (subject, window) pair.

    `baseline` says that this is the first sweep of the rule as it now is: what holds in windows that are
    over is then recorded and not told. A transition speaks when its reason is one of `rule.on` and it says
    something that was not said before. Times are aware.
    """
    level = finding.level.name if finding.level else None
    over = now >= window.ends_at(rule.counting.zone)
    settled = now >= window.ends_at(rule.counting.zone) + rule.grace

    if known is None or known.state is State.RETRACTED:
        if level is not None:
            if baseline and over:
                state = State.CLOSED if settled else State.OPEN
                return Transition(Reason.BASELINE, known, Standing(state, level, level, spoken=False))
            return _opened(rule, known, level)
        if known is not None and settled:
            return _closed(rule, known)
        return Transition(Reason.UNCHANGED, known, known)
    if known.state is State.CLOSED:
        return Transition(Reason.UNCHANGED, known, known)
    if level is None:
        return _retracted(rule, known)
    if rule.rank(level) != rule.rank(known.level):
        return _moved(rule, known, level, silent=baseline and over)
    if settled:
        return _closed(rule, known)
    return Transition(Reason.UNCHANGED, known, known)


def _opened(rule: Rule, known: Standing | None, level: str) -> Transition:
    speaks = Reason.OPENED in rule.on
    return Transition(Reason.OPENED, known, Standing(State.OPEN, level, level, spoken=speaks), speaks)


def _retracted(rule: Rule, known: Standing) -> Transition:
    # Who was never told that it began is not told that it ended.
    speaks = known.spoken and Reason.RETRACTED in rule.on
    return Transition(Reason.RETRACTED, known, Standing(State.RETRACTED, None, None, spoken=False), speaks)


def _moved(rule: Rule, known: Standing, level: str, *, silent: bool) -> Transition:
    rises = rule.rank(level) > rule.rank(known.level)
    reason = Reason.ESCALATED if rises else Reason.EASED
    news = rule.rank(level) > rule.rank(known.peak)  # each level is told of once
    speaks = reason in rule.on and not silent and (news or not rises)
    peak = level if news else known.peak
    return Transition(reason, known, Standing(State.OPEN, level, peak, known.spoken or speaks), speaks)


def _closed(rule: Rule, known: Standing) -> Transition:
    speaks = known.spoken and Reason.CLOSED in rule.on
    after = Standing(State.CLOSED, known.level, known.peak, known.spoken)
    return Transition(Reason.CLOSED, known, after, speaks)
