"""One decision about every alert that a filter finds: the page says how many, which and what happens; its
form does it, some at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from starlette.datastructures import QueryParams

from tercera.acts.deciding import DecisionError, decide_each
from tercera.ledger import Wanted
from tercera.people import Permission
from tercera.rendering.words import Words
from tercera.web.access.visitor import Visitor
from tercera.web.decided import ANSWERS, PAUSES, answer_of, until_of
from tercera.web.page import back, link, page, words_in
from tercera.web.permitting.asking import may
from tercera.web.selecting import query_of, wanted_of
from tercera.web.site import Here, Site

MOST = 10_000
"""Alerts of one decision."""

router = APIRouter()


@router.get("/decide")
def confirm(request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.ACT)]) -> Response:
    """What would be decided about, and how."""
    newest = site.ledger.views.newest()
    wanted = replace(wanted_of(request.query_params), through=newest)
    query = query_of(wanted)
    return page(
        request,
        "decide.html",
        count=site.ledger.views.count_alerts(wanted, site.now(), most=MOST + 1),
        most=MOST,
        filters=_filters(site, wanted, words_in(request)),
        list=link("/alerts", **query),
        view=link("", **query).removeprefix("?"),
        newest=newest,
        answers=ANSWERS,
        pauses=tuple(PAUSES),
    )


@router.post("/decide")
def decide_all(
    site: Here,
    visitor: Annotated[Visitor, may(Permission.ACT)],
    do: Annotated[str, Form(max_length=20)],
    shown: Annotated[int, Form(ge=0, le=MOST)],
    newest: Annotated[int, Form(ge=0, le=2**62)],
    view: Annotated[str, Form(max_length=4000)] = "",
    reason: Annotated[str, Form(max_length=1000)] = "",
    pause: Annotated[str, Form(max_length=4)] = "7d",
) -> Response:
    """One decision about each of them. DecisionError: none is left, or more than the page said."""
    kind = answer_of(do)
    wanted = replace(wanted_of(QueryParams(view)), through=newest)
    found = site.ledger.views.ids(wanted, site.now(), most=MOST + 1)
    if not found:
        raise DecisionError("no alert is like this any more; look at the list again").said_as("none_left")
    if len(found) > shown:
        raise DecisionError(
            f"more than the {shown:,} alerts that the page named are like this now; look at it again"
        ).said_as("more_now", count=shown)
    until = until_of(site, kind, pause)
    done = decide_each(site.app, site.ledger, visitor.actor, kind, found, reason=reason, until=until)
    came = {"count": done.new, "already": done.stood or None, "gone": done.gone or None}
    return back("/alerts", done=f"alerts.{kind}", **{**came, **query_of(wanted)})


def _filters(site: Site, wanted: Wanted, words: Words) -> Mapping[str, str]:
    """What the list is narrowed to: by phrase, in words."""
    titles = {rule.id: rule.title for rule in site.app.settings.rules}
    given = {
        "text": wanted.text,
        "rule": titles.get(wanted.rule, wanted.rule) if wanted.rule else "",
        "level": words.any_of(wanted.levels),
        "state": words.say(f"alerts.states.{wanted.state}") if wanted.state else "",
        "care": words.say(f"alerts.cares.{wanted.care}") if wanted.care else "",
        "window": wanted.window or "",
        "customer": wanted.subject or "",
    }
    return {name: value for name, value in given.items() if value}
