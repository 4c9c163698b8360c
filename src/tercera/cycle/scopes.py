"""What is read of a source, and when: the windows of a sweep, the pairs of some subjects."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from tercera.ledger import Cursor, Ledger
from tercera.model import SubjectId, WindowId
from tercera.orders import Scope
from tercera.rules import Rule
from tercera.windows import Window, between, parse_window, watched, window_of


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sweep of a rule reads while its cursor is this one. Alerts that live looks open meanwhile are in
    these windows."""

    cursor: Cursor | None
    scope: Scope


def plan_of(rule: Rule, ledger: Ledger, cursor: Cursor | None, now: datetime) -> Plan:
    """What a sweep of the rule would read now."""
    return Plan(cursor, scope_of(rule, ledger, cursor, now))


def scope_of(rule: Rule, ledger: Ledger, cursor: Cursor | None, now: datetime) -> Scope:
    """What a sweep of the rule would read now."""
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
        totals=False,
    )


def ordinary_scope(rule: Rule, now: datetime) -> Scope:
    """What a sweep reads day after day: the windows that are open, and those within the grace."""
    windows = watched(rule.counting.within, rule.counting.zone, now, rule.grace)
    return Scope(start=windows[0].start, end=windows[-1].end, at_least=rule.floor, totals=False)


def part_of(
    rule: Rule, ledger: Ledger, subjects: Collection[SubjectId], cursor: Cursor, now: datetime
) -> Scope:
    """The pairs of these subjects that a sweep would look at."""
    counting = rule.counting
    windows = watched(counting.within, counting.zone, now, rule.grace, since=cursor.checked_through)
    pairs = {(subject, window.id) for subject in subjects for window in windows}
    for subject, name in ledger.standing_pairs(rule.id, subjects):
        with suppress(ValueError):  # from before the rule's period was changed
            windows.append(parse_window(name, counting.within))
            pairs.add((subject, name))
    start, end = min(window.start for window in windows), max(window.end for window in windows)
    return Scope(start=start, end=end, at_least=0, pairs=pairs)


def _standing_windows(rule: Rule, ledger: Ledger) -> Iterator[Window]:
    for name in ledger.watched_windows(rule.id):
        try:
            yield parse_window(name, rule.counting.within)
        except ValueError:
            continue  # an alert from before the rule's period was changed: it stays as it was


def window_names(rule: Rule, scope: Scope) -> list[WindowId]:
    assert scope.start is not None
    assert scope.end is not None
    return [window.id for window in between(scope.start, scope.end - timedelta(days=1), rule.counting.within)]
