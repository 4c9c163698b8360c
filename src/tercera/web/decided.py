"""What visitors decide by forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from fastapi import Request

from tercera.acts.deciding import DecisionError, decide
from tercera.people import Actor
from tercera.telling.silences import Decided, Decision, DecisionKind
from tercera.web.site import Site

PAUSES = {
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
"""For how long one can ask for quiet, by what the form says."""

ANSWERS = (DecisionKind.ACKNOWLEDGE, DecisionKind.SNOOZE, DecisionKind.DISMISS)
"""What can be decided about an alert."""


def answer_of(text: str) -> DecisionKind:
    """The decision that a button names. DecisionError: none that there is."""
    found = next((each for each in ANSWERS if each.value == text), None)
    if found is None:
        raise DecisionError(f"{text[:40]!r} is no decision; there are {', '.join(ANSWERS)}")
    return found


def end_of(site: Site, pause: str) -> datetime:
    """When a pause that begins now ends. DecisionError: none of `PAUSES`."""
    if pause not in PAUSES:
        raise DecisionError(f"{pause[:40]!r} is no pause; there are {', '.join(PAUSES)}")
    return site.now() + PAUSES[pause]


def until_of(site: Site, kind: DecisionKind, pause: str) -> datetime | None:
    """When a decision ends by itself: a snooze does. DecisionError: none of `PAUSES`."""
    return end_of(site, pause) if kind is DecisionKind.SNOOZE else None


def decide_alert(
    site: Site, actor: Actor, kind: DecisionKind, alert: int, reason: str, pause: str
) -> Decided:
    """About one alert. Raises `DecisionError`, `NotFoundError`."""
    until = until_of(site, kind, pause)
    return decide(site.app, site.ledger, actor, kind, reason=reason, alert=alert, until=until)


def said_of(decided: Decided, done: str) -> Mapping[str, str]:
    """The query of the page that tells what came of it: that it is done, by a phrase, or whose decision of
    before stands."""
    return {"done": done} if decided.is_new else {"stood": str(decided.decision.id)}


def stood_in(request: Request, holding: Sequence[Decision]) -> Decision | None:
    """The decision, of those that hold, that such a query names."""
    named = request.query_params.get("stood")
    return next((each for each in holding if str(each.id) == named), None)
