"""The first page: how many alerts are open."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tercera.people import Permission
from tercera.web.access.asking import may
from tercera.web.access.visitor import Visitor
from tercera.web.page import page
from tercera.web.pages import Place
from tercera.web.site import Here

PLACE = Place("overview", "/", order=0)
router = APIRouter()


@router.get("/")
def overview(request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.READ)]) -> Response:
    """What stands."""
    return page(request, "overview.html", counts=site.ledger.counts())
