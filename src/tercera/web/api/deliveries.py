"""Notices: how far each has come, and trying again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from tercera.acts import deciding
from tercera.messages import NoticeState
from tercera.web.access.visitor import Visitor
from tercera.web.cursors import Cursor, Limit, inner_place, outer_cursor
from tercera.web.documented import problems
from tercera.web.once import OnlyOnce
from tercera.web.permitting.roles import Operator, Reader
from tercera.web.shapes.base import Name
from tercera.web.shapes.notice import Deliveries, NoticeGiven, Paused, Retried, Retry
from tercera.web.site import Here, Site

router = APIRouter(prefix="/deliveries", tags=["deliveries"])


@router.get("", summary="Notices, the newest first")
def list_deliveries(
    site: Here,
    visitor: Reader,
    state: Annotated[NoticeState | None, Query(description="Only in this state.")] = None,
    channel: Annotated[Name | None, Query(description="Only of this channel.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Deliveries:
    """With every attempt and the other side's words, and the channels that are left alone for now."""
    name = f"deliveries {state} {channel}"
    found = site.ledger.reports.notices(state, channel, inner_place(cursor, name), limit)
    return Deliveries(
        items=[NoticeGiven.of(each) for each in found.notices],
        paused=[Paused.of(each) for each in site.ledger.channels.circuits().values()],
        next=outer_cursor(name, found.after) if found.after else None,
    )


@router.post(
    "/retry",
    response_model=Retried,
    responses=problems(409, 502),
    summary="Make notices that reached nobody due again",
)
def retry(asked: Retry, site: Here, visitor: Operator, once: OnlyOnce) -> Response:
    """To the address that the customer has now, else as the message that they were. What is held back,
    discarded, dismissed or silenced stays as it is."""
    return once(visitor, asked, lambda: _retried(site, visitor, asked))


def _retried(site: Site, visitor: Visitor, asked: Retry) -> Retried:
    done = deciding.retry(
        site.app,
        site.ledger,
        visitor.actor,
        ids=asked.ids,
        channel=asked.channel,
        rule=asked.rule,
        dry_run=asked.dry_run,
    )
    return Retried(retried=done.retried, withheld=done.withheld)
