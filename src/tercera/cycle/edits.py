"""What was edited since a rule was last swept, and which windows that brings back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tercera.cycle.leaving import left_behind
from tercera.cycle.scopes import window_names
from tercera.ledger import Cursor, Ledger
from tercera.model import WindowId
from tercera.orders import Check, Scope
from tercera.rules import Edit, Meaning, Rule, renames
from tercera.rules.meaning import grace_of
from tercera.telling.routing import Routes
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


def told_of_edits(
    ledger: Ledger, rules: Sequence[Rule], reading: Mapping[str, str], routes: Routes
) -> Iterator[Check]:
    """In words: rules that were edited, renamed or taken out since they were last swept, and what waits for
    channels that are not there any more."""
    cursors = ledger.cursors()
    names = renames(rules, {name: cursor.fingerprint for name, cursor in cursors.items()})
    before = {new: old for old, new in names.items()}
    for rule in rules:
        if rule.id in before:
            yield Check(f"rule {rule.id}", True, f"was {before[rule.id]}; its alerts go with it")
        elif edit := edit_since(cursors.get(rule.id), Meaning(rule, reading)):
            words = f"edited since its last sweep ({', '.join(edit.what)}): the next one tells what rises by "
            yield Check(f"rule {rule.id}", True, words + "it in open windows, and nobody of what falls")
    for name in left_behind(ledger, rules):
        if name not in names:
            words = "is not configured any more; its alerts stay as they are, and close with their windows"
            yield Check(f"rule {name}", True, words)
    for channel, count in ledger.channels.stranded(routes.by_name).items():
        words = f"is not configured any more, and {count:,} notices wait for it"
        remedy = f"put it back, or put them aside: tercera discard --channel {channel}"
        yield Check(f"channel {channel}", False, words, remedy)
