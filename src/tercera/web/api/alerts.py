"""Alerts: lists, one with its history, and what people decide about one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from tercera.acts.deciding import decide
from tercera.ledger.looks.searching import Care, Sorting, Wanted
from tercera.model import RuleId, State, SubjectId, WindowId
from tercera.telling.silences import DecisionKind
from tercera.web.access.visitor import Visitor
from tercera.web.cursors import Cursor, Limit
from tercera.web.documented import UNCHANGED, problems
from tercera.web.once import OnlyOnce, Outcome
from tercera.web.permitting.roles import Operator, Reader
from tercera.web.shapes.alert import AlertDetail, AlertGiven, Alerts
from tercera.web.shapes.base import Id, Name
from tercera.web.shapes.decision import Acknowledgement, DecisionGiven, Dismissal, Snooze
from tercera.web.site import Here, Site
from tercera.web.unchanged import fresh

router = APIRouter(prefix="/alerts", tags=["alerts"])

STOOD: dict[int | str, dict[str, Any]] = {
    200: {"model": DecisionGiven, "description": "It stood already; nothing was written. As it stands."}
}

AlertId = Annotated[Id, Path(description="The alert's number.")]


@router.get("", response_model=Alerts, responses=UNCHANGED, summary="Alerts")
def list_alerts(
    request: Request,
    site: Here,
    visitor: Reader,
    rule: Annotated[
        Name | None,
        Query(description="Only this rule's, or what Tercera watches itself, like `tercera:rejects`."),
    ] = None,
    customer: Annotated[Name | None, Query(description="Only this customer's.")] = None,
    window: Annotated[Name | None, Query(description="Only this window's, like 2026-11.")] = None,
    state: Annotated[State | None, Query(description="Only in this state.")] = None,
    level: Annotated[list[Name], Query(description="Only at one of these levels.", max_length=20)] = [],  # noqa: B006 - FastAPI copies it
    text: Annotated[
        str,
        Query(
            max_length=200,
            description="Only with this in the customer's id, name or address, or at the beginning of an "
            "order's id.",
        ),
    ] = "",
    care: Annotated[Care | None, Query(description="Only what people decided this about.")] = None,
    sort: Annotated[Sorting, Query(description="By what they are sorted.")] = Sorting.CHANGED,
    descending: Annotated[bool, Query(description="The greatest first.")] = True,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Without their evidence, notices and history: `GET /alerts/{id}` has those."""
    wanted = Wanted(
        rule=RuleId(rule) if rule else None,
        levels=tuple(level),
        state=state,
        window=WindowId(window) if window else None,
        subject=SubjectId(customer) if customer else None,
        text=text,
        care=care,
        sorting=sort,
        descending=descending,
    )
    found = site.ledger.views.alerts(wanted, site.now(), limit=limit, place=cursor)
    return fresh(request, Alerts(items=[AlertGiven.of(each) for each in found.lines], next=found.after))


@router.get(
    "/{id}", response_model=AlertDetail, responses={**UNCHANGED, **problems(404)}, summary="One alert"
)
def show_alert(id: AlertId, request: Request, site: Here, visitor: Reader) -> Response:  # noqa: A002 - the name in the address
    """With its evidence, every transition, every notice with the other side's words, every decision."""
    return fresh(request, AlertDetail.of(site.ledger.alert(id)))


@router.post(
    "/{id}/acknowledge",
    status_code=201,
    response_model=DecisionGiven,
    responses={**STOOD, **problems(404, 409)},
    summary="Say that somebody looks after an alert",
)
def acknowledge(
    id: AlertId,  # noqa: A002 - the name in the address
    asked: Acknowledgement,
    site: Here,
    visitor: Operator,
    once: OnlyOnce,
) -> Response:
    """Changes nothing of what is told. Where somebody looks after it already, nothing is written: 200, with
    who said so."""
    return once(visitor, asked, lambda: decided(site, visitor, DecisionKind.ACKNOWLEDGE, id, asked.reason))


@router.post(
    "/{id}/snooze",
    status_code=201,
    response_model=DecisionGiven,
    responses={**STOOD, **problems(404, 409)},
    summary="Tell nothing of one alert for a time",
)
def snooze(
    id: AlertId,  # noqa: A002 - the name in the address
    asked: Snooze,
    site: Here,
    visitor: Operator,
    once: OnlyOnce,
) -> Response:
    """What is then still true is told. In place of a snooze that ends earlier; where one ends no earlier,
    nothing is written: 200, with that one."""
    return once(
        visitor,
        asked,
        lambda: decided(site, visitor, DecisionKind.SNOOZE, id, asked.reason, asked.ends(site.now())),
    )


@router.post(
    "/{id}/dismiss",
    status_code=201,
    response_model=DecisionGiven,
    responses={**STOOD, **problems(404, 409)},
    summary="Say that an alert is no problem",
)
def dismiss(
    id: AlertId,  # noqa: A002 - the name in the address
    asked: Dismissal,
    site: Here,
    visitor: Operator,
    once: OnlyOnce,
) -> Response:
    """Nothing more is told of it. Where it was dismissed already, nothing is written: 200, with who did."""
    return once(visitor, asked, lambda: decided(site, visitor, DecisionKind.DISMISS, id, asked.reason))


def decided(
    site: Site,
    visitor: Visitor,
    kind: DecisionKind,
    alert: int,
    reason: str,
    until: datetime | None = None,
) -> Outcome:
    """Decides about an alert: 201, or 200 where it stood already."""
    made = decide(site.app, site.ledger, visitor.actor, kind, reason=reason, alert=alert, until=until)
    return Outcome(DecisionGiven.of(made.decision), 201 if made.is_new else 200)
