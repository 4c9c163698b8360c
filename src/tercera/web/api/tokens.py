"""Keys for programs. For admins."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Response

from tercera.acts import admitting
from tercera.people import Token
from tercera.web.access.visitor import Visitor
from tercera.web.documented import problems
from tercera.web.once import OnlyOnce
from tercera.web.permitting.roles import Admin
from tercera.web.shapes.base import Id
from tercera.web.shapes.person import NewToken, TokenGiven, TokenMade, Tokens
from tercera.web.site import Here, Site

router = APIRouter(prefix="/tokens", tags=["tokens"])


@router.get("", summary="Every key")
def list_tokens(site: Here, visitor: Admin) -> Tokens:
    """The newest first; none of them is shown again."""
    return Tokens(items=[TokenGiven.of(each) for each in site.ledger.people.tokens()])


@router.post("", status_code=201, responses=problems(404), summary="Make a key for a program")
def add_token(asked: NewToken, site: Here, visitor: Admin) -> TokenMade:
    """It is shown this once, so that this takes no `Idempotency-Key`: each request makes another one."""
    now = site.now()
    wanted = Token(0, asked.name, asked.user, frozenset(asked.scopes), now, now + timedelta(days=asked.days))
    return TokenMade.with_key(*admitting.add_token(site.ledger, visitor.actor, wanted))


@router.delete("/{id}", response_model=TokenGiven, responses=problems(404, 409), summary="End a key at once")
def revoke_token(
    id: Annotated[Id, Path(description="Its number.")],  # noqa: A002 - the name in the address
    site: Here,
    visitor: Admin,
    once: OnlyOnce,
) -> Response:
    """It opens nothing any more."""
    return once(visitor, None, lambda: _revoked(site, visitor, id))


def _revoked(site: Site, visitor: Visitor, token: int) -> TokenGiven:
    return TokenGiven.of(admitting.revoke_token(site.ledger, visitor.actor, token, site.now()))
