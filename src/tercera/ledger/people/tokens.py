"""Keys for programs: kept as digests, with what they open and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from tercera.errors import NotFoundError
from tercera.ledger.codec import AnyRow
from tercera.ledger.people.people import digest, find_user, new_secret
from tercera.ledger.tables import tokens, users
from tercera.people import Permission, Role, Token

PREFIX = "tercera_"
"""What every key begins with, so that a search for leaked secrets finds it."""

_NOTED_EVERY = timedelta(minutes=1)
"""How often the use of a key is written down: not for each request."""


def add_token(connection: Connection, token: Token) -> tuple[Token, str]:
    """Gives the token with its id, and the key itself. NotFoundError: no such user."""
    if find_user(connection, token.user) is None:
        raise NotFoundError(f"there is no user {token.user!r}; `tercera users` lists them")
    secret = new_secret(PREFIX)
    written = connection.execute(
        insert(tokens)
        .values(
            name=token.name,
            digest=digest(secret),
            user=token.user,
            scopes=" ".join(sorted(token.scopes)),
            created_at=token.created_at,
            expires_at=token.expires_at,
        )
        .returning(tokens.c.id)
    ).scalar_one()
    return replace(token, id=written), secret


def token_of(connection: Connection, secret: str, now: datetime) -> tuple[Token, Role] | None:
    """The token of a key that still opens something, and its user's role."""
    row = connection.execute(
        select(tokens, users.c.role)
        .join(users, users.c.name == tokens.c.user)
        .where(tokens.c.digest == digest(secret), users.c.disabled_at.is_(None))
    ).one_or_none()
    if row is None or not (token := _token(row)).holds(now):
        return None
    return token, Role(row.role)


def is_worth_noting(token: Token, now: datetime) -> bool:
    """Whether its last use that was written down is a while ago."""
    return token.used_at is None or now - token.used_at >= _NOTED_EVERY


def note_use(connection: Connection, token: int, now: datetime) -> None:
    """Writes down that it was used."""
    connection.execute(update(tokens).where(tokens.c.id == token).values(used_at=now))


def all_tokens(connection: Connection, user: str | None = None) -> list[Token]:
    """The newest first; of one user, or of all."""
    query = select(tokens).order_by(tokens.c.id.desc())
    if user is not None:
        query = query.where(tokens.c.user == user)
    return [_token(row) for row in connection.execute(query)]


def revoke_token(connection: Connection, token: int, now: datetime) -> Token:
    """Ends it. NotFoundError: there is none with this id."""
    found = connection.execute(select(tokens).where(tokens.c.id == token)).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no token {token}; `tercera tokens` lists them")
    connection.execute(update(tokens).where(tokens.c.id == token).values(revoked_at=now))
    return replace(_token(found), revoked_at=now)


def _token(row: AnyRow) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        user=row.user,
        scopes=frozenset(Permission(each) for each in row.scopes.split()),
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
