"""From a site to an ASGI application: every page and resource, guarded."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import compile_path
from starlette.staticfiles import StaticFiles

from tercera import __version__
from tercera.web import api, pages
from tercera.web.documented import describe
from tercera.web.permitting.asking import Anyone, May
from tercera.web.problems import explain_errors
from tercera.web.prompt import Prompt
from tercera.web.site import PREFIX, Site

LARGEST = 1 << 20
"""Bytes of a request, unless its route says otherwise."""


def build(site: Site) -> FastAPI:
    """The application. RuntimeError: a route does not say who may use it."""
    app = FastAPI(
        title="Tercera",
        version=__version__,
        summary="Alerts, once and with the evidence, when a customer's orders cross a line.",
        openapi_url=None,  # `api/document.py` answers with it, to who may read
        docs_url=None,
        redoc_url=None,
        max_body_size=LARGEST,
    )
    app.state.site = site
    app.state.allowed = allowed
    app.state.menu = pages.places()
    for module in api.modules():
        app.include_router(module.router, prefix=PREFIX)
    for module in pages.modules():
        app.include_router(module.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=str(files("tercera.web").joinpath("static"))))
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=site.hosts)
    app.add_middleware(Prompt, patience=site.patience)
    explain_errors(app)
    for way in ways():
        if way.rule is None:
            raise RuntimeError(f"the route {way.path} says neither `may` nor `anyone`")
    describe(app, {(way.path, method): way.rule for way in ways() for method in way.methods})
    return app


@dataclass(frozen=True, slots=True)
class Way:
    """A route with its whole path, and who may use it: None where that was forgotten."""

    path: str
    methods: frozenset[str]
    rule: May | Anyone | None
    in_api: bool


def ways() -> list[Way]:
    """Every route of pages and API. Told from the modules: once they are included, the application itself
    tells of routers alone. RuntimeError: something else than a route, whose rule can't be told."""
    found = []
    for prefix, modules in ((PREFIX, api.modules()), ("", pages.modules())):
        for module in modules:
            for route in module.router.routes:
                if not isinstance(route, APIRoute):
                    raise RuntimeError(f"{module.__name__} has a route of another kind: {route!r}")
                found.append(
                    Way(
                        prefix + route.path_format,
                        frozenset(route.methods or ()),
                        rule_of(route),
                        bool(prefix),
                    )
                )
    return found


def allowed(path: str) -> set[str]:
    """The methods of all routes that have this path: the framework tells those of the first alone."""
    return {method for way in ways() if compile_path(way.path)[0].fullmatch(path) for method in way.methods}


def rule_of(route: APIRoute) -> May | Anyone | None:
    """Who may use a route."""
    return _rule(route.dependant)


def _rule(dependant: Dependant) -> May | Anyone | None:
    if isinstance(dependant.call, May | Anyone):
        return dependant.call
    return next((found for each in dependant.dependencies if (found := _rule(each))), None)
