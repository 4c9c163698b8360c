"""What was told to whom, what the other side said to it, and another try for what arrived nowhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response

from tercera.acts import deciding
from tercera.messages import NoticeState
from tercera.people import Permission
from tercera.web.access.visitor import Visitor
from tercera.web.page import Place, back, page
from tercera.web.permitting.asking import may
from tercera.web.site import Here

PLACE = Place("deliveries", "/deliveries", order=50)
AT_ONCE = 50
"""Notices of a page."""

UNREACHED = (NoticeState.DEAD, NoticeState.UNDELIVERABLE)

router = APIRouter()


@router.get("/deliveries")
def deliveries(
    request: Request,
    site: Here,
    visitor: Annotated[Visitor, may(Permission.READ)],
    state: str = "",
    channel: str = "",
    place: str | None = None,
) -> Response:
    """A page of the notices."""
    wanted = NoticeState(state) if state in list(NoticeState) else None
    found = site.ledger.reports.notices(wanted, channel or None, place, AT_ONCE)
    return page(
        request,
        "deliveries.html",
        notices=found.notices,
        after=found.after,
        first=place is None,
        state=wanted,
        channel=channel,
        states=list(NoticeState),
        channels=sorted(site.app.settings.channels),
        circuits=list(site.ledger.channels.circuits().values()),
        unreached=UNREACHED,
        may_act=visitor.may(Permission.ACT),
    )


@router.post("/deliveries/retry")
def retry(
    site: Here,
    visitor: Annotated[Visitor, may(Permission.ACT)],
    notice: Annotated[list[int] | None, Form(max_length=AT_ONCE)] = None,
    channel: Annotated[str, Form(max_length=200)] = "",
    rule: Annotated[str, Form(max_length=200)] = "",
    state: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Makes dead and undeliverable notices due again: these, or all of a channel or a rule."""
    done = deciding.retry(
        site.app, site.ledger, visitor.actor, ids=notice, channel=channel or None, rule=rule or None
    )
    said = "withheld" if done.withheld and not done.retried else "retried"
    count = done.withheld if said == "withheld" else done.retried
    return back("/deliveries", said, count=count, state=state, channel=channel)
