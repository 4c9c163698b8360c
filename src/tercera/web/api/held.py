"""What the blast guard holds back, and deciding about it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from tercera.acts import deciding
from tercera.web.access.visitor import Visitor
from tercera.web.documented import problems
from tercera.web.once import OnlyOnce
from tercera.web.permitting.roles import Operator, Reader
from tercera.web.shapes.notice import HeldGiven, HeldList, Letting, Released
from tercera.web.site import Here, Site

router = APIRouter(prefix="/held", tags=["held"])


@router.get("", summary="What is held back")
def list_held(site: Here, visitor: Reader) -> HeldList:
    """By rule. Nothing of it is sent unless it is released."""
    lasts = site.app.settings.guard.expires
    return HeldList(
        items=[
            HeldGiven(
                rule=each.rule,
                alerts=each.alerts,
                still_true=each.true,
                notices=each.notices,
                since=each.since,
                until=each.since + lasts,
            )
            for each in site.ledger.post.held()
        ]
    )


@router.post(
    "/release",
    response_model=Released,
    responses=problems(404, 409),
    summary="Let go of what is held back",
)
def release(asked: Letting, site: Here, visitor: Operator, once: OnlyOnce) -> Response:
    """As far as it is still true; the rest is discarded. The next delivery sends it."""
    return once(visitor, asked, lambda: _released(site, visitor, asked))


@router.post(
    "/discard",
    response_model=Released,
    responses=problems(404, 409),
    summary="Put aside what is held back",
)
def discard(asked: Letting, site: Here, visitor: Operator, once: OnlyOnce) -> Response:
    """For good: it is never sent."""
    return once(visitor, asked, lambda: _discarded(site, visitor, asked))


def _released(site: Site, visitor: Visitor, asked: Letting) -> Released:
    done = deciding.release(site.app, site.ledger, visitor.actor, asked.rule)
    return Released(released=done.released, discarded=done.discarded)


def _discarded(site: Site, visitor: Visitor, asked: Letting) -> Released:
    discarded = deciding.discard(site.app, site.ledger, visitor.actor, asked.rule)
    return Released(released=0, discarded=discarded)
