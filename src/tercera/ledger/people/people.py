"""Users of the dashboard, their sessions and one-time links. Secrets are kept as digests only."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from tercera.errors import NotFoundError, TerceraError
from tercera.ledger.codec import AnyRow
from tercera.ledger.tables import logins, sessions, users
from tercera.people import Role, User

_NAME = re.compile(r"[\w.@+-]{1,64}")


def digest(secret: str) -> str:
    """What is kept of a random secret of 256 bits: nobody can guess back from it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret(prefix: str = "") -> str:
    """256 random bits that a URL can hold."""
    return prefix + secrets.token_urlsafe(32)


def add_user(connection: Connection, user: User, password: str | None) -> User:
    """The user, as they are known from now on; `password` is a hash. TerceraError: a name that is taken or no
    name."""
    if not _NAME.fullmatch(user.name):
        raise TerceraError(
            f"{user.name!r} is no name of a user: 1 to 64 letters, digits and . _ @ + - make one"
        )
    if find_user(connection, user.name) is not None:
        raise TerceraError(f"there is a user {user.name!r} already; `tercera users` lists them")
    connection.execute(
        insert(users).values(
            name=user.name,
            role=user.role.value,
            password=password,
            identity=user.identity,
            created_at=user.created_at,
        )
    )
    return replace(user, password=password is not None)


def find_user(connection: Connection, name: str) -> User | None:
    """By name, also one who is disabled."""
    row = connection.execute(select(users).where(users.c.name == name)).one_or_none()
    return _user(row) if row else None


def user_of_identity(connection: Connection, identity: str) -> User | None:
    """Who an OpenID provider speaks of."""
    row = connection.execute(select(users).where(users.c.identity == identity)).one_or_none()
    return _user(row) if row else None


def password_of(connection: Connection, name: str) -> str | None:
    """The hash of somebody's password; None for who has none, is disabled or unknown."""
    query = select(users.c.password).where(users.c.name == name, users.c.disabled_at.is_(None))
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def all_users(connection: Connection) -> list[User]:
    """By name."""
    return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]


def count_users(connection: Connection) -> int:
    """Those who may log in."""
    query = select(func.count()).select_from(users).where(users.c.disabled_at.is_(None))
    return int(connection.execute(query).scalar_one())


def change_user(
    connection: Connection,
    name: str,
    *,
    role: Role | None = None,
    password: str | None = None,
    identity: str | None = None,
    disabled_at: datetime | None = None,
    enable: bool = False,
) -> User:
    """The user as they are then. What is given changes; all of their sessions end, for what they may do has
    changed."""
    values: dict[str, object] = {}
    if role is not None:
        values["role"] = role.value
    if password is not None:
        values["password"] = password
    if identity is not None:
        values["identity"] = identity
    if disabled_at is not None or enable:
        values["disabled_at"] = disabled_at
    if values:
        connection.execute(update(users).where(users.c.name == name).values(**values))
    if (changed := find_user(connection, name)) is None:
        raise NotFoundError(f"there is no user {name!r}; `tercera users` lists them")
    end_sessions(connection, name)
    return changed


def begin_session(connection: Connection, name: str, now: datetime, until: datetime) -> str:
    """The secret of a new session. Forgets those that are over."""
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    secret = new_secret()
    connection.execute(
        insert(sessions).values(digest=digest(secret), user=name, created_at=now, expires_at=until)
    )
    return secret


def user_of_session(connection: Connection, secret: str, now: datetime) -> User | None:
    """Whose session it is; None when it is over, unknown, or the user is disabled."""
    row = connection.execute(
        select(users)
        .join(sessions, sessions.c.user == users.c.name)
        .where(
            sessions.c.digest == digest(secret),
            sessions.c.expires_at > now,
            users.c.disabled_at.is_(None),
        )
    ).one_or_none()
    return _user(row) if row else None


def end_session(connection: Connection, secret: str) -> bool:
    """Logs out. Gives whether there was such a session."""
    return connection.execute(delete(sessions).where(sessions.c.digest == digest(secret))).rowcount > 0


def end_sessions(connection: Connection, name: str) -> None:
    """Logs somebody out everywhere, and takes back links that were not used."""
    connection.execute(delete(sessions).where(sessions.c.user == name))
    connection.execute(delete(logins).where(logins.c.user == name))


def offer_login(connection: Connection, name: str, now: datetime, until: datetime) -> str:
    """The secret of a link that logs somebody in, once. NotFoundError: no such user."""
    if find_user(connection, name) is None:
        raise NotFoundError(f"there is no user {name!r}; `tercera users` lists them")
    connection.execute(delete(logins).where(logins.c.expires_at <= now))
    secret = new_secret()
    connection.execute(insert(logins).values(digest=digest(secret), user=name, expires_at=until))
    return secret


def take_login(connection: Connection, secret: str, now: datetime) -> User | None:
    """Whom a link logs in; the link is used up. None when it was, is over, or never was."""
    taken = connection.execute(
        delete(logins).where(logins.c.digest == digest(secret)).returning(logins.c.user, logins.c.expires_at)
    ).one_or_none()
    if taken is None or taken.expires_at <= now:
        return None
    user = find_user(connection, taken.user)
    return user if user is not None and user.disabled_at is None else None


def _user(row: AnyRow) -> User:
    return User(
        name=row.name,
        role=Role(row.role),
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        identity=row.identity,
        password=row.password is not None,
    )
