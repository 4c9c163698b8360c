"""The configuration as it holds."""

from __future__ import annotations

from itertools import groupby

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tercera import __version__
from tercera.config.shown import shown
from tercera.people import Permission
from tercera.web.access.asking import may
from tercera.web.page import page
from tercera.web.pages import Place
from tercera.web.site import Here

PLACE = Place("settings", "/settings", order=70)
router = APIRouter()


@router.get("/settings", dependencies=[may(Permission.READ)])
def settings(request: Request, site: Here) -> Response:
    """Section by section: what was written, what holds otherwise, and of secrets only that there is one."""
    lines = shown(site.app.settings)
    sections = {name: list(some) for name, some in groupby(lines, key=lambda line: line.section)}
    return page(
        request,
        "settings.html",
        sections=sections,
        version_shown=__version__,
        users=site.ledger.people.count_users(),
    )
