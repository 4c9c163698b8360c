"""Users of the dashboard and the API. For admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from tercera.acts import admitting
from tercera.errors import NotFoundError
from tercera.people import User
from tercera.web.access.passwords import hashed
from tercera.web.access.visitor import Visitor
from tercera.web.asked import AskedError
from tercera.web.documented import problems
from tercera.web.once import OnlyOnce
from tercera.web.permitting.roles import Admin
from tercera.web.shapes.person import NewUser, UserChange, UserGiven, UserName, Users
from tercera.web.site import Here, Site

router = APIRouter(prefix="/users", tags=["users"])


@router.get("", summary="Everybody who may log in")
def list_users(site: Here, visitor: Admin) -> Users:
    """Also those who are disabled."""
    return Users(items=[UserGiven.of(each) for each in site.ledger.people.users()])


@router.post(
    "", status_code=201, response_model=UserGiven, responses=problems(409), summary="Let somebody in"
)
def add_user(asked: NewUser, site: Here, visitor: Admin, once: OnlyOnce) -> Response:
    """With a password, or without one: then `tercera users link` makes a link that logs them in."""
    return once(visitor, asked, lambda: _added(site, visitor, asked), 201)


@router.patch(
    "/{name}", response_model=UserGiven, responses=problems(404, 409), summary="Change what somebody may do"
)
def change_user(
    name: Annotated[UserName, Path(description="Their name.")],
    asked: UserChange,
    site: Here,
    visitor: Admin,
    once: OnlyOnce,
) -> Response:
    """Logs them out everywhere. A user who is disabled is let in no more, and their keys open nothing."""
    return once(visitor, asked, lambda: _changed(site, visitor, name, asked))


class TakenError(AskedError):
    """Somebody is called so already."""

    status = 409


def _added(site: Site, visitor: Visitor, asked: NewUser) -> UserGiven:
    if site.ledger.people.user(asked.name) is not None:
        raise TakenError(f"there is a user {asked.name!r} already; choose another name, or change that one")
    password = hashed(asked.password.get_secret_value()) if asked.password else None
    user = User(asked.name, asked.role, site.now())
    return UserGiven.of(admitting.add_user(site.ledger, visitor.actor, user, password))


def _changed(site: Site, visitor: Visitor, name: str, asked: UserChange) -> UserGiven:
    known = site.ledger.people.user(name)
    if known is None:
        raise NotFoundError(f"there is no user {name!r}; `tercera users` lists them")
    if asked.role is None and asked.password is None and asked.disabled is None:
        return UserGiven.of(known)
    changed = admitting.change_user(
        site.ledger,
        visitor.actor,
        site.now(),
        name,
        role=asked.role,
        password=hashed(asked.password.get_secret_value()) if asked.password else None,
        disabled=asked.disabled,
    )
    return UserGiven.of(changed)
