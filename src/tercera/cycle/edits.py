"""What was edited since a rule was last swept, and which windows that brings back."""

from __future__ import annotations

from tercera.cycle.scopes import window_names
from tercera.ledger import Cursor
from tercera.model import WindowId
from tercera.orders import Scope
from tercera.rules import Edit, Meaning, Rule
from tercera.rules.meaning import grace_of
from tercera.windows import parse_window


def edit_since(cursor: Cursor | None, meaning: Meaning) -> Edit | None:
    """What was changed of what the rule counts; None for nothing, and before its first sweep."""
    return meaning.edited(cursor.fingerprint, cursor.meaning) if cursor else None


def reopened_since(cursor: Cursor | None, rule: Rule, scope: Scope) -> frozenset[WindowId]:
    """The windows of a scope that were over for good when the rule was last swept, and by a longer grace are
    not any more: what came about in them meanwhile is no news."""
    grace = grace_of(cursor.meaning) if cursor else None
    if cursor is None or grace is None or grace >= rule.grace or scope.pairs is not None:
        return frozenset()
    counting = rule.counting
    return frozenset(
        name
        for name in window_names(rule, scope)
        if parse_window(name, counting.within).ends_at(counting.zone) + grace <= cursor.checked_through
    )
