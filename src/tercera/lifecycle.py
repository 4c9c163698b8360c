"""How an alert moves: what was known, what holds now, and the time → one transition with its reason.

    nothing ─opened─▶ open ─escalated / eased─▶ open ─closed─▶ closed
                       │ ▲                                      ▲
              retracted│ │opened                                │
                       ▼ │                                      │
                     retracted ────────────closed───────────────┘

On a rule's first sweep, windows that are already over become a silent *baseline*. On the first sweep after an
edit of what it counts, whatever falls fell by the edit: nobody is told, and who was told before is not told
again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tercera.model import Finding, Muted, Quiet, Reason, Standing, State, Transition
from tercera.rules import Edit, Rule
from tercera.windows import Window


def reconcile(
    rule: Rule,
    window: Window,
    known: Standing | None,
    finding: Finding,
    now: datetime,
    *,
    baseline: bool = False,
    quiet: Quiet | None = None,
    edit: Edit | None = None,
) -> Transition:
    """The transition of one (subject, window) pair.

    `baseline` says that this is the first sweep of the rule as it now is: what holds in windows that are
    over is then recorded and not told. A transition speaks when somebody could hear of it (`rule.tells`) and
    it says something that was not said before. Times are aware.

    `quiet` keeps it from speaking. The standing then remembers what was last told, so that the first
    reconciliation after the silence says what is still true. `edit` says what was changed of the
    configuration since the pair was last looked at.
    """
    if edit is not None and known is not None:
        return _since_edit(rule, window, known, finding, now, edit, baseline=baseline, quiet=quiet)
    step = _step(rule, window, known, finding, now, baseline=baseline, quiet=quiet)
    return _silenced(step) if quiet and step.speaks else step


def held(step: Transition) -> Transition:
    """The same transition, not told until somebody releases it."""
    return replace(unheard(step), muted=Muted.HELD)


def unheard(step: Transition) -> Transition:
    """The same transition when nobody turns out to hear of it: no listener is for this customer or these
    orders, or nobody heard of the alert before. It counts as decided, and as nothing that was heard."""
    assert step.after is not None
    heard = step.before is not None and step.before.spoken and step.reason is not Reason.RETRACTED
    return replace(step, after=replace(step.after, spoken=heard), speaks=False)


def _since_edit(
    rule: Rule,
    window: Window,
    known: Standing,
    finding: Finding,
    now: datetime,
    edit: Edit,
    *,
    baseline: bool,
    quiet: Quiet | None,
) -> Transition:
    """What rises is news, in the levels as they are called now. What falls is recorded in silence."""
    level = finding.level.name if finding.level else None
    if known.state is State.OPEN and level is None:
        return _taken_back(rule, known, edit)
    stood: Standing | None = known
    if known.state is not State.CLOSED and not edit.same_subjects:
        stood = None if level else known
    elif known.state is not State.CLOSED:
        stood = replace(known, level=edit.carried(known.level, rule), peak=edit.carried(known.peak, rule))
        assert stood is not None
        if level and known.state is State.OPEN and rule.rank(level) < rule.rank(stood.level):
            return _lowered(rule, known, level)
        if level and _is_restored(rule, stood, level):
            muted = Muted.EDITED if rule.tells(Reason.OPENED, level) else None
            after = Standing(State.OPEN, level, stood.peak, spoken=True)
            return Transition(Reason.OPENED, known, after, muted=muted)
    step = reconcile(rule, window, stood, finding, now, baseline=baseline, quiet=quiet)
    if level and step.speaks and step.reason is Reason.EASED:
        return _lowered(rule, known, level)
    if step.is_change:
        return replace(step, before=known)
    renamed = step.after is not None and step.after != known
    return Transition(Reason.BASELINE if renamed else Reason.UNCHANGED, known, step.after)


def _taken_back(rule: Rule, known: Standing, edit: Edit) -> Transition:
    """The level that was told is remembered: who undoes the edit does not tell it again."""
    peak = known.peak if known.spoken and edit.same_subjects else None
    muted = Muted.EDITED if known.spoken and rule.tells(Reason.RETRACTED, None) else None
    return Transition(
        Reason.RETRACTED, known, Standing(State.RETRACTED, None, peak, spoken=False), muted=muted
    )


def _is_restored(rule: Rule, stood: Standing, level: str) -> bool:
    """Whether an edit took the alert back that stands again now, no higher than it was told."""
    untold = stood.state is State.RETRACTED and not stood.spoken and stood.peak is not None
    return untold and rule.rank(level) <= rule.rank(stood.peak)


def _lowered(rule: Rule, known: Standing, level: str) -> Transition:
    """The line of the level that was told lies higher now: reaching it is news."""
    muted = Muted.EDITED if known.spoken and rule.tells(Reason.EASED, level) else None
    return Transition(Reason.EASED, known, Standing(State.OPEN, level, level, known.spoken), muted=muted)


def _silenced(step: Transition) -> Transition:
    before, after = step.before, step.after
    assert after is not None
    if before is not None and (before.state, before.level) == (after.state, after.level):
        return Transition(Reason.UNCHANGED, before, before)  # what is owed stays owed
    told = replace(after, peak=before.peak if before else None, spoken=before.spoken if before else False)
    return replace(step, after=told, speaks=False, muted=Muted.SILENCED)


def _step(
    rule: Rule,
    window: Window,
    known: Standing | None,
    finding: Finding,
    now: datetime,
    *,
    baseline: bool,
    quiet: Quiet | None,
) -> Transition:
    level = finding.level.name if finding.level else None
    over = now >= window.ends_at(rule.counting.zone)
    settled = now >= window.ends_at(rule.counting.zone) + rule.grace
    if known is None or known.state is State.RETRACTED:
        if level is None:
            return _below(rule, known, settled=settled, quiet=quiet)
        if baseline and over:
            state = State.CLOSED if settled else State.OPEN
            return Transition(Reason.BASELINE, known, Standing(state, level, level, spoken=False))
        return _opened(rule, known, level, quiet=quiet)
    if known.state is State.CLOSED:
        return Transition(Reason.UNCHANGED, known, known)
    if level is None:
        return _retracted(rule, known)
    if rule.rank(level) != rule.rank(known.level):
        return _moved(rule, known, level, silent=baseline and over, quiet=quiet)
    owed = _owed(rule, known, level)
    if owed is not None and (quiet is None or (quiet is Quiet.FOR_NOW and settled)):
        return _caught_up(rule, known, owed)
    if settled:
        return _closed(rule, known)
    return Transition(Reason.UNCHANGED, known, known)


def _below(rule: Rule, known: Standing | None, *, settled: bool, quiet: Quiet | None) -> Transition:
    dismissed = settled and quiet is Quiet.FOR_GOOD
    if known is not None and known.spoken and not dismissed:
        return _retracted(rule, known)  # a silence kept it from being told
    if known is not None and settled and quiet is not Quiet.FOR_NOW:
        return _closed(rule, known)
    return Transition(Reason.UNCHANGED, known, known)


def _opened(rule: Rule, known: Standing | None, level: str, *, quiet: Quiet | None) -> Transition:
    if known is not None and known.spoken and rule.rank(level) <= rule.rank(known.peak):
        # It fell and rose again in silence: to whoever was told nothing happened, or it came down.
        eased = _owed(rule, known, level) is Reason.EASED
        reason = Reason.EASED if eased and quiet is None else Reason.OPENED
        peak = level if eased else known.peak
        return Transition(reason, known, Standing(State.OPEN, level, peak, spoken=True), speaks=eased)
    speaks = rule.tells(Reason.OPENED, level)
    heard = speaks or (known is not None and known.spoken)
    return Transition(Reason.OPENED, known, Standing(State.OPEN, level, level, spoken=heard), speaks)


def _retracted(rule: Rule, known: Standing) -> Transition:
    # Who was never told that it began is not told that it ended.
    speaks = known.spoken and rule.tells(Reason.RETRACTED, None)
    return Transition(Reason.RETRACTED, known, Standing(State.RETRACTED, None, None, spoken=False), speaks)


def _moved(rule: Rule, known: Standing, level: str, *, silent: bool, quiet: Quiet | None) -> Transition:
    rises = rule.rank(level) > rule.rank(known.level)
    reason = Reason.ESCALATED if rises else Reason.EASED
    owed = _owed(rule, known, level)
    if owed is not None and quiet is None and rises == (owed is Reason.EASED):
        reason = owed  # it moved further in silence, and came back a part of the way
    speaks = owed is not None and rule.tells(reason, level) and not silent
    peak = level if owed is not None and quiet is None else known.peak
    return Transition(reason, known, Standing(State.OPEN, level, peak, known.spoken or speaks), speaks)


def _owed(rule: Rule, known: Standing, level: str) -> Reason | None:
    """What those who were told last of `known.peak` don't know of this level, if anything. That it is lower
    now is news to them only where the rule tells so: else what was told stands until the retraction."""
    if rule.rank(level) > rule.rank(known.peak):
        return Reason.ESCALATED if known.spoken else Reason.OPENED
    lower = rule.rank(level) < rule.rank(known.peak)
    return Reason.EASED if lower and known.spoken and rule.tells(Reason.EASED, level) else None


def _caught_up(rule: Rule, known: Standing, owed: Reason) -> Transition:
    """The silence is over, and what it kept back is still true."""
    speaks = rule.tells(owed, known.level)
    return Transition(owed, known, replace(known, peak=known.level, spoken=known.spoken or speaks), speaks)


def _closed(rule: Rule, known: Standing) -> Transition:
    speaks = known.spoken and rule.tells(Reason.CLOSED, known.level)
    return Transition(Reason.CLOSED, known, replace(known, state=State.CLOSED), speaks)
