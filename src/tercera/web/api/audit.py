"""Who did what. For admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from tercera.web.cursors import Cursor, Limit, cursor_of, place_of
from tercera.web.permitting.roles import Admin
from tercera.web.shapes.base import Name
from tercera.web.shapes.person import Audit, DeedGiven
from tercera.web.site import Here

router = APIRouter(tags=["audit"])


@router.get("/audit", summary="What people did, the newest first")
def list_deeds(
    site: Here,
    visitor: Admin,
    actor: Annotated[Name | None, Query(description="Only what this one did.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Audit:
    """Only ever added to: the database itself refuses to change or remove a line."""
    place = place_of(cursor, "audit")
    found = site.ledger.people.deeds(actor=actor, before=place, limit=limit + 1)
    shown = found[:limit]
    return Audit(
        items=[DeedGiven.of(each) for each in shown],
        next=cursor_of("audit", shown[-1].id) if len(found) > limit else None,
    )
