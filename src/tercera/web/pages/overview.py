"""The first page: what stands, what moved today, what each window brought, and whether all is well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from markupsafe import Markup

from tercera.acts.deciding import DecisionError, discard, release
from tercera.ledger import Held
from tercera.messages import NoticeState
from tercera.model import Period, RuleId, State
from tercera.people import Permission
from tercera.questions.health import Health, health_of, rejected
from tercera.rendering.words import Words
from tercera.rules import Rule
from tercera.web.access.visitor import Visitor
from tercera.web.moments import shortly
from tercera.web.page import Place, back, link, page, part, words_in
from tercera.web.permitting.asking import may
from tercera.web.site import Here, Site
from tercera.web.views.history import Months, months_of

PLACE = Place("overview", "/", order=0)
MOVES = 12
"""The latest transitions that are listed."""

router = APIRouter()


@router.get("/")
def overview(request: Request, site: Here, visitor: Annotated[Visitor, may(Permission.READ)]) -> Response:
    """What stands."""
    periods = _periods(site)
    chosen = _chosen(request.query_params.get("per"), periods)
    minute = site.now().replace(second=0, microsecond=0)
    key = ("glance", chosen, words_in(request).language, minute)
    glance = site.ledger.views.once(key, lambda: _glance(request, site, periods, chosen))
    return page(
        request,
        "overview.html",
        glance=glance,
        titles=_titles(site),
        may_act=visitor.may(Permission.ACT),
    )


@dataclass(frozen=True, slots=True)
class Glance:
    """What is the same for everybody: what is not as it should be, what is held back (and until when), and
    the rest of the page."""

    notes: Markup
    held: tuple[tuple[Held, datetime], ...]
    rest: Markup


def _glance(request: Request, site: Site, periods: list[Period], chosen: Period) -> Glance:
    views, words = site.ledger.views, words_in(request)
    figures = views.figures(_today(site))
    health = health_of(site.ledger)
    latest = views.last_moves(MOVES)
    rest = part(
        request,
        "glance.html",
        levels=_levels(site, figures.open),
        open=sum(figures.open.values()),
        moved=figures.moved,
        moves=[(move, shortly(site, words, move.at)) for move in latest],
        names=views.names({move.alert for move in latest}),
        notices=figures.notices,
        waiting=(NoticeState.PENDING, NoticeState.SENT, NoticeState.DEAD, NoticeState.UNDELIVERABLE),
        months=_months(words, site, chosen),
        periods=[(each.value, link("/", per=each)) for each in periods],
        chosen=chosen.value,
        health=health,
        rejects=[(rule, survey.rows, rejected(survey)) for rule, survey in health.surveys.items()],
        titles=_titles(site),
        late=_late(site, health, site.now()),
    )
    away = sorted(site.ledger.channels.circuits().values(), key=lambda each: each.channel)
    expires = site.app.settings.guard.expires
    return Glance(
        part(request, "notes.html", found=health.found, away=away),
        tuple((each, each.since + expires) for each in site.ledger.post.held()),
        rest,
    )


def _titles(site: Site) -> dict[str, str]:
    return {rule.id: rule.title for rule in site.app.settings.rules}


@router.post("/held")
def decide_held(
    site: Here,
    visitor: Annotated[Visitor, may(Permission.ACT)],
    do: Annotated[str, Form(max_length=20)],
    rule: Annotated[str, Form(max_length=1000)],
) -> Response:
    """Releases what the guard holds back of a rule, or discards it."""
    if do not in ("release", "discard"):
        raise DecisionError(f"{do!r} is no decision about what is held; there are release, discard")
    if do == "release":
        count = release(site.app, site.ledger, visitor.actor, rule).released
    else:
        count = discard(site.app, site.ledger, visitor.actor, rule)
    return back("/", done=f"held.{do}", count=count)


def _today(site: Site) -> datetime:
    """When the day began, here."""
    return datetime.combine(site.now().astimezone(site.zone).date(), time(), site.zone)


def _levels(site: Site, found: Mapping[tuple[RuleId, str | None], int]) -> list[tuple[RuleId, str, int, str]]:
    """Each level with how many open alerts are at it, the highest first; of several rules that have one of
    the same name, together."""
    counted: dict[str, tuple[RuleId, str, int, str]] = {}
    for rule in site.app.settings.rules:
        for level in rule.levels:
            count = sum(count for (_, name), count in found.items() if name == level.name)
            path = link("/alerts", state=State.OPEN, level=level.name)
            counted[level.name] = rule.id, level.name, count, path
    return list(reversed(counted.values()))


def _periods(site: Site) -> list[Period]:
    used = {rule.counting.within for rule in site.app.settings.rules}
    return sorted(used, key=lambda each: (each is not Period.MONTH, list(Period).index(each)))


def _chosen(asked: str | None, periods: list[Period]) -> Period:
    return next((each for each in periods if each.value == asked), periods[0])


def _months(words: Words, site: Site, period: Period) -> Months:
    rules: list[Rule] = [rule for rule in site.app.settings.rules if rule.counting.within is period]
    return months_of(site, rules, words)


def _late(site: Site, health: Health, now: datetime) -> bool:
    """Whether the last good cycle is longer ago than it should be."""
    limits = site.app.settings.watch
    pause = (limits.max_pause if limits else None) or timedelta(days=1)
    return health.heart.last_good is None or now - health.heart.last_good > pause
