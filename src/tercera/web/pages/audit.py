"""Who did what, when, and from where."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tercera.people import Permission
from tercera.web.page import Place, page
from tercera.web.permitting.asking import may
from tercera.web.site import Here

PLACE = Place("audit", "/audit", order=80, permission=Permission.ADMIN)
AT_ONCE = 100
"""Lines of a page."""

router = APIRouter()


@router.get("/audit", dependencies=[may(Permission.ADMIN)])
def audit(request: Request, site: Here, actor: str = "", before: int | None = None) -> Response:
    """A page of the log, of one person or of all; the newest first."""
    found = site.ledger.people.deeds(actor=actor.strip() or None, before=before, limit=AT_ONCE + 1)
    return page(
        request,
        "audit.html",
        deeds=found[:AT_ONCE],
        after=found[AT_ONCE - 1].id if len(found) > AT_ONCE else None,
        first=before is None,
        actor=actor.strip(),
    )
