"""Logging in at an OpenID provider: there, and back."""

from __future__ import annotations

import hashlib
import re

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from tercera.acts.admitting import add_user, change_user
from tercera.errors import NotFoundError
from tercera.people import Actor, User, Via
from tercera.web.access.openid import LASTS, Identity, OpenId, OpenIdError
from tercera.web.page import page
from tercera.web.pages.login import entered, inside
from tercera.web.permitting.asking import Unknown, address_of
from tercera.web.site import Here, Site

COOKIE = "tercera-openid"
BACK = "/login/openid/back"

router = APIRouter()


@router.get("/login/openid")
def begin(request: Request, site: Here, visitor: Unknown, next: str = "/") -> Response:  # noqa: A002 - the name in the form and the address
    """To the provider."""
    begun = _provider(site).begin(site.now(), inside(next))
    answer = RedirectResponse(begun.url, 303)
    answer.set_cookie(
        COOKIE,
        begun.cookie,
        max_age=int(LASTS.total_seconds()),
        path=BACK,
        secure=site.is_secure,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get(BACK)
def back(request: Request, site: Here, visitor: Unknown) -> Response:
    """From the provider. Whoever it vouches for, and has a role here, is let in."""
    try:
        provider = _provider(site)
        cookie = request.cookies.get(COOKIE, "")
        identity, after = provider.finish(site.now(), cookie, dict(request.query_params))
        user = _user(site, identity, address_of(request))
    except OpenIdError as error:
        nobody = Actor("unknown", Via.PAGE, address_of(request))
        site.record(nobody, "login failed", "OpenID", str(error))
        return page(request, "login.html", status=403, next="/", name="", mistake=str(error))
    answer = entered(site, request, user, inside(after))
    answer.delete_cookie(COOKIE, path=BACK, secure=site.is_secure, httponly=True, samesite="lax")
    return answer


def _provider(site: Site) -> OpenId:
    if site.openid is None:
        raise NotFoundError("logging in by OpenID Connect is not set up; web.openid says how")
    return site.openid


def _user(site: Site, identity: Identity, address: str | None) -> User:
    """The user of an identity, made when it comes first; the provider says the role each time."""
    if identity.role is None:
        raise OpenIdError(
            f"{identity.name} has no role here; give them one of web.openid.roles at the provider, or set "
            "web.openid.default_role"
        )
    known = site.ledger.people.user_of_identity(identity.id)
    if known is None:
        name = _free_name(site, identity)
        actor = Actor(name, Via.PAGE, address)
        known = add_user(site.ledger, actor, User(name, identity.role, site.now(), identity=identity.id))
    elif known.disabled_at is None and known.role is not identity.role:
        actor = Actor(known.name, Via.PAGE, address)
        known = change_user(site.ledger, actor, site.now(), known.name, role=identity.role)
    if known.disabled_at is not None:
        raise OpenIdError(f"{identity.name} was disabled here; `tercera users change` lets them in again")
    return known


def _free_name(site: Site, identity: Identity) -> str:
    """A name that nobody has: who has the same one here may be somebody else."""
    plain = re.sub(r"[^\w.@+-]", "-", identity.name)[:50] or "somebody"
    if site.ledger.people.user(plain) is None:
        return plain
    return f"{plain}-{hashlib.sha256(identity.id.encode()).hexdigest()[:8]}"
