"""One alert: why it exists, its orders, everything that happened to it, what was told, and what to do."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from tercera.acts.deciding import end
from tercera.errors import NotFoundError
from tercera.ledger import AlertHistory, Step
from tercera.orders import Reproducible, Scope
from tercera.people import Permission
from tercera.telling.silences import Decision
from tercera.telling.watch import is_reserved
from tercera.web.access.visitor import Visitor
from tercera.web.decided import PAUSES, answer_of, decide_alert, said_of, stood_in
from tercera.web.page import back, page, tone, words_in
from tercera.web.permitting.asking import may
from tercera.web.site import Here
from tercera.web.views.sentmail import is_mail, mail_of
from tercera.web.views.steps import step_chart
from tercera.web.views.told import rule_of, told_of
from tercera.windows import parse_window

router = APIRouter()
Id = Annotated[int, InPath(ge=1, le=2**62)]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of an alert's history: a step of it, or what somebody decided."""

    at: datetime
    step: Step | None = None
    decision: Decision | None = None


@router.get("/alerts/{alert}")
def alert_page(
    request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.READ)], alert: Id
) -> Response:
    """Everything about it."""
    history = site.ledger.alert(alert)
    words, now = words_in(request), site.now()
    holding = [each for each in history.decisions if each.holds(now)]
    found = told_of(site, history, words)
    command = shlex.join(["tercera", "why", history.alert.subject, history.alert.window])
    chart = None
    if found is not None and found.course is not None:
        rule = found.rule
        chart = step_chart(found.course, words, lambda level: tone(site, rule.id, level))
    return page(
        request,
        "alert.html",
        alert=history.alert,
        history=history,
        told=found,
        chart=chart,
        title=found.view.title if found else history.steps[-1].title,
        own=is_reserved(history.alert.rule),
        events=_events(history),
        holding=holding,
        stood=stood_in(request, holding),
        mails={each.channel: is_mail(site, each.channel) for each in history.deliveries},
        pauses=tuple(PAUSES),
        may_act=visitor.may(Permission.ACT),
        titles={},
        currency=site.app.currency,
        command=f"{command} --rule {shlex.quote(history.alert.rule)}",
    )


@router.post("/alerts/{alert}")
def decide_one(
    site: Here,
    visitor: Annotated[Visitor, may(Permission.ACT)],
    alert: Id,
    do: Annotated[str, Form(max_length=20)],
    reason: Annotated[str, Form(max_length=1000)] = "",
    pause: Annotated[str, Form(max_length=4)] = "7d",
) -> Response:
    """Acknowledges, snoozes or dismisses it."""
    kind = answer_of(do)
    decided = decide_alert(site, visitor.actor, kind, alert, reason, pause)
    return back(f"/alerts/{alert}", **said_of(decided, f"alerts.{kind}"))


@router.post("/alerts/{alert}/end")
def end_one(
    site: Here,
    visitor: Annotated[Visitor, may(Permission.ACT)],
    alert: Id,
    decision: Annotated[int, Form(ge=1, le=2**62)],
) -> Response:
    """Ends a decision about it before its time."""
    if all(each.id != decision for each in site.ledger.alert(alert).decisions):
        raise NotFoundError(f"alert {alert} has no decision {decision}; load its page again").said_as(
            "no_decision", id=decision
        )
    end(site.app, site.ledger, visitor.actor, decision)
    return back(f"/alerts/{alert}", done="alert.ended")


@router.get("/alerts/{alert}/mails/{key}", dependencies=[may(Permission.READ)])
def mail(site: Here, alert: Id, key: str) -> Response:
    """A mail about it, for its frame."""
    message = site.ledger.views.message(key[:200])
    if all(notice.alert != alert for notice in message.notices):
        raise NotFoundError(f"alert {alert} has no message {key[:80]!r}; load its page again")
    return mail_of(site, message)


@router.get("/alerts/{alert}/query", dependencies=[may(Permission.READ)])
def query(request: Request, site: Here, alert: Id) -> Response:
    """What the source is asked for its numbers, to run by hand."""
    found = site.ledger.alert(alert).alert
    rule, source = rule_of(site.app, found.rule), site.app.source
    if rule is None or not isinstance(source, Reproducible):
        raise NotFoundError(f"the question behind alert {alert} can't be asked again: its rule is gone")
    try:
        window = parse_window(found.window, rule.counting.within)
    except ValueError as error:
        raise NotFoundError(f"the rule's windows are others now: {error}") from None
    scope = Scope(start=window.start, end=window.end, at_least=0, pairs={found.pair})
    return page(
        request,
        "query.html",
        alert=found,
        question=source.question(rule.counting, scope),
        kind=site.app.settings.source.kind,
    )


def _events(history: AlertHistory) -> list[Event]:
    """The latest first."""
    steps = [Event(step.at, step=step) for step in history.steps]
    decided = [Event(each.at, decision=each) for each in history.decisions]
    ended = [Event(each.ended_at, decision=each) for each in history.decisions if each.ended_at is not None]
    return sorted(steps + decided + ended, key=lambda event: event.at, reverse=True)
