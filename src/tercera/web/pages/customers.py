"""One customer: their windows, alerts, mails and silences, and why nothing was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from tercera.acts import deciding
from tercera.errors import NotFoundError, SourceError
from tercera.ledger import Wanted
from tercera.model import CUSTOMER, Customer, SubjectId
from tercera.people import Permission
from tercera.questions.explain import Explanation, explain
from tercera.rendering.words import Words
from tercera.rules import Rule
from tercera.telling.silences import DecisionKind
from tercera.web.access.visitor import Visitor
from tercera.web.decided import PAUSES, end_of
from tercera.web.page import back, link, page, words_in
from tercera.web.permitting.asking import may
from tercera.web.site import Here, Site
from tercera.web.views.timeline import SPANS, timeline
from tercera.windows import window_of

LONGEST = 1000
"""Characters of an id."""

router = APIRouter()


@router.get("/customers")
def customer_page(
    request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.READ)]
) -> Response:
    """The customer whose id the address has; without one, or where nobody knows it, a search."""
    asked = request.query_params.get("id", "")[:LONGEST]
    subject = SubjectId(asked)
    if not asked.strip():
        return page(request, "customers.html", asked="", found=())
    words = words_in(request)
    rule = _rule(site, request.query_params.get("rule"))
    span = SPANS[request.query_params.get("span") == "long"]
    shown = timeline(site, rule, subject, words, span)
    alerts = site.ledger.views.alerts_of(subject, site.now())
    entry = _entry(site, subject)
    if not alerts and entry is None and not shown.orders and not shown.problem:
        found = site.ledger.views.alerts(Wanted(text=asked), site.now(), limit=50).lines
        similar = {line.subject: line.name for line in found}
        return page(request, "customers.html", asked=asked, found=list(similar.items())[:20])
    decisions = site.ledger.views.decisions_of(subject)
    return page(
        request,
        "customer.html",
        id=subject,
        entry=entry,
        has_directory=getattr(site.app.settings.source, "customers", None) is not None,
        name=(entry.name if entry else None) or next((line.name for line in alerts if line.name), None),
        rule=rule,
        rules=site.app.settings.rules,
        titles={each.id: each.title for each in site.app.settings.rules},
        shown=shown,
        longer=None if span == SPANS[1] else link("/customers", id=subject, rule=rule.id, span="long"),
        alerts=alerts,
        deliveries=site.ledger.views.deliveries_of(subject, 30),
        silences=[each for each in decisions if each.holds(site.now())],
        earlier=[each for each in decisions if not each.holds(site.now())],
        pauses=tuple(PAUSES),
        may_act=visitor.may(Permission.ACT),
        window=request.query_params.get("window", "")[:20] or _last_window(site, rule),
        why=_why(request, site, rule, subject, words),
    )


@router.post("/customers/silence")
def silence(
    site: Here,
    visitor: Annotated[Visitor, may(Permission.ACT)],
    customer: Annotated[str, Form(min_length=1, max_length=LONGEST)],
    reason: Annotated[str, Form(max_length=1000)] = "",
    pause: Annotated[str, Form(max_length=4)] = "30d",
    rule: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    """Nothing is told about a customer for a while."""
    deciding.decide(
        site.app,
        site.ledger,
        visitor.actor,
        DecisionKind.SILENCE,
        reason=reason,
        customer=customer,
        rule=rule or None,
        until=end_of(site, pause),
    )
    return back("/customers", id=customer, done="customers.silenced")


@router.post("/customers/end")
def end(
    site: Here,
    visitor: Annotated[Visitor, may(Permission.ACT)],
    customer: Annotated[str, Form(min_length=1, max_length=LONGEST)],
    decision: Annotated[int, Form(ge=1, le=2**62)],
) -> Response:
    """Ends a silence, or a decision about one of their alerts."""
    if all(each.id != decision for each in site.ledger.views.decisions_of(SubjectId(customer))):
        raise NotFoundError(
            f"there is no decision {decision} about this customer; load the page again"
        ).said_as("no_decision", id=decision)
    deciding.end(site.app, site.ledger, visitor.actor, decision)
    return back("/customers", id=customer, done="alert.ended")


def _rule(site: Site, asked: str | None) -> Rule:
    """The one that is asked for; else the first that counts for customers."""
    rules = site.app.settings.rules
    chosen = (each for each in rules if each.id == asked)
    of_customers = (each for each in rules if each.counting.per in (CUSTOMER, "customer_id"))
    return next(chosen, None) or next(of_customers, None) or rules[0]


def _entry(site: Site, subject: SubjectId) -> Customer | None:
    """What the directory says now."""
    try:
        return site.app.source.customers({subject}).get(subject)
    except SourceError:
        return None


def _last_window(site: Site, rule: Rule) -> str:
    """The one before the one that is open."""
    counting = rule.counting
    here = window_of(site.now(), counting.within, counting.zone)
    return window_of(here.start - timedelta(days=1), counting.within, counting.zone).id


@dataclass(frozen=True, slots=True)
class Why:
    """The answer to `why not`, where it was asked, or the problem that there is with the question."""

    found: Explanation | None = None
    in_window: str = ""
    problem: str = ""


def _why(request: Request, site: Site, rule: Rule, subject: SubjectId, words: Words) -> Why:
    asked = request.query_params.get("window", "").strip()
    if not asked:
        return Why()
    try:
        found = explain(rule, site.app.source, site.ledger, subject, asked, site.now())
    except (ValueError, SourceError) as error:
        return Why(problem=str(error))
    return Why(found, words.window(found.window, "in"))
