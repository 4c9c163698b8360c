"""Letting people and programs in: users, one-time links and tokens.

Who did it is written into the audit log in the transaction that does it: both are written, or neither.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tercera.ledger import Ledger
from tercera.people import Actor, Role, Token, User


def add_user(ledger: Ledger, actor: Actor, user: User, password: str | None = None) -> User:
    """Lets somebody in from now on; `password` is a hash. Raises TerceraError for a name that is taken, or
    is none."""
    by = " by OpenID" if user.identity else ""
    deed = actor.did(user.created_at, "user added", _user(user.name), f"role {user.role}{by}")
    return ledger.people.add_user(user, password, telling=deed)


def change_user(
    ledger: Ledger,
    actor: Actor,
    now: datetime,
    name: str,
    *,
    role: Role | None = None,
    password: str | None = None,
    disabled: bool | None = None,
) -> User:
    """Gives somebody another role or password (a hash), disables them, or enables them again: what is given.
    All their sessions end, so that nothing given logs them out. Raises `NotFoundError`."""
    words = [f"role {role}"] if role else []
    words += ["password"] if password else []
    words += ["disabled" if disabled else "enabled"] if disabled is not None else []
    deed = actor.did(now, "user changed", _user(name), ", ".join(words) or "logged out everywhere")
    return ledger.people.change_user(
        name,
        role=role,
        password=password,
        disabled_at=now if disabled else None,
        enable=disabled is False,
        telling=deed,
    )


def offer_login(ledger: Ledger, actor: Actor, name: str, now: datetime, lasts: timedelta) -> str:
    """The secret of a link that logs somebody in once, within a time. Raises `NotFoundError`."""
    until = now + lasts
    deed = actor.did(now, "link made", _user(name), f"until {until:%Y-%m-%d %H:%M %Z}")
    return ledger.people.offer_login(name, now, until, telling=deed)


def add_token(ledger: Ledger, actor: Actor, token: Token) -> tuple[Token, str]:
    """The token with its id, and the key itself, which nobody will see again. Raises `NotFoundError` for an
    unknown user."""
    words = f"{token.name}, of user {token.user}: {' '.join(sorted(token.scopes))}"
    return ledger.people.add_token(
        token,
        telling=lambda made: actor.did(token.created_at, "token added", f"token {made[0].id}", words),
    )


def revoke_token(ledger: Ledger, actor: Actor, token: int, now: datetime) -> Token:
    """Ends a key at once. Raises `NotFoundError`."""
    return ledger.people.revoke_token(
        token,
        now,
        telling=lambda found: actor.did(now, "token revoked", f"token {token}", found.name),
    )


def _user(name: str) -> str:
    return f"user {name}"
