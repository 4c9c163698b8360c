"""Answering an alert from a mail, without a login: the link shows what it is about, a button answers.

What fetches links ahead (mail scanners do) changes nothing: only the form does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from tercera.ledger import AlertHistory
from tercera.people import Actor, Via
from tercera.telling.links import Asked, is_ours, read_token
from tercera.telling.silences import Decision
from tercera.web.decided import ANSWERS, PAUSES, answer_of, decide_alert, said_of, stood_in
from tercera.web.page import back, page, words_in
from tercera.web.permitting.asking import Unknown, address_of, check_origin
from tercera.web.site import Here, Site
from tercera.web.views.told import told_of

router = APIRouter()


@dataclass(frozen=True, slots=True)
class _Question:
    """What a link that is ours asks, of whom."""

    asked: Asked
    history: AlertHistory


@router.get("/answer/{token}")
def question_page(request: Request, site: Here, visitor: Unknown, token: str, do: str = "") -> Response:
    """What the alert is about, and the three answers."""
    question = _question(site, token)
    if question is None:
        return _over(request)
    return _asking(request, site, question, do)


@router.post("/answer/{token}")
def answer(
    request: Request,
    site: Here,
    visitor: Unknown,
    token: str,
    do: Annotated[str, Form(max_length=20)],
    reason: Annotated[str, Form(max_length=1000)] = "",
    pause: Annotated[str, Form(max_length=4)] = "7d",
) -> Response:
    """Writes the answer down, in the name of whom the mail went to."""
    check_origin(site, request)
    question = _question(site, token)
    if question is None:
        return _over(request)
    kind = answer_of(do)
    given = reason.strip() or words_in(request).say("answer.no_reason")
    actor = Actor(question.asked.who, Via.MAIL, address_of(request))
    decided = decide_alert(site, actor, kind, question.asked.alert, given, pause)
    return back(f"/answer/{token}", **said_of(decided, f"answered.{kind}"))


def _question(site: Site, token: str) -> _Question | None:
    """None for a link that is not ours, is over, or is about an alert that is not there any more."""
    asked = read_token(token)
    if asked is None or asked.until <= site.now():
        return None
    alert = site.ledger.find_alert(asked.alert)
    if alert is None or not is_ours(site.app.keys, asked, alert.rule, *alert.pair):
        return None
    return _Question(asked, site.ledger.alert(asked.alert))


def _asking(request: Request, site: Site, question: _Question, do: str) -> Response:
    alert, step = question.history.alert, question.history.steps[-1]
    now = site.now()
    decisions: list[Decision] = [each for each in question.history.decisions if each.holds(now)]
    return page(
        request,
        "answer.html",
        alert=alert,
        told=told_of(site, question.history, words_in(request)),
        title=step.title,
        who=question.asked.who,
        until=question.asked.until,
        decisions=decisions,
        stood=stood_in(request, decisions),
        chosen=do if do in ANSWERS else ANSWERS[0].value,
        pauses=tuple(PAUSES),
    )


def _over(request: Request) -> Response:
    return page(
        request, "problem.html", status=410, code=410, said=words_in(request).say("answer.over"), detail=None
    )
