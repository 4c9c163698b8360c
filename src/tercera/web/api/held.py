"""What the blast guard holds back, and deciding about it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from tercera.messages import NoticeState
from tercera.model import RuleId
from tercera.web.access.roles import Actor, Reader
from tercera.web.access.visitor import Visitor
from tercera.web.documented import problems
from tercera.web.once import OnlyOnce
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
            for each in site.ledger.held()
        ]
    )


@router.post(
    "/release",
    response_model=Released,
    responses=problems(404, 409),
    summary="Let go of what is held back",
)
def release(asked: Letting, site: Here, visitor: Actor, once: OnlyOnce) -> Response:
    """As far as it is still true; the rest is discarded. The next delivery sends it."""
    return once(visitor, asked, lambda: _released(site, visitor, asked))


@router.post(
    "/discard",
    response_model=Released,
    responses=problems(404, 409),
    summary="Put aside what is held back",
)
def discard(asked: Letting, site: Here, visitor: Actor, once: OnlyOnce) -> Response:
    """For good: it is never sent."""
    return once(visitor, asked, lambda: _discarded(site, visitor, asked))


def _released(site: Site, visitor: Visitor, asked: Letting) -> Released:
    rule, now = _rule(site, asked), site.now()
    expired = site.ledger.discard(rule, now, decided_before=now - site.app.settings.guard.expires)
    became = site.ledger.release(rule, now)
    _record(site, visitor, "release", rule)
    return Released(released=became[NoticeState.PENDING], discarded=became[NoticeState.DISCARDED] + expired)


def _discarded(site: Site, visitor: Visitor, asked: Letting) -> Released:
    rule = _rule(site, asked)
    discarded = site.ledger.discard(rule, site.now())
    _record(site, visitor, "discard", rule)
    return Released(released=0, discarded=discarded)


def _rule(site: Site, asked: Letting) -> RuleId | None:
    """Also one that is gone from the configuration, while something of it is held."""
    if asked.rule is None or any(each.rule == asked.rule for each in site.ledger.held()):
        return RuleId(asked.rule) if asked.rule else None
    return site.app.rule(asked.rule).id


def _record(site: Site, visitor: Visitor, action: str, rule: RuleId | None) -> None:
    site.record(
        visitor.name, visitor.via, action, f"rule {rule}" if rule else "all rules", "", visitor.address
    )
