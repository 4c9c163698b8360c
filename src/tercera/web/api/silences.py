"""Silences: nothing is told of a customer or by a rule until they end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from tercera.acts.deciding import decide, end
from tercera.telling.silences import DecisionKind
from tercera.web.access.visitor import Visitor
from tercera.web.documented import problems
from tercera.web.once import OnlyOnce
from tercera.web.permitting.roles import Operator, Reader
from tercera.web.shapes.base import Id
from tercera.web.shapes.decision import DecisionGiven, SilenceAsked, Silences
from tercera.web.site import Here, Site

router = APIRouter(prefix="/silences", tags=["silences"])


@router.get("", summary="What is silenced")
def list_silences(site: Here, visitor: Reader) -> Silences:
    """Silences, snoozes and dismissals in force, the oldest first."""
    found = site.ledger.decisions(site.now())
    return Silences(
        items=[DecisionGiven.of(each) for each in found if each.kind is not DecisionKind.ACKNOWLEDGE]
    )


@router.post(
    "",
    status_code=201,
    response_model=DecisionGiven,
    responses=problems(404, 409),
    summary="Silence a customer, a rule, or a customer by a rule",
)
def add_silence(asked: SilenceAsked, site: Here, visitor: Operator, once: OnlyOnce) -> Response:
    """Until it ends nothing is told; what is then still true is."""
    return once(visitor, asked, lambda: _silenced(site, visitor, asked), 201)


@router.delete(
    "/{id}",
    response_model=DecisionGiven,
    responses=problems(404, 409),
    summary="End a silence, a snooze or a dismissal before its time",
)
def end_silence(
    id: Annotated[Id, Path(description="Its number.")],  # noqa: A002 - the name in the address
    site: Here,
    visitor: Operator,
    once: OnlyOnce,
) -> Response:
    """The next sweep tells what is still true."""
    return once(visitor, None, lambda: _ended(site, visitor, id))


def _silenced(site: Site, visitor: Visitor, asked: SilenceAsked) -> DecisionGiven:
    made = decide(
        site.app,
        site.ledger,
        visitor.actor,
        DecisionKind.SILENCE,
        reason=asked.reason,
        customer=asked.customer,
        rule=asked.rule,
        until=asked.ends(site.now()),
    )
    return DecisionGiven.of(made.decision)


def _ended(site: Site, visitor: Visitor, decision: int) -> DecisionGiven:
    return DecisionGiven.of(end(site.app, site.ledger, visitor.actor, decision))
