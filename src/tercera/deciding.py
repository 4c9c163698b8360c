"""What a person may decide, whichever way they say it: command line, page, API or a link in a mail."""

from __future__ import annotations

from datetime import datetime

from tercera.app import App
from tercera.errors import TerceraError
from tercera.ledger import Ledger
from tercera.model import SubjectId, WindowId
from tercera.silences import Decision, DecisionKind


class DecisionError(TerceraError):
    """What was asked for is no decision. Says what is missing."""

    exit_code = 2


def decide(
    app: App,
    ledger: Ledger,
    kind: DecisionKind,
    *,
    author: str,
    reason: str,
    alert: int | None = None,
    customer: str | None = None,
    rule: str | None = None,
    window: str | None = None,
    until: datetime | None = None,
) -> Decision:
    """Writes a decision down. Raises `DecisionError` for one without a reason, an end or an object,
    `NotFoundError` for an alert or a rule that is not there."""
    now = app.clock()
    _check(kind, reason, alert, customer, rule, until, now)
    return ledger.decide(
        Decision(
            kind=kind,
            rule=app.silenceable(rule) if rule else None,
            subject=SubjectId(customer) if customer else None,
            window=WindowId(window) if window else None,
            until=until,
            author=author,
            reason=reason.strip(),
            at=now,
            alert=alert,
        )
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
        raise DecisionError("the reason is empty; say why, for whoever reads the alert's history")
    if kind is DecisionKind.SILENCE and customer is None and rule is None:
        raise DecisionError("say what to silence: a customer, a rule or both")
    if kind is not DecisionKind.SILENCE and alert is None:
        raise DecisionError(f"say which alert to {kind}")
    if kind in (DecisionKind.SILENCE, DecisionKind.SNOOZE) and until is None:
        raise DecisionError("say when it ends")
    if until is not None and until <= now:
        raise DecisionError(f"{until:%Y-%m-%d %H:%M} is over already; say an end that is to come")
