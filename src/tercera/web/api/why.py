"""Why a customer was alerted in a window, or why not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tercera.questions.explain import explain
from tercera.web.asked import AskedError
from tercera.web.documented import problems
from tercera.web.permitting.roles import Reader
from tercera.web.shapes.alert import Why
from tercera.web.shapes.base import Name
from tercera.web.site import Here

router = APIRouter(tags=["alerts"])


class WindowError(AskedError):
    """No window of the rule's period is called so."""


@router.get(
    "/why", responses=problems(404, 502), summary="Why a customer was alerted in a window, or why not"
)
def why(
    site: Here,
    visitor: Reader,
    customer: Annotated[Name, Query(description="The customer, or what the rule counts per.")],
    window: Annotated[Name, Query(description="The window, like 2026-11.")],
    rule: Annotated[Name | None, Query(description="The rule; may be left out where there is one.")] = None,
) -> Why:
    """Counted anew from the orders as they are now, beside what the ledger says was told."""
    chosen = site.app.rule(rule)
    try:
        found = explain(chosen, site.app.source, site.ledger, customer, window, site.now())
    except (ValueError, OverflowError) as error:
        raise WindowError(str(error)) from None
    return Why.of(found)
