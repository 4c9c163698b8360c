"""Lists of alerts: filtered, sorted, page by page; decisions about several at once; as a table to keep."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response, StreamingResponse
from markupsafe import Markup
from starlette.datastructures import QueryParams

from tercera.acts.deciding import DecisionError, decide_each
from tercera.ledger import AlertLine, Care, Sorting, Wanted
from tercera.model import State
from tercera.people import Permission
from tercera.rendering.sheet import safe
from tercera.web.access.visitor import Visitor
from tercera.web.decided import PAUSES, answer_of, until_of
from tercera.web.page import Place, back, link, page, part, words_in
from tercera.web.permitting.asking import may
from tercera.web.selecting import query_of, wanted_of
from tercera.web.site import Here, Site

PLACE = Place("alerts", "/alerts", order=10)
AT_ONCE = 50
"""Alerts of a page."""

MOST = 10_000
"""Up to how many are counted."""

COLUMNS = (
    "alert_id", "rule", "level", "state", "decided", "customer_id", "name", "window", "matched", "orders",
    "amount", "opened_at", "changed_at",
)  # fmt: skip

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column that sorts: where it leads, and which way it is sorted now (`""`: not)."""

    path: str
    sorted: str


@router.get("/alerts")
def alerts(request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.READ)]) -> Response:
    """What the address asks for. Many look at the same list: it is made once."""
    wanted = wanted_of(request.query_params)
    place = request.query_params.get("place", "")[:4000] or None
    may_act = visitor.may(Permission.ACT)
    minute = site.now().replace(second=0, microsecond=0)
    key = ("list", wanted, place, may_act, words_in(request).language, minute)
    made = site.ledger.views.once(key, lambda: _list(request, site, wanted, place, may_act=may_act))
    return page(request, "alerts.html", list=made, may_act=may_act)


def _list(request: Request, site: Site, wanted: Wanted, place: str | None, *, may_act: bool) -> Markup:
    """All of the page that is the same for everybody who may do the same."""
    views, now, query = site.ledger.views, site.now(), query_of(wanted)
    found = views.alerts(wanted, now, limit=AT_ONCE, place=place)
    return part(
        request,
        "alert_list.html",
        lines=found.lines,
        wanted=wanted,
        count=views.count_alerts(wanted, now, most=MOST),
        most=MOST,
        every=link("/decide", **query) if found.before or found.after else None,
        newer=link("/alerts", **query, place=found.before) if found.before else None,
        older=link("/alerts", **query, place=found.after) if found.after else None,
        sheet=link("/alerts.csv", **query),
        view=link("", **query).removeprefix("?"),
        heads={sorting.value: _head(wanted, sorting) for sorting in Sorting},
        tabs=_tabs(site, wanted),
        rules=site.app.settings.rules,
        titles={rule.id: rule.title for rule in site.app.settings.rules},
        levels=_levels(site),
        states=tuple(State),
        cares=tuple(Care),
        pauses=tuple(PAUSES),
        may_act=may_act,
    )


@router.post("/alerts")
def decide_several(
    site: Here,
    visitor: Annotated[Visitor, may(Permission.ACT)],
    do: Annotated[str, Form(max_length=20)],
    alert: Annotated[tuple[int, ...], Form(max_length=200)] = (),
    reason: Annotated[str, Form(max_length=1000)] = "",
    pause: Annotated[str, Form(max_length=4)] = "7d",
    view: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """One decision about each alert that was chosen."""
    kind = answer_of(do)
    if not alert:
        raise DecisionError("no alert was chosen; tick those that are meant").said_as("none_chosen")
    until = until_of(site, kind, pause)
    done = decide_each(site.app, site.ledger, visitor.actor, kind, alert, reason=reason, until=until)
    came = {"count": done.new, "already": done.stood or None, "gone": done.gone or None}
    query = query_of(wanted_of(QueryParams(view)))
    return back("/alerts", done=f"alerts.{kind}", **{**came, **query})


@router.get("/alerts.csv")
def sheet(request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.READ)]) -> Response:
    """All of them, as a table for spreadsheets. Names leave with it: the audit log says so before the first
    one does."""
    wanted, now = wanted_of(request.query_params), site.now()
    rows = site.ledger.views.count_alerts(wanted, now, most=sys.maxsize)
    filters = link("", **query_of(wanted)).removeprefix("?")
    site.record(visitor.actor, "export", "alerts as CSV", f"{rows:,} rows, {filters or 'no filter'}")
    lines = site.ledger.views.every_alert(wanted, now)
    return StreamingResponse(
        _sheet(lines, site.zone),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="alerts-{site.now():%Y-%m-%d}.csv"'},
    )


def _sheet(lines: Iterator[AlertLine], zone: tzinfo) -> Iterator[bytes]:
    """In UTF-8 with the mark that Excel looks for, a few rows at a time; times in the zone of the pages."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    written.write("\ufeff")
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow(_cells(line, zone))
        if written.tell() > 64 << 10:
            yield written.getvalue().encode("utf-8", "replace")
            written.seek(0)
            written.truncate()
    yield written.getvalue().encode("utf-8", "replace")


def _cells(line: AlertLine, zone: tzinfo) -> Iterator[str]:
    yield str(line.id)
    yield safe(line.rule)
    yield safe(line.level or "")
    yield line.state
    yield "" if line.care is Care.NONE else line.care
    yield safe(line.subject)
    yield safe(line.name or "")
    yield line.window
    yield str(line.matched)
    yield str(line.orders)
    yield "" if line.amount is None else format(line.amount, "f")
    yield line.opened_at.astimezone(zone).isoformat(timespec="seconds")
    yield line.changed_at.astimezone(zone).isoformat(timespec="seconds")


def _head(wanted: Wanted, sorting: Sorting) -> Head:
    """Whoever follows a head that is sorted already, turns it around."""
    now = wanted.sorting is sorting
    falls = not wanted.descending if now else sorting is not Sorting.CUSTOMER
    path = link("/alerts", **query_of(replace(wanted, sorting=sorting, descending=falls)))
    return Head(path, ("descending" if wanted.descending else "ascending") if now else "")


def _tabs(site: Site, wanted: Wanted) -> list[tuple[str, str, bool]]:
    """Views that have a name: its phrase, its path, and whether it is this one."""
    highest = tuple(dict.fromkeys(rule.levels[-1].name for rule in site.app.settings.rules))
    views = {
        "open": Wanted(state=State.OPEN),
        "unanswered": Wanted(state=State.OPEN, care=Care.NONE),
        "highest": Wanted(state=State.OPEN, levels=highest, sorting=Sorting.COUNT),
        "answered": Wanted(state=State.OPEN, care=Care.ACKNOWLEDGED),
        "all": Wanted(),
    }
    return [(name, link("/alerts", **query_of(each)), each == wanted) for name, each in views.items()]


def _levels(site: Site) -> list[str]:
    """Of all rules, the lowest first."""
    ranked = {
        level.name: max(
            place
            for rule in site.app.settings.rules
            for place, each in enumerate(rule.levels)
            if each.name == level.name
        )
        for rule in site.app.settings.rules
        for level in rule.levels
    }
    return sorted(ranked, key=lambda name: (ranked[name], name))
