"""Whom changes are told to: the directory, the orders and the ledger are asked what routing has to know.

1. the directory's entries of the customers; 2. for listeners that are for certain orders, which pairs have
such an order among those that match, counted where the orders are; 3. who heard of the alert, and of which
level, for the steps that go by that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tercera.ledger import Known, Ledger
from tercera.lifecycle import unheard
from tercera.messages import Change, Hearer
from tercera.model import CUSTOMER, Customer, Match, Pair, Reason, Transition
from tercera.orders import Scope, Source
from tercera.rules import Rule
from tercera.rules.listener import FOLLOW_UPS
from tercera.telling.gathering import Gathering
from tercera.telling.routing import Circumstances, Routes, drafts, goes_by_heard


@dataclass(frozen=True, slots=True)
class Addresser:
    """What addressing the changes of one sweep goes by. `known` are the alerts that the sweep read; `scope`
    covers the windows that it looked at."""

    rule: Rule
    source: Source
    ledger: Ledger
    routes: Routes
    gathering: Gathering
    known: Mapping[Pair, Known]
    scope: Scope
    edited: bool = False
    """Whether this is the first sweep after an edit, by which an alert may rise to where it was told of."""

    def address(self, changes: Sequence[Change]) -> list[Change]:
        """The changes with their drafts. One that nobody hears of does not speak any more. Raises
        `SourceError`."""
        directory = self._directory(changes)
        met = self._met(changes)
        heard = self._heard(changes)
        return [
            self._addressed(
                change,
                Circumstances(
                    directory.get(change.tally.subject),
                    met.get(change.pair, ()),
                    heard.get(self.known[change.pair].id, {}) if change.pair in self.known else {},
                ),
            )
            for change in changes
        ]

    def _addressed(self, change: Change, around: Circumstances) -> Change:
        told = drafts(self.rule, change.transition, self.routes, around, self.gathering)
        if not told:
            return replace(change, transition=unheard(change.transition))
        return replace(change, drafts=told)

    def _directory(self, changes: Iterable[Change]) -> dict[str, Customer]:
        """One look-up for all the customers."""
        if self.rule.counting.per not in (CUSTOMER, "customer_id"):
            return {}
        return self.source.customers({change.tally.subject for change in changes})

    def _met(self, changes: Sequence[Change]) -> dict[Pair, set[tuple[Match, ...]]]:
        met: dict[Pair, set[tuple[Match, ...]]] = defaultdict(set)
        for condition in dict.fromkeys(each.when for each in self.rule.notify if each.when):
            pairs = {change.pair for change in changes if self._could_hear(change, condition)}
            if not pairs:
                continue
            counting = self.rule.counting
            narrower = replace(counting, when=counting.when + condition, evidence=0)
            asked = replace(self.scope, at_least=0, pairs=pairs, totals=False)
            for tally in self.source.tally(narrower, asked):
                if tally.matched:
                    met[tally.subject, tally.window].add(condition)
        return met

    def _could_hear(self, change: Change, condition: tuple[Match, ...]) -> bool:
        after = change.transition.after
        return change.transition.reason not in FOLLOW_UPS and any(
            each.when == condition
            and each.hears(change.transition.reason, after.level if after else None, self.rule.on)
            for each in self.rule.notify
        )

    def _goes_by_heard(self, step: Transition) -> bool:
        return goes_by_heard(self.rule, step) or (self.edited and step.reason is Reason.ESCALATED)

    def _heard(self, changes: Iterable[Change]) -> dict[int, dict[Hearer, str]]:
        ids = [
            self.known[change.pair].id
            for change in changes
            if change.pair in self.known and self._goes_by_heard(change.transition)
        ]
        return self.ledger.heard(ids) if ids else {}
