"""What a rule's sweep looks at: light tallies of everybody, whole ones of the pairs that moved, each judged
and reconciled with what the ledger knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from tercera.errors import SourceError
from tercera.ledger import Digests, Known, KnownAlerts
from tercera.lifecycle import reconcile
from tercera.messages import Change
from tercera.model import Muted, Pair, Reason, RuleId, State, Survey, Tally, WindowId
from tercera.orders import Reading, Scope, Source
from tercera.rules import Edit, Rule, judge
from tercera.tally.columns import ColumnReading
from tercera.telling.silences import Silences
from tercera.windows import parse_window

if TYPE_CHECKING:
    from tercera.rules.evaluation import Remembered


@dataclass
class Swept:
    """What one rule's sweep came to: transitions by reason (`unchanged` counts pairs), and what was read."""

    rule: str
    transitions: Counter[Reason] = field(default_factory=Counter)
    survey: Survey = field(default_factory=Survey)
    baseline: bool = False
    undeliverable: int = 0
    """Notices that nobody can be sent, because the customer has no address."""

    told: int = 0
    """Alerts that notices went out for."""

    held: int = 0
    """Alerts whose notices wait for `tercera release` or `tercera discard`."""

    silenced: int = 0
    """Transitions that a silence kept from being told."""

    edit: Edit | None = None
    """What was changed of the configuration since the sweep before."""

    edited: int = 0
    """Transitions that nobody is told of, because an edit led to them."""

    scope: Scope = field(default_factory=Scope)
    """What was read."""

    news: list[Pair] = field(default_factory=list)
    """Pairs that moved because their orders did: not by time, a silence or a release."""


@dataclass(frozen=True, slots=True)
class Look:
    """By what one sweep reconciles."""

    rule: Rule
    silences: Silences
    now: datetime
    baseline: bool
    currency: str | None
    digests: Digests
    remembered: dict[RuleId, Remembered]
    """What the last sweep of each rule compared with what was known."""

    since: datetime | None
    """When the rule was swept before; None for a first sweep."""

    edit: Edit | None = None
    reopened: frozenset[WindowId] = frozenset()
    """Windows that were over for good, and are watched again."""

    believes_emptiness: bool = True
    """Whether a source without one order may take back what stands."""


def changes_of(
    look: Look, source: Source, known: KnownAlerts, scope: Scope, swept: Swept
) -> Iterator[Change]:
    """Every pair that moved, with its whole tally.

    A first sweep reads all of history once. A later one first reads no more than what decides, and then the
    whole of the pairs that moved: those whose light tally differs from what is known, and the known ones that
    were not among the tallies any more.
    """
    counting = look.rule.counting
    reading: Reading = source.tally(counting, scope)
    tallies: Iterable[Tally] = reading
    if scope.pairs is not None and not look.believes_emptiness:
        tallies, standing = list(reading), _standing(known)
        if standing and not any(tally.orders for tally in tallies) and _shows_none(look.rule, source, scope):
            _refuse_emptiness(look.rule, standing, known)
    close: Mapping[Pair, Known] = known
    if scope.totals:
        unseen, moved = _standing(known), set[Pair]()
        for tally in tallies:
            pair = (tally.subject, tally.window)
            unseen.discard(pair)
            if change := _change(look, known.get(pair), tally, swept):
                yield change
    elif isinstance(reading, ColumnReading) and look.edit is None:
        unseen, moved, close = _moved_of_columns(look, reading, known, swept)
    else:
        unseen, moved = _moved(look, reading, known, swept)
    swept.survey = reading.survey
    if scope.pairs is None and not swept.survey.rows and not look.believes_emptiness:
        _refuse_emptiness(look.rule, unseen, close)
    whole = replace(scope, at_least=0, pairs=unseen | moved, totals=True, recent=None)
    for tally in source.tally(counting, whole) if whole.pairs else ():
        if change := _change(look, close.get((tally.subject, tally.window)), tally, swept):
            yield change


def _refuse_emptiness(rule: Rule, unseen: Collection[Pair], known: Mapping[Pair, Known]) -> None:
    """A source that shows nothing at all was emptied, or is another one: that is no news of anybody."""
    standing = sum(known[pair].standing.state is State.OPEN for pair in unseen)
    if standing:
        raise SourceError(
            f"rule {rule.id!r}: the source shows not one order in the watched windows, where alerts "
            f"stand ({standing:,}); nothing was taken back. See whether it is the right database and "
            "has its orders; if they are gone for good, sweep once with `guard: {max_share: 1}`"
        )


def _shows_none(rule: Rule, source: Source, scope: Scope) -> bool:
    """Whether nobody has an order in the windows: asked only when those who were looked at have none."""
    everybody = replace(scope, at_least=2**31, pairs=None, recent=None)
    reading = source.tally(replace(rule.counting, evidence=0), everybody)
    for _ in reading:
        pass
    return not reading.survey.rows


def _standing(known: KnownAlerts) -> set[Pair]:
    return {pair for pair, each in known.items() if each.standing.state is not State.CLOSED}


def _moved(look: Look, reading: Reading, known: KnownAlerts, swept: Swept) -> tuple[set[Pair], set[Pair]]:
    """The pairs of alerts that stand and had no light tally, and those whose light tally differs."""
    unseen, moved = _standing(known), set[Pair]()
    light = Swept(look.rule.id)  # what moved is counted when the whole of it is looked at
    for tally in reading:
        pair = (tally.subject, tally.window)
        unseen.discard(pair)
        if _change(look, known.get(pair), tally, light):
            moved.add(pair)
        else:
            swept.transitions[Reason.UNCHANGED] += 1
    return unseen, moved


def _moved_of_columns(
    look: Look, reading: ColumnReading, known: KnownAlerts, swept: Swept
) -> tuple[set[Pair], set[Pair], dict[Pair, Known]]:
    """The same, where most tallies need no look of their own; and the alerts of all of these pairs."""
    from tercera.rules.evaluation import Evaluation, standings

    rule, moved, close = look.rule, set[Pair](), dict[Pair, Known]()
    light = Swept(rule.id)
    stand = standings(rule, known.columns())
    evaluation = Evaluation(rule, stand, look.remembered.pop(rule.id, None), look.now)
    for columns in reading.columns():
        certain, unsure = evaluation.decide(columns)
        moved |= set(columns.pairs(certain))
        close |= known.some(evaluation.known_of(np.concatenate([certain, unsure])))
        unchanged = len(columns) - len(certain) - len(unsure)
        same = []
        for place, tally in zip(unsure.tolist(), columns.tell(unsure), strict=True):
            pair = (tally.subject, tally.window)
            alert = close.get(pair)
            if _change(look, alert, tally, light):
                moved.add(pair)
                continue
            unchanged += 1
            if alert is not None and alert.standing.state is State.OPEN:
                same.append(place)
        swept.transitions[Reason.UNCHANGED] += unchanged
        evaluation.looked(columns, same)
    if remembered := evaluation.remembered():
        look.remembered[rule.id] = remembered
    unseen = known.some(evaluation.unseen())
    return set(unseen), moved, close | unseen


def _is_news(look: Look, known: Known | None, tally: Tally, reason: Reason) -> bool:
    """Whether orders moved a pair. A window that began since the last sweep may hold orders of long ago."""
    if look.since is None or reason is Reason.CLOSED:
        return False
    counting = look.rule.counting
    began = (
        parse_window(tally.window, counting.within).start
        > look.since.astimezone(ZoneInfo(counting.zone)).date()
    )
    return not began and (known is None or known.digest != look.digests.of(tally))


def _change(look: Look, known: Known | None, tally: Tally, swept: Swept) -> Change | None:
    rule = look.rule
    finding = judge(rule, tally)
    transition = reconcile(
        rule,
        parse_window(tally.window, rule.counting.within),
        known.standing if known else None,
        finding,
        look.now,
        baseline=look.baseline or tally.window in look.reopened,
        quiet=look.silences.quiet((tally.subject, tally.window)),
        edit=look.edit,
    )
    swept.transitions[transition.reason] += 1
    swept.silenced += transition.muted is Muted.SILENCED
    swept.edited += transition.muted is Muted.EDITED
    if transition.is_change and _is_news(look, known, tally, transition.reason):
        swept.news.append((tally.subject, tally.window))
    if not transition.is_change and (
        known is None or known.standing.state is State.CLOSED or known.digest == look.digests.of(tally)
    ):
        return None
    return Change(
        rule=rule.id,
        title=rule.title,
        per=rule.counting.per,
        period=rule.counting.within,
        threshold=finding.level.threshold if finding.level else None,
        tally=tally,
        transition=transition,
        currency=look.currency,
        levels=rule.levels,
    )
