"""From a site to an ASGI application: every page and resource, guarded."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from tercera import __version__
from tercera.web import api, pages
from tercera.web.access.asking import Anyone, May
from tercera.web.guarding import Guarded
from tercera.web.problems import explain_errors
from tercera.web.site import Site

LARGEST = 1 << 20
"""Bytes of a request, unless its route says otherwise."""


def build(site: Site) -> FastAPI:
    """The application. RuntimeError: a route does not say who may use it."""
    app = FastAPI(
        title="Tercera",
        version=__version__,
        summary="Alerts, once and with the evidence, when a customer's orders cross a line.",
        openapi_url=f"{api.PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        max_body_size=LARGEST,
    )
    app.state.site = site
    for module in api.modules():
        app.include_router(module.router, prefix=api.PREFIX)
    for module in pages.modules():
        app.include_router(module.router, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=str(files("tercera.web").joinpath("static"))))
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=site.hosts)
    app.add_middleware(Guarded, secure=site.is_secure)
    explain_errors(app)
    for route in routes(app):
        if rule_of(route) is None:
            raise RuntimeError(f"the route {route.path} says neither `may` nor `anyone`")
    return app


def routes(app: FastAPI) -> Iterator[APIRoute]:
    """Every route of pages and API."""
    return (route for route in app.routes if isinstance(route, APIRoute))


def rule_of(route: APIRoute) -> May | Anyone | None:
    """Who may use a route."""
    return _rule(route.dependant)


def _rule(dependant: Dependant) -> May | Anyone | None:
    if isinstance(dependant.call, May | Anyone):
        return dependant.call
    return next((found for each in dependant.dependencies if (found := _rule(each))), None)
