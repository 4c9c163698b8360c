"""Alerts that no rule looks after any more: of rules that are not configured now, and of windows from before
a rule's period was changed. They stand until their window is over for good, and are closed then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from tercera.errors import ConflictError
from tercera.ledger import Cursor, Ledger
from tercera.messages import Change
from tercera.model import Alert, Period, Reason, RuleId, State, Transition, WindowId
from tercera.rules import Rule
from tercera.rules.meaning import Kept
from tercera.windows import Window, parse_window

_AT_ONCE = 1_000


def close_left_behind(ledger: Ledger, rules: Sequence[Rule], *, run: int, now: datetime) -> None:
    """Costs a look at the windows of such alerts, where there are any."""
    configured = {rule.id: rule for rule in rules}
    for name, cursor in ledger.cursors().items():
        rule = configured.get(name)
        kept = Kept.of(rule) if rule else Kept.read(name, cursor.meaning)
        for window in _left(ledger, name, rule):
            if window.ends_at(kept.zone) + kept.grace <= now:
                _close(ledger, name, window, kept, run=run, now=now)


def left_behind(ledger: Ledger, rules: Sequence[Rule]) -> dict[RuleId, Cursor]:
    """The rules that were swept and are not configured any more, as far as alerts of theirs stand."""
    configured = {rule.id for rule in rules}
    return {
        name: cursor
        for name, cursor in ledger.cursors().items()
        if name not in configured and ledger.watched_windows(name)
    }


def _left(ledger: Ledger, name: RuleId, rule: Rule | None) -> Iterator[Window]:
    for window in ledger.watched_windows(name):
        found = _window(window)
        if found is not None and (rule is None or found.period is not rule.counting.within):
            yield found


def _window(name: WindowId) -> Window | None:
    """Whatever its period."""
    for period in Period:
        with suppress(ValueError):
            return parse_window(name, period)
    return None


def _close(ledger: Ledger, rule: RuleId, window: Window, of: Kept, *, run: int, now: datetime) -> None:
    for state in (State.OPEN, State.RETRACTED):
        while found := ledger.alerts(rule=rule, window=window.id, state=state, limit=_AT_ONCE):
            try:
                changes = [_closed(each, window, of) for each in found]
                ledger.commit(changes, rule=rule, cursor=None, run=run, now=now)
            except ConflictError:
                return  # another instance does the same


def _closed(alert: Alert, window: Window, of: Kept) -> Change:
    after = replace(alert.standing, state=State.CLOSED)
    return Change(
        rule=alert.rule,
        title=of.title,
        per=of.per,
        period=window.period,
        threshold=None,
        tally=alert.tally,
        transition=Transition(Reason.CLOSED, alert.standing, after),
    )
