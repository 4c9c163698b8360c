"""The orders as they are read: where from, how far, what can't be judged, and which indexes would help."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from tercera.app import App
from tercera.cycle.scopes import ordinary_scope
from tercera.indexes.advice import Asked, Indexed
from tercera.orders import Check
from tercera.people import Permission
from tercera.web.access.visitor import Visitor
from tercera.web.page import Place, page
from tercera.web.permitting.asking import may
from tercera.web.site import Here, Site
from tercera.web.views.masking import cells
from tercera.web.views.rejected import over_time

PLACE = Place("data", "/data", order=40)
ADVICE = "index advice"
AGAIN = {"refresh": "2"}
"""Headers of a page that waits for an answer: it is asked for again."""

router = APIRouter()


@router.get("/data")
def data(request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.READ)]) -> Response:
    """With personal values masked."""
    return _page(request, site, visitor, unmasked=False)


@router.post("/data/unmasked")
def unmasked(request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.ACT)]) -> Response:
    """With the values of rows that can't be judged; who looked is written down."""
    site.record(visitor.actor, "unmask", "rejected rows")
    return _page(request, site, visitor, unmasked=True)


@router.post("/data/indexes")
def advise(site: Here, visitor: Annotated[Visitor, may(Permission.ACT)]) -> Response:
    """Asks the source which indexes would serve its rules; creates none."""
    site.background.ask(ADVICE, _advice(site), site.now, wait=1.0, anew=True)
    site.record(visitor.actor, "advise", "indexes")
    return RedirectResponse("/data#indexes", 303)


def _page(request: Request, site: Site, visitor: Visitor, *, unmasked: bool) -> Response:
    settings, ledger = site.app.settings, site.ledger
    fields = settings.source.orders
    answer = site.background.known(ADVICE)
    runs, rejected = ledger.reports.rejected()
    shown = page(
        request,
        "data.html",
        kind=settings.source.kind,
        fields=[(name, getattr(fields, name)) for name in _NAMED if getattr(fields, name)],
        more_fields=[(name, path) for name, path in fields.fields.items()],
        cursors=[(rule, ledger.cursor(rule.id)) for rule in settings.rules],
        followed=ledger.followed(),
        live=settings.schedule.live,
        over_time=over_time(runs, rejected),
        surveys=[
            (
                rule,
                survey,
                [
                    (reason, count, [cells(sample, fields, unmasked=unmasked) for sample in count.samples])
                    for reason, count in sorted(survey.rejects.items(), key=lambda item: -item[1].rows)
                ],
            )
            for rule, survey in ledger.diary.rejects().items()
        ],
        unmasked=unmasked,
        may_act=visitor.may(Permission.ACT),
        indexed=hasattr(site.app.source, "advise"),
        advice=answer,
    )
    if answer.working and not unmasked:  # an answer to a form can't be asked for again
        shown.headers.update(AGAIN)
    return shown


_NAMED = ("order_id", "customer_id", "status", "placed_at", "amount", "currency", "timezone")


def _advice(site: Site) -> Callable[[], list[Check]]:
    def work() -> list[Check]:
        app = App(site.app.settings, site.app.clock)  # with a source of its own: this may take long
        try:
            if not isinstance(app.source, Indexed):
                return []
            now, live = app.clock(), app.settings.schedule.live
            asked = [Asked(rule.id, rule.counting, ordinary_scope(rule, now)) for rule in app.settings.rules]
            return list(app.source.advise(asked, fix=False, live=live, tell=lambda *_: None))
        finally:
            app.close()

    return work
