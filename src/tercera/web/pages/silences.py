"""What is kept quiet, until when and why; adding to it and ending it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi import Path as InPath
from fastapi.responses import Response

from tercera.acts import deciding
from tercera.acts.deciding import DecisionError
from tercera.notation.durations import parse_duration
from tercera.people import Permission
from tercera.telling.silences import DecisionKind
from tercera.telling.statement import STATEMENTS
from tercera.telling.watch import Watched
from tercera.web.access.visitor import Visitor
from tercera.web.decided import PAUSES
from tercera.web.page import Place, back, page
from tercera.web.permitting.asking import may
from tercera.web.site import Here, Site

PLACE = Place("silences", "/silences", order=60)
AT_ONCE = 100
"""Silences of a page."""

router = APIRouter()


@router.get("/silences")
def silences(
    request: Request,
    site: Here,
    visitor: Annotated[Visitor, may(Permission.READ)],
    over: bool = False,
    before: int | None = None,
    customer: str = "",
) -> Response:
    """Those in force, or with `over` those that ended; `customer` fills in the form."""
    found = site.ledger.reports.silences(site.now(), over=over, before=before, limit=AT_ONCE + 1)
    return page(
        request,
        "silences.html",
        silences=found[:AT_ONCE],
        after=found[AT_ONCE - 1].id if len(found) > AT_ONCE else None,
        first=before is None,
        over=over,
        customer=customer[:200],
        lengths=tuple(PAUSES),
        rules=[(rule.id, rule.title) for rule in site.app.settings.rules],
        watched=[str(each) for each in Watched] + [STATEMENTS],
        tomorrow=site.now().astimezone(site.zone).date() + timedelta(days=1),
        may_act=visitor.may(Permission.ACT),
    )


@router.post("/silences")
def add(
    site: Here,
    visitor: Annotated[Visitor, may(Permission.ACT)],
    customer: Annotated[str, Form(max_length=1000)] = "",
    rule: Annotated[str, Form(max_length=200)] = "",
    length: Annotated[str, Form(max_length=20)] = "",
    until: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Tells nothing of a customer, by a rule, or of a customer by a rule, until it ends."""
    deciding.decide(
        site.app,
        site.ledger,
        visitor.actor,
        DecisionKind.SILENCE,
        reason=reason,
        customer=customer.strip() or None,
        rule=rule or None,
        until=_end(site, length, until),
    )
    return back("/silences", "silenced")


@router.post("/silences/{silence}/end")
def end(
    site: Here,
    visitor: Annotated[Visitor, may(Permission.ACT)],
    silence: Annotated[int, InPath(ge=1, le=2**53)],
) -> Response:
    """Ends one before its time: the next sweep tells what is still true."""
    deciding.end(site.app, site.ledger, visitor.actor, silence)
    return back("/silences", "ended")


def _end(site: Site, length: str, until: str) -> datetime | None:
    """The beginning of the day `until`, in the configured zone; else so long from now."""
    try:
        if until:
            return datetime.combine(date.fromisoformat(until), time(), site.zone)
        return site.now() + parse_duration(length) if length else None
    except (ValueError, OverflowError):
        raise DecisionError(
            f"{until or length!r} is no end; write a day like 2026-12-31, or a length like 7d"
        ).said_as("bad_end", given=until or length) from None
