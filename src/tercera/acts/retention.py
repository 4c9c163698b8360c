"""How long the ledger remembers: alerts whose window is over for good may be forgotten.

A window that a rule still watches is not over: a sweep that finds nothing known there would open its alerts
again. So nothing is forgotten from the first window on that the rule's next sweep reads, nor of a rule that
was never swept to its end. What is left of a rule that is not in the configuration any more is read by no
sweep; its cursor is forgotten, too, so that it would begin in silence should it come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from tercera.cycle.scopes import scope_of
from tercera.ledger import Ledger, Pruned
from tercera.model import Period, RuleId, State, WindowId
from tercera.people import Actor
from tercera.rules import Rule
from tercera.telling.watch import is_reserved
from tercera.windows import Window, parse_window


def prune(
    ledger: Ledger,
    rules: Sequence[Rule],
    older_than: timedelta,
    now: datetime,
    *,
    actor: Actor | None = None,
    dry_run: bool = False,
) -> dict[RuleId, Pruned]:
    """Forgets alerts that have not moved since `older_than`, of windows that ended by then: how much. Of each
    rule of which something goes the audit log says that the actor did it."""
    before = now - older_than
    configured = {rule.id: rule for rule in rules}
    found: dict[RuleId, Pruned] = {}
    words = f"what had not moved since {before:%Y-%m-%d}"
    for rule_id, windows in ledger.windows_with_alerts().items():
        rule = configured.get(rule_id)
        limit = before.date() if rule is None else _limit(rule, ledger, before.date(), now)
        over = [window for window in windows if _ends(window) <= limit]
        # Nobody sweeps what is not configured: there, what was taken back is not closed one day.
        states = (State.CLOSED,) if rule else (State.CLOSED, State.RETRACTED)
        deed = None if actor is None else actor.did(now, "prune", f"rule {rule_id}", words)
        pruned = Pruned()
        if over:
            pruned = ledger.prune(rule_id, over, states, before, dry_run=dry_run, telling=deed)
        if pruned.alerts:
            found[rule_id] = pruned
            if rule is None and not (dry_run or is_reserved(rule_id)):
                ledger.forget_cursor(rule_id)
    return found


def _limit(rule: Rule, ledger: Ledger, before: date, now: datetime) -> date:
    """The day up to which a rule's windows may be forgotten."""
    cursor = ledger.cursor(rule.id)
    if cursor is None:
        return date.min
    start = scope_of(rule, ledger, cursor, now).start
    return date.min if start is None else min(before, start)


def _ends(name: WindowId) -> date:
    """The day after a window, whatever its period: the rule may have had another one then."""
    for period in Period:
        try:
            window: Window = parse_window(name, period)
        except ValueError:
            continue
        return window.end
    return date.max
