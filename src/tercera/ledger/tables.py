"""The tables of the ledger. `migrations` builds the same ones; a test compares the two.

A *notice* is one thing to tell one recipient about one step of an alert; a *message* is what is handed over
at once, and carries one notice, or many in a digest. Attempts and receipts belong to the message.

Ids are drawn from the counters in `ledger`, inside the transaction that uses them, so that rows which refer
to each other can be written together by `executemany`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy import Text as AnyText
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FOR_NUL = "\U0010fffd"
"""The last private character of Unicode."""


def microseconds(moment: datetime) -> int:
    """Since 1970, as `Instant` stores them. TypeError for a naive time."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """What `microseconds` gave. OverflowError: far beyond the calendar."""
    return _EPOCH + microseconds * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware time, stored as microseconds since 1970 in UTC: sorts and compares in every engine."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """A naive time is a mistake of the caller: TypeError."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """In UTC."""
        return None if value is None else moment(value)


def without_nul(value: str | None) -> str | None:
    """A text as PostgreSQL can hold it."""
    return value if value is None or "\0" not in value else value.replace("\0", _FOR_NUL)


class WithoutNul(TypeDecorator[str]):
    """PostgreSQL refuses the character NUL in a text: it is kept as one that stands for nothing else."""

    impl = AnyText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database."""
        return without_nul(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        """From it."""
        return value if value is None or _FOR_NUL not in value else value.replace(_FOR_NUL, "\0")


Text = AnyText().with_variant(WithoutNul(), "postgresql")

# SQLite finds rows fastest by a key that is called INTEGER; it holds 64 bits all the same.
Id = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _tally_columns() -> tuple[Column[Any], ...]:
    """`evidence` comes last: rows that hold much of it are then read without it at no cost."""
    return (
        Column("matched", BigInteger, nullable=False),
        Column("orders", BigInteger, nullable=False),
        Column("amount", Text),
        Column("first_at", Text),
        Column("last_at", Text),
        Column("evidence", Text, nullable=False),
    )


ledger = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # the one row is 1
    Column("identity", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_alert", BigInteger, nullable=False),
    Column("last_message", BigInteger, nullable=False),
    Column("last_notice", BigInteger, nullable=False),
    Column("holder_pid", BigInteger),
    Column("holder_host", Text),
    Column("held_since", Instant),
    Column("last_transition", BigInteger),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("summary", Text),
    Column("error", Text),
    sqlite_autoincrement=True,  # old runs are forgotten; their numbers are not given out again
)

surveys = Table(
    "surveys",
    metadata,
    Column("run", BigInteger, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("rule", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("orders", BigInteger, nullable=False),
    PrimaryKeyConstraint("run", "rule"),
)

rejects = Table(
    "rejects",
    metadata,
    Column("run", BigInteger, nullable=False),
    Column("rule", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("matching", BigInteger, nullable=False),
    Column("samples", Text, nullable=False),
    PrimaryKeyConstraint("run", "rule", "reason"),
    ForeignKeyConstraint(["run", "rule"], ["surveys.run", "surveys.rule"], ondelete="CASCADE"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("checked_through", Instant, nullable=False),
    Column("meaning", Text),
)

positions = Table(
    "positions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("moved_at", Instant, nullable=False),
    Column("lost_at", Instant),
    Column("lost", Text),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("rule", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("window", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("level", Text),
    Column("peak", Text),
    Column("spoken", Boolean, nullable=False),
    Column("transitions", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("digest", Text, nullable=False),
    *_tally_columns(),
    UniqueConstraint("rule", "window", "subject"),
    Index(None, "rule", "state", "window", "level"),
    Index(None, "subject"),
    Index(None, "changed_at", "id"),
    Index(None, "matched", "id"),
    Index(None, "state", "changed_at", "id"),
    Index(None, "state", "matched", "id"),
)

transitions = Table(
    "transitions",
    metadata,
    Column("alert", BigInteger, ForeignKey("alerts.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("run", BigInteger, nullable=False),  # no foreign key: old runs are forgotten, alerts are not
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("before", Text),
    Column("state", Text, nullable=False),
    Column("level", Text),
    Column("peak", Text),
    Column("spoken", Boolean, nullable=False),
    Column("speaks", Boolean, nullable=False),
    Column("muted", Text),
    Column("title", Text, nullable=False),
    Column("per", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("threshold", BigInteger),
    Column("currency", Text),
    Column("levels", Text),
    Column("doubtful", Text),
    *_tally_columns(),
    Column("number", BigInteger),  # in the order in which they were written; every one has it
    PrimaryKeyConstraint("alert", "seq"),
    Index(None, "number", unique=True),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("for_customer", Boolean, nullable=False),
    Column("digest", Boolean, nullable=False),
    Column("notices", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("claimed_at", Instant),
    Column("claimed_by", Text),
    Column("bundle", Text),
    Column("run", BigInteger),  # that it waits for; no foreign key: old runs are forgotten, messages are not
    Index(None, "state", "due_at", "id"),
    Index(None, "channel", "recipient", "bundle"),
    Index(None, "run", sqlite_where=text("run IS NOT NULL"), postgresql_where=text("run IS NOT NULL")),
)

notices = Table(
    "notices",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("message", BigInteger, ForeignKey("messages.id"), nullable=False),
    Column("alert", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("customer", Text),
    Column("problem", Text),
    Column("detail", Text),
    UniqueConstraint("alert", "seq", "kind", "channel", "recipient"),
    ForeignKeyConstraint(["alert", "seq"], ["transitions.alert", "transitions.seq"]),
    Index(None, "message"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("message", BigInteger, ForeignKey("messages.id"), nullable=False),
    Column("attempt", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("code", BigInteger),
    Column("words", Text, nullable=False),
    PrimaryKeyConstraint("message", "attempt"),
    Index(None, "at"),
)

circuits = Table(
    "circuits",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("failures", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("retry_at", Instant, nullable=False),
    Column("words", Text, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("alert", BigInteger, ForeignKey("alerts.id")),
    Column("rule", Text),
    Column("subject", Text),
    Column("window", Text),
    Column("until", Instant),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(None, "alert"),
    Index(None, "subject"),
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password", Text),  # a hash; without one they log in by a link, or elsewhere
    Column("identity", Text, unique=True),  # who they are to the OpenID provider
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user", Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "user"),
)

logins = Table(
    "logins",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("user", Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("expires_at", Instant, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("user", Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("address", Text),
    Index(None, "actor", "id"),
    sqlite_autoincrement=True,
)

# Only ever added to: the database itself refuses anything else.
for _statement in (
    "CREATE TRIGGER audit_no_update BEFORE update ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END",
    "CREATE TRIGGER audit_no_delete BEFORE delete ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END",
):
    event.listen(audit, "after_create", DDL(_statement).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]  # SQLAlchemy's own

answers = Table(
    "answers",
    metadata,
    Column("actor", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("request", Text, nullable=False),  # a digest of what was asked
    Column("status", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Instant, nullable=False),
    PrimaryKeyConstraint("actor", "key"),
    Index(None, "at"),
)
