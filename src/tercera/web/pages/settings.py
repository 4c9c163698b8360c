"""The configuration as it holds."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tercera import __version__
from tercera.config.shown import Line, shown
from tercera.people import Permission
from tercera.web.page import Place, page
from tercera.web.permitting.asking import may
from tercera.web.site import Here

PLACE = Place("settings", "/settings", order=70)
GENERAL = "general"
"""The section of what stands alone at the top level."""

router = APIRouter()


@router.get("/settings", dependencies=[may(Permission.READ)])
def settings(request: Request, site: Here) -> Response:
    """Section by section: what was written, what holds otherwise, and of secrets only that there is one."""
    lines = shown(site.app.settings)
    alone = {name for name, count in Counter(line.section for line in lines).items() if count == 1}
    sections: dict[str, list[Line]] = {GENERAL: [line for line in lines if line.section in alone]}
    for line in lines:
        if line.section not in alone:
            sections.setdefault(line.section, []).append(line)
    return page(
        request,
        "settings.html",
        sections=sections,
        version_shown=__version__,
        users=site.ledger.people.count_users(),
    )
