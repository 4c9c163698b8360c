"""Lets a request in or not: `may(permission)` for who has it, `anyone` for all. Each route has one of both.

A session comes in a cookie, and what it changes must carry the token of its forms (CSRF); the key of a token
comes in `Authorization: Bearer …`, which no browser sends by itself.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.params import Depends as Dependency

from tercera.errors import TerceraError
from tercera.ledger.people.tokens import PREFIX
from tercera.people import Permission, Via
from tercera.web.access.visitor import Visitor
from tercera.web.permitting.named import check_names
from tercera.web.site import Site, site_of

SAFE = ("GET", "HEAD", "OPTIONS")
CSRF_FIELD, CSRF_HEADER = "csrf", "x-csrf-token"


class UnknownError(Exception):
    """Nobody who is known asks: log in first."""


class NotAllowedError(TerceraError):
    """It is known who asks, and they may not. Its text says what is missing."""


class May:
    """A dependency that gives the visitor, who has a permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> Visitor:
        """Raises `UnknownError`, `NotAllowedError`, or what `check_names` raises."""
        site = site_of(request)
        visitor = await run_in_threadpool(recognised, site, request)
        if visitor is None:
            raise UnknownError
        if not visitor.may(self.permission):
            raise NotAllowedError(
                f"{visitor.name} may not do this: it needs the permission {self.permission}"
            ).said_as("may_not", who=visitor.name, permission=self.permission)
        if visitor.session is not None and request.method not in SAFE:
            await check_form(site, visitor, request)
        check_names(request)
        request.state.visitor = visitor
        return visitor


class Anyone:
    """A dependency that gives the visitor, or None: the route is open to all."""

    async def __call__(self, request: Request) -> Visitor | None:
        """Never refuses."""
        visitor = await run_in_threadpool(recognised, site_of(request), request)
        request.state.visitor = visitor
        return visitor


anyone = Anyone()
Unknown = Annotated[Visitor | None, Depends(anyone)]
"""Whoever asks, where all may."""


def may(permission: Permission) -> Dependency:
    """`visitor: Annotated[Visitor, may(Permission.READ)]`, or in a route's `dependencies`."""
    dependency: Dependency = Depends(May(permission))
    return dependency


def recognised(site: Site, request: Request) -> Visitor | None:
    """Who asks; None for nobody who is known."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    if key:
        return _by_key(site, request, key.strip()) if kind.lower() == "bearer" else None
    return _by_session(site, request)


def _by_key(site: Site, request: Request, key: str) -> Visitor | None:
    if not key.startswith(PREFIX):
        return None
    found = site.ledger.people.token_of(key, site.now())
    if found is None:
        return None
    token, role = found
    name = f"{token.user} ({token.name})"
    return Visitor(name, token.scopes & role.permissions, Via.API, address_of(request))


def _by_session(site: Site, request: Request) -> Visitor | None:
    secret = request.cookies.get(site.cookie)
    if secret is None:
        return None
    user = site.ledger.people.user_of_session(secret, site.now())
    if user is None:
        return None
    csrf = site.keys.sign("csrf", secret)
    return Visitor(user.name, user.role.permissions, Via.PAGE, address_of(request), secret, csrf)


async def check_form(site: Site, visitor: Visitor, request: Request) -> None:
    """Whether a page of ours made this request. Raises `NotAllowedError`."""
    check_origin(site, request)
    given = request.headers.get(CSRF_HEADER)
    if given is None and _is_form(request):
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else None
    if visitor.session is None or given is None or not site.keys.is_signed("csrf", visitor.session, given):
        raise NotAllowedError("the form is too old, or comes from elsewhere; load the page again").said_as(
            "old_form"
        )


def check_origin(site: Site, request: Request) -> None:
    """Refuses what another site makes a browser send. Raises `NotAllowedError`."""
    told = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    foreign = told is not None and told not in ("same-origin", "none")
    if foreign or (origin is not None and origin not in site.origins(request)):
        raise NotAllowedError("this came from another site; open the page here and do it again").said_as(
            "foreign"
        )


def address_of(request: Request) -> str | None:
    """The other side's network address, which a trusted proxy may have told."""
    return request.client.host if request.client else None


def _is_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("application/x-www-form-urlencoded", "multipart/form-data")
