"""Makes a page of a template: in the visitor's language, with the menu that they may use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from tercera import __version__
from tercera.people import Permission
from tercera.rendering.words import Words
from tercera.web.access.visitor import Visitor
from tercera.web.moments import placed, said, when
from tercera.web.site import Site, site_of
from tercera.web.wording import language_of, words_of

_BESIDE = ("already", "gone")
"""Of several things: what was so before, and what is not there."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the menu: its words are the phrase `menu.<key>`; those who lack the permission do not see
    it. `demo_only` entries are shown where the demo's own mail server runs."""

    key: str
    path: str
    order: int
    permission: Permission = Permission.READ
    demo_only: bool = False


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page. `values` are what the template names beside: `say`, `words`, `visitor` (or None), `menu`,
    `here` (the path), `when` (a time for people), `link` (a path with a query), `tone` (of a level)."""
    site, words = site_of(request), words_in(request)
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    menu: tuple[Place, ...] = request.app.state.menu
    shown = [
        place
        for place in menu
        if visitor is not None
        and visitor.may(place.permission)
        and (site.mails is not None or not place.demo_only)
    ]
    content = (
        _environment()
        .get_template(template)
        .render(
            visitor=visitor,
            menu=shown,
            here=request.url.path,
            csrf=visitor.csrf if visitor else "",
            version=__version__,
            done=_done(request, words),
            openid=site.openid is not None,
            **_said(site, words),
            **values,
        )
    )
    return HTMLResponse(content, status)


def part(request: Request, template: str, **values: Any) -> Markup:
    """A part of pages that is the same for everybody who reads the language: it knows no visitor."""
    said = _said(site_of(request), words_in(request))
    return Markup(_environment().get_template(template).render(**said, **values))  # noqa: S704 - escaped


def _said(site: Site, words: Words) -> dict[str, Any]:
    return {
        "say": partial(said, words),
        "words": words,
        "when": partial(when, site, words),
        "placed": partial(placed, words),
        "zone": site.zone.key,
        "link": link,
        "tone": lambda rule, level: tone(site, rule, level),
    }


def words_in(request: Request) -> Words:
    """The words of the browser's language."""
    return words_of(language_of(request.headers.get("accept-language", "")))


def back(path: str, done: str | None = None, **query: object) -> RedirectResponse:
    """After something was done: to a page of ours, which says so by the phrase `done.<done>`."""
    return RedirectResponse(link(path, done=done, **query), 303)


def link(path: str, **query: object) -> str:
    """A path with those values that are neither None nor empty."""
    given = {name: value for name, value in query.items() if value not in (None, "", ())}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def tone(site: Site, rule: str, level: str | None) -> str:
    """How alarming a level looks: `calm` for none, then `low`, `middle`, `high` by its place among the
    rule's levels."""
    if level is None:
        return "calm"
    found = next((each for each in site.app.settings.rules if each.id == rule), None)
    names = [each.name for each in found.levels] if found else [level]
    if level not in names:
        return "low"
    above = len(names) - 1 - names.index(level)
    return ("high", "middle")[above] if len(names) > 1 and above < 2 and above < len(names) - 1 else "low"


def _done(request: Request, words: Words) -> str | None:
    key = f"done.{request.query_params.get('done', '')[:40]}"
    if not words.known(key):
        return None
    said = [words.say(key, _number(request, "count", 1))]
    said += [words.say(f"done.{name}", many) for name in _BESIDE if (many := _number(request, name, 0))]
    return " ".join(said)


def _number(request: Request, name: str, otherwise: int) -> int:
    given = request.query_params.get(name, "")
    return int(given[:9]) if given.isdecimal() and given.isascii() else otherwise


@cache
def _environment() -> Environment:
    folder = str(files("tercera.web").joinpath("templates"))
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
