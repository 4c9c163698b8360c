"""What people do about alerts and notices, whichever way they say it: command line, page, API, a link in a
mail, or another program.

What they did is written into the audit log in the transaction that does it: both are written, or neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tercera.acts.redeliver import Redelivered, redeliver
from tercera.app import App
from tercera.errors import NotFoundError, TerceraError
from tercera.ledger import Ledger
from tercera.ledger.batches import batched
from tercera.messages import NoticeState
from tercera.model import RuleId, SubjectId, WindowId
from tercera.people import Actor, Deed
from tercera.telling.silences import Decided, Decision, DecisionKind

_NAMED = 20
"""Notices that a line of the audit log names; of more it says how many."""


_AT_ONCE = 200
"""Decisions of one transaction: others who write wait no longer than for so many."""


class DecisionError(TerceraError):
    """What was asked for is no decision. Says what is missing."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class DecidedEach:
    """How many alerts were decided about now, how many had been before (and it holds), and how many are not
    there."""

    new: int = 0
    stood: int = 0
    gone: int = 0

    @classmethod
    def of(cls, found: Sequence[Decided | None]) -> DecidedEach:
        """What the ledger says of some."""
        known = [each for each in found if each is not None]
        new = sum(each.is_new for each in known)
        return cls(new, len(known) - new, len(found) - len(known))

    def __add__(self, other: DecidedEach) -> DecidedEach:
        return DecidedEach(self.new + other.new, self.stood + other.stood, self.gone + other.gone)


@dataclass(frozen=True, slots=True)
class Released:
    """Notices that are due now, and those that are never sent."""

    released: int
    discarded: int


def decide(
    app: App,
    ledger: Ledger,
    actor: Actor,
    kind: DecisionKind,
    *,
    reason: str,
    alert: int | None = None,
    customer: str | None = None,
    rule: str | None = None,
    window: str | None = None,
    until: datetime | None = None,
) -> Decided:
    """Writes a decision down, unless somebody decided the same before and it holds: whoever comes second
    learns who did (`is_new` is false), and nothing is written. A snooze that ends later replaces the one
    before. Raises `DecisionError` for one without a reason, an end or an object, `NotFoundError` for an alert
    or a rule that is not there."""
    now = app.clock()
    _check(kind, reason, alert, customer, rule, until, now)
    decision = Decision(
        kind=kind,
        rule=app.silenceable(rule) if rule else None,
        subject=SubjectId(customer) if customer else None,
        window=WindowId(window) if window else None,
        until=until,
        author=actor.name,
        reason=reason.strip(),
        at=now,
        alert=alert,
    )
    return ledger.decide(decision, telling=lambda decided: _deed(actor, decided))


def decide_each(
    app: App,
    ledger: Ledger,
    actor: Actor,
    kind: DecisionKind,
    alerts: Iterable[int],
    *,
    reason: str,
    until: datetime | None = None,
) -> DecidedEach:
    """The same decision about each of these alerts, some at a time, each with its own line in the audit log.
    What stops it halfway leaves the rest undecided; whoever asks again changes nothing of what was done.
    Raises `DecisionError` as `decide` does."""
    now, done = app.clock(), DecidedEach()
    some = list(dict.fromkeys(alerts))
    _check(kind, reason, some[0] if some else None, None, None, until, now)
    for batch in batched(some, _AT_ONCE):
        asked = [
            Decision(kind, None, None, None, until, actor.name, reason.strip(), now, alert=each)
            for each in batch
        ]
        found = ledger.decide_each(asked, telling=lambda decided: _deed(actor, decided))
        done += DecidedEach.of(found)
    return done


def end(app: App, ledger: Ledger, actor: Actor, decision: int) -> Decision:
    """Ends a silence, a snooze, a dismissal or an acknowledgement before its time. Raises `NotFoundError`."""
    now = app.clock()
    return ledger.end_decision(
        decision,
        now,
        telling=lambda ended: actor.did(
            now, "end", f"decision {ended.id}", f"{ended.kind} of {_about(ended)}"
        ),
    )


def release(app: App, ledger: Ledger, actor: Actor, rule: str | None) -> Released:
    """Lets go of what the guard holds back (of a rule, or of all) as far as it is still true; the rest, and
    what has waited too long, is discarded. Raises `NotFoundError` for an unknown rule."""
    chosen, now = _held_rule(app, ledger, rule), app.clock()

    def telling(became: Counter[NoticeState]) -> Deed:
        done = _released(became)
        words = f"{done.released} released, {done.discarded} discarded"
        return actor.did(now, "release", _rules(chosen), words)

    expired = now - app.settings.guard.expires
    return _released(ledger.post.release(chosen, now, decided_before=expired, telling=telling))


def discard(app: App, ledger: Ledger, actor: Actor, rule: str | None) -> int:
    """Puts what the guard holds back (of a rule, or of all) aside for good; gives how many notices. Raises
    `NotFoundError` for an unknown rule."""
    chosen, now = _held_rule(app, ledger, rule), app.clock()
    return ledger.post.discard(
        chosen,
        now,
        telling=lambda count: actor.did(now, "discard", _rules(chosen), f"{count} discarded"),
    )


def discard_of_channel(app: App, ledger: Ledger, actor: Actor, channel: str) -> int:
    """Puts what waits for a channel that is not configured any more aside for good; gives how many notices.
    Raises `NotFoundError` for one that is configured, and where nothing waits."""
    if channel in app.settings.channels:
        raise NotFoundError(
            f"channel {channel!r} is in the configuration, and sends what waits for it; take it out first"
        )
    if channel not in (stranded := ledger.channels.stranded(app.settings.channels)):
        known = f"; something waits for {', '.join(stranded)}" if stranded else ""
        raise NotFoundError(f"nothing waits for a channel {channel!r}{known}")
    return ledger.channels.discard(
        channel,
        app.clock(),
        telling=lambda count: actor.did(app.clock(), "discard", f"channel {channel}", f"{count} discarded"),
    )


def retry(
    app: App,
    ledger: Ledger,
    actor: Actor,
    *,
    ids: Sequence[int] | None = None,
    channel: str | None = None,
    rule: str | None = None,
    dry_run: bool = False,
) -> Redelivered:
    """Makes notices that reached nobody due again: all, or those that everything given names. See
    `redeliver`, which `dry_run` only asks how many they are."""
    now, what = app.clock(), _notices(ids, channel, rule)
    return redeliver(
        ledger,
        app.source,
        now,
        ids=ids or None,
        channel=channel,
        rule=RuleId(rule) if rule else None,
        dry_run=dry_run,
        telling=lambda done: actor.did(
            now, "retry", what, f"{done.retried} due again, {done.withheld} withheld"
        ),
    )


def _check(
    kind: DecisionKind,
    reason: str,
    alert: int | None,
    customer: str | None,
    rule: str | None,
    until: datetime | None,
    now: datetime,
) -> None:
    if kind is not DecisionKind.ACKNOWLEDGE and not reason.strip():
        raise DecisionError("the reason is empty; say why, for whoever reads the alert's history").said_as(
            "no_reason"
        )
    if kind is DecisionKind.SILENCE and customer is None and rule is None:
        raise DecisionError("say what to silence: a customer, a rule or both").said_as("no_object")
    if kind is not DecisionKind.SILENCE and alert is None:
        raise DecisionError(f"say which alert to {kind}")
    if kind in (DecisionKind.SILENCE, DecisionKind.SNOOZE) and until is None:
        raise DecisionError("say when it ends").said_as("no_end")
    if until is not None and until <= now:
        raise DecisionError(f"{until:%Y-%m-%d %H:%M} is over already; say an end that is to come").said_as(
            "past_end"
        )


def _held_rule(app: App, ledger: Ledger, rule: str | None) -> RuleId | None:
    """The rule that is meant, which may be gone from the configuration while something of it is held."""
    if rule is None or any(each.rule == rule for each in ledger.post.held()):
        return None if rule is None else RuleId(rule)
    return app.rule(rule).id


def _released(became: Counter[NoticeState]) -> Released:
    return Released(became[NoticeState.PENDING], became[NoticeState.DISCARDED])


def _about(decision: Decision) -> str:
    if decision.alert is not None:
        return f"alert {decision.alert}"
    named = {"customer": decision.subject, "rule": decision.rule, "window": decision.window}
    return ", ".join(f"{name} {value}" for name, value in named.items() if value is not None)


def _deed(actor: Actor, decided: Decided) -> Deed:
    decision = decided.decision
    instead = ", ".join(f"decision {each.id}" for each in decided.replaced)
    words = f"{decision.reason} (in place of {instead})" if instead else decision.reason
    return actor.did(decision.at, decision.kind, _about(decision), words)


def _rules(rule: RuleId | None) -> str:
    return "all rules" if rule is None else f"rule {rule}"


def _notices(ids: Sequence[int] | None, channel: str | None, rule: str | None) -> str:
    """Like `notices 4, 5 of channel crm`, `notices of rule r`, or `all notices`."""
    named = [f"channel {channel}"] if channel else []
    named += [f"rule {rule}"] if rule else []
    of = f" of {', '.join(named)}" if named else ""
    if not ids:
        return f"notices{of}" if of else "all notices"
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"notice{'s'[: len(ids) != 1]} {', '.join(map(str, ids[:_NAMED]))}{more}{of}"
