"""Whose an order was before it moved or went: told from the evidence of the alerts that stand.

An order that moved or is gone can only lower somebody's count, and that matters only where an alert stands.
Whose evidence is cut may have had it, too: they are looked at whenever an order moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from tercera.ledger import Behind, Ledger
from tercera.model import RuleId, SubjectId


@dataclass
class _Known:
    """What is remembered of one rule's alerts."""

    alerts: dict[int, Behind] = field(default_factory=dict)
    by_order: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    cut: set[int] = field(default_factory=set)

    def forget(self, alert: int) -> None:
        known = self.alerts.pop(alert, None)
        for order in known.orders if known else ():
            self.by_order[order].discard(alert)
            if not self.by_order[order]:
                del self.by_order[order]
        self.cut.discard(alert)

    def learn(self, behind: Behind) -> None:
        self.forget(behind.alert)
        self.alerts[behind.alert] = behind
        for order in behind.orders:
            self.by_order[order].add(behind.alert)
        if behind.is_cut:
            self.cut.add(behind.alert)


class Owners:
    """Asked only when a source tells of orders that may have been somebody else's. For one thread.

    Each time the ledger is asked which alerts stand, and for the evidence of those that moved since: so it
    does not matter who wrote them, or how often.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: defaultdict[RuleId, _Known] = defaultdict(_Known)

    def of(self, rule: RuleId, orders: Collection[str]) -> set[SubjectId]:
        """Who may have had these orders. Raises `LedgerError`."""
        known = self._refreshed(rule)
        alerts = {alert for order in orders for alert in known.by_order.get(order, ())}
        return {known.alerts[alert].subject for alert in alerts | known.cut}

    def _refreshed(self, rule: RuleId) -> _Known:
        known = self._known[rule]
        standing = self._ledger.standing_digests(rule)
        for gone in known.alerts.keys() - standing.keys():
            known.forget(gone)
        moved = {
            alert
            for alert, digest in standing.items()
            if alert not in known.alerts or known.alerts[alert].digest != digest
        }
        for each in self._ledger.behind(moved):
            known.learn(each)
        return known
