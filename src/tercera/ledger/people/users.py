"""What the ledger knows of people: each method is one transaction of the module that knows its subject."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Engine

from tercera.ledger.database.engine import reading, written
from tercera.ledger.people import answers, audit, people, tokens
from tercera.ledger.people.answers import Answer
from tercera.ledger.people.audit import Telling
from tercera.people import Deed, Role, Token, User

T = TypeVar("T")


class People:
    """Users, sessions, tokens and the audit log of a ledger. Every method raises `LedgerError`. With
    `telling`, a change is written into the audit log in its own transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add_user(
        self, user: User, password: str | None = None, *, telling: Telling[User] | None = None
    ) -> User:
        """The user, as they are known from now on; `password` is a hash. TerceraError: a name that is taken,
        or none."""
        return self._done(lambda connection: people.add_user(connection, user, password), telling)

    def user(self, name: str) -> User | None:
        """By name, also one who is disabled."""
        with reading(self._engine) as connection:
            return people.find_user(connection, name)

    def user_of_identity(self, identity: str) -> User | None:
        """Who an OpenID provider speaks of."""
        with reading(self._engine) as connection:
            return people.user_of_identity(connection, identity)

    def users(self) -> list[User]:
        """By name."""
        with reading(self._engine) as connection:
            return people.all_users(connection)

    def count_users(self) -> int:
        """Those who may log in."""
        with reading(self._engine) as connection:
            return people.count_users(connection)

    def password_of(self, name: str) -> str | None:
        """The hash of a password; None for who has none, is disabled or unknown."""
        with reading(self._engine) as connection:
            return people.password_of(connection, name)

    def change_user(
        self,
        name: str,
        *,
        role: Role | None = None,
        password: str | None = None,
        identity: str | None = None,
        disabled_at: datetime | None = None,
        enable: bool = False,
        telling: Telling[User] | None = None,
    ) -> User:
        """The user as they are then: what is given changes, and their sessions end. Raises
        `NotFoundError`."""
        return self._done(
            lambda connection: people.change_user(
                connection,
                name,
                role=role,
                password=password,
                identity=identity,
                disabled_at=disabled_at,
                enable=enable,
            ),
            telling,
        )

    def begin_session(
        self, name: str, now: datetime, until: datetime, *, telling: Telling[str] | None = None
    ) -> str:
        """The secret of a new session."""
        return self._done(lambda connection: people.begin_session(connection, name, now, until), telling)

    def user_of_session(self, secret: str, now: datetime) -> User | None:
        """Whose session it is; None when it is over."""
        with reading(self._engine) as connection:
            return people.user_of_session(connection, secret, now)

    def end_session(self, secret: str, *, telling: Telling[bool] | None = None) -> bool:
        """Logs out; gives whether there was such a session."""
        return self._done(lambda connection: people.end_session(connection, secret), telling)

    def offer_login(
        self, name: str, now: datetime, until: datetime, *, telling: Telling[str] | None = None
    ) -> str:
        """The secret of a link that logs somebody in, once. Raises `NotFoundError`."""
        return self._done(lambda connection: people.offer_login(connection, name, now, until), telling)

    def take_login(self, secret: str, now: datetime) -> User | None:
        """Whom a link logs in; it is used up."""
        return written(self._engine, lambda connection: people.take_login(connection, secret, now))

    def add_token(
        self, token: Token, *, telling: Telling[tuple[Token, str]] | None = None
    ) -> tuple[Token, str]:
        """The token with its id, and the key itself, which nobody will see again."""
        return self._done(lambda connection: tokens.add_token(connection, token), telling)

    def token_of(self, secret: str, now: datetime) -> tuple[Token, Role] | None:
        """The token of a key that still opens something, and its user's role; notes the use."""
        with reading(self._engine) as connection:
            found = tokens.token_of(connection, secret, now)
        if found is not None and tokens.is_worth_noting(found[0], now):
            written(self._engine, lambda connection: tokens.note_use(connection, found[0].id, now))
        return found

    def tokens(self, user: str | None = None) -> list[Token]:
        """The newest first."""
        with reading(self._engine) as connection:
            return tokens.all_tokens(connection, user)

    def revoke_token(self, token: int, now: datetime, *, telling: Telling[Token] | None = None) -> Token:
        """Ends it. Raises `NotFoundError`."""
        return self._done(lambda connection: tokens.revoke_token(connection, token, now), telling)

    def record(self, deed: Deed) -> None:
        """Adds a line to the audit log."""
        written(self._engine, lambda connection: audit.record(connection, deed))

    def deeds(self, *, actor: str | None = None, before: int | None = None, limit: int = 100) -> list[Deed]:
        """The audit log, the newest first."""
        with reading(self._engine) as connection:
            return audit.deeds(connection, actor=actor, before=before, limit=limit)

    def reserve_answer(self, actor: str, key: str, request: str, now: datetime) -> Answer | None:
        """What this actor was answered under this idempotency key, or is going to be; None when the key is
        new, and from now on the caller's to answer."""
        return written(
            self._engine, lambda connection: answers.reserve_answer(connection, actor, key, request, now)
        )

    def finish_answer(self, actor: str, key: str, status: int, body: str) -> None:
        """Remembers it for a day."""
        written(self._engine, lambda connection: answers.finish_answer(connection, actor, key, status, body))

    def forget_answer(self, actor: str, key: str) -> None:
        """Nothing was done: the key is free again."""
        written(self._engine, lambda connection: answers.forget_answer(connection, actor, key))

    def _done(self, work: Callable[[Connection], T], telling: Telling[T] | None) -> T:
        return written(self._engine, lambda connection: audit.recorded(connection, work(connection), telling))
