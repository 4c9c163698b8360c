"""Users, keys for programs, and what people did."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StrictBool, StrictInt, StringConstraints

from tercera.people import Deed, Permission, Role, Token, User, Via
from tercera.web.access.passwords import LONGEST, SHORTEST
from tercera.web.shapes.base import Asked, Given, Id

UserName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.@+-]{1,64}$")]


def _is_long(value: SecretStr) -> SecretStr:
    if not SHORTEST <= len(value.get_secret_value()) <= LONGEST:
        raise ValueError(f"a password has {SHORTEST} to {LONGEST} characters; choose another")
    return value


Password = Annotated[
    SecretStr,
    AfterValidator(_is_long),
    Field(json_schema_extra={"minLength": SHORTEST, "maxLength": LONGEST}),
]


class UserGiven(Given):
    """Somebody who may log in."""

    name: Annotated[str, Field(description="Their name.")]
    role: Annotated[Role, Field(description="What they may do.")]
    created_at: Annotated[datetime, Field(description="Since when they are known.")]
    disabled_at: Annotated[datetime | None, Field(description="Since when they are let in no more.")]
    identity: Annotated[str | None, Field(description="Who they are to the OpenID provider.")]
    password: Annotated[bool, Field(description="Whether they have a password.")]

    @classmethod
    def of(cls, user: User) -> UserGiven:
        """What the ledger has."""
        return cls(
            name=user.name,
            role=user.role,
            created_at=user.created_at,
            disabled_at=user.disabled_at,
            identity=user.identity,
            password=user.password,
        )


class Users(Given):
    """Everybody."""

    items: Annotated[list[UserGiven], Field(description="By name.")]


class NewUser(Asked):
    """Somebody who may log in from now on."""

    name: Annotated[UserName, Field(description="1 to 64 letters, digits and . _ @ + -")]
    role: Annotated[Role, Field(description="What they may do.")] = Role.VIEWER
    password: Annotated[
        Password | None, Field(description="Without one they log in by a link or elsewhere.")
    ] = None


class UserChange(Asked):
    """What changes; all of the user's sessions end."""

    role: Annotated[Role | None, Field(description="The new role.")] = None
    password: Annotated[Password | None, Field(description="The new password.")] = None
    disabled: Annotated[StrictBool | None, Field(description="Whether they are let in no more.")] = None


class TokenGiven(Given):
    """A key for a program. The key itself is never shown again."""

    id: Annotated[Id, Field(description="Its number.")]
    name: Annotated[str, Field(description="What it is for.")]
    user: Annotated[str, Field(description="In whose name it acts.")]
    scopes: Annotated[list[Permission], Field(description="What it opens, as far as its user may.")]
    created_at: Annotated[datetime, Field(description="When it was made.")]
    expires_at: Annotated[datetime, Field(description="When it ends.")]
    used_at: Annotated[datetime | None, Field(description="When it was last used, to the minute.")]
    revoked_at: Annotated[datetime | None, Field(description="When somebody ended it.")]

    @classmethod
    def of(cls, token: Token) -> TokenGiven:
        """What the ledger has."""
        return cls(**_token(token))


class Tokens(Given):
    """Every key."""

    items: Annotated[list[TokenGiven], Field(description="The newest first.")]


class NewToken(Asked):
    """A key for a program from now on."""

    name: Annotated[
        str, StringConstraints(min_length=1, max_length=100), Field(description="What it is for.")
    ]
    user: Annotated[UserName, Field(description="In whose name it acts.")]
    scopes: Annotated[
        tuple[Permission, ...], Field(description="What it opens, as far as its user may.", min_length=1)
    ] = (Permission.READ,)
    days: Annotated[StrictInt, Field(description="How long it opens.", ge=1, le=3660)] = 90


class TokenMade(TokenGiven):
    """A new key, shown this once."""

    key: Annotated[str, Field(description="The key: `Authorization: Bearer KEY`. It is not kept here.")]

    @classmethod
    def with_key(cls, token: Token, key: str) -> TokenMade:
        """What the ledger has, and what it never has."""
        return cls(key=key, **_token(token))


class DeedGiven(Given):
    """One line of the audit log."""

    id: Annotated[Id, Field(description="Its number.")]
    at: Annotated[datetime, Field(description="When.")]
    actor: Annotated[str, Field(description="Who.")]
    via: Annotated[Via, Field(description="By which way.")]
    action: Annotated[str, Field(description="Did what.")]
    object: Annotated[str, Field(description="To what.")]
    detail: Annotated[str, Field(description="More of it, like the reason that was given.")]
    address: Annotated[str | None, Field(description="The network address that it came from.")]

    @classmethod
    def of(cls, deed: Deed) -> DeedGiven:
        """What the ledger has."""
        return cls(
            id=deed.id,
            at=deed.at,
            actor=deed.actor,
            via=deed.via,
            action=deed.action,
            object=deed.object,
            detail=deed.detail,
            address=deed.address,
        )


class Audit(Given):
    """The audit log, the newest first."""

    items: Annotated[list[DeedGiven], Field(description="The lines of this page.")]
    next: Annotated[str | None, Field(description="The `cursor` of the next page; null on the last.")]


def _token(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "user": token.user,
        "scopes": sorted(token.scopes),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
        "revoked_at": token.revoked_at,
    }
