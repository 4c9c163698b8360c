"""The rules in plain words, what their last runs read, how right they were, and what other thresholds would
have said."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from tercera.ledger import Precision
from tercera.people import Permission
from tercera.rules import Rule
from tercera.rules.meaning import last_edit
from tercera.web.page import Place, page, words_in
from tercera.web.permitting.asking import may
from tercera.web.site import Here, Site
from tercera.web.views.rulewords import words_of_rule
from tercera.web.views.whatif import tallied, view

PLACE = Place("rules", "/rules", order=30)
RUNS = 12
"""How many of a rule's last runs are shown."""

AGAIN = {"refresh": "2"}
"""Headers of a page that waits for an answer: it is asked for again."""

NOBODY = Precision(0, 0)

router = APIRouter(dependencies=[may(Permission.READ)])
Threshold = Annotated[int | None, Query(ge=1, le=1_000_000)]


@router.get("/rules")
def rules(request: Request, site: Here) -> Response:
    """All of them."""
    words = words_in(request)
    precision = site.ledger.reports.precision()
    told = [
        (
            rule,
            words_of_rule(rule, site.app.settings.channels, words),
            precision.get(rule.id, NOBODY),
            open_alerts(site, rule),
        )
        for rule in site.app.settings.rules
    ]
    return page(request, "rules.html", rules=told)


@router.get("/rules/{rule_id}")
def one_rule(request: Request, site: Here, rule_id: str, threshold: Threshold = None) -> Response:
    """One, with what another threshold would have said."""
    rule, words = site.app.rule(rule_id), words_in(request)
    cursor = site.ledger.cursor(rule.id)
    answer = tallied(site, rule.counting)
    found = answer.value
    shown = page(
        request,
        "rule.html",
        rule=rule,
        told=words_of_rule(rule, site.app.settings.channels, words),
        precision=site.ledger.reports.precision().get(rule.id, NOBODY),
        open=open_alerts(site, rule),
        cursor=cursor,
        edited=last_edit(cursor.meaning) if cursor else None,
        runs=site.ledger.reports.runs_of(rule.id, RUNS),
        answer=answer,
        what=view(found, threshold, rule.floor, rule.counting.within, words) if found else None,
    )
    if answer.working:
        shown.headers.update(AGAIN)
    return shown


@router.post("/rules/{rule_id}/tally")
def tally_anew(site: Here, rule_id: str) -> Response:
    """Counts history anew."""
    rule = site.app.rule(rule_id)
    tallied(site, rule.counting, anew=True)
    return RedirectResponse(f"/rules/{rule.id}#what-if", 303)


def open_alerts(site: Site, rule: Rule) -> int:
    """How many of its alerts are open."""
    since = site.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return sum(
        count for (which, _), count in site.ledger.views.figures(since).open.items() if which == rule.id
    )
