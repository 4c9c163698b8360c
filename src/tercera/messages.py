"""What is told to whom: notices, the messages that carry them, and the contract of a channel.

A channel is a module in `tercera/channels`, found by its file name. It has `Settings` (a Pydantic model with
`kind: Literal["<file name>"]`) and `open_channel(settings) -> Channel`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from tercera.model import (
    Customer,
    Doubts,
    Level,
    Pair,
    Period,
    Reason,
    RuleId,
    SubjectId,
    Tally,
    Transition,
    WindowId,
)


class NoticeKind(StrEnum):
    """What a notice says: that an alert moved, that somebody could not be told so, that very many alerts are
    held back, of which this one is an example (`detail` is the text of a `Holding`), that the data watch
    found something (`detail` is that of `watch.Measured`), or what became of a window that is over (`detail`
    is `statement.statement_text`)."""

    ALERT = "alert"
    UNDELIVERED = "undelivered"
    HELD = "held"
    WATCH = "watch"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Holding:
    """How many alerts the blast guard held back at once, and until when they wait for a decision."""

    count: int
    until: datetime

    @property
    def text(self) -> str:
        """As a notice carries it in `detail`."""
        return f"{self.count} until {self.until.isoformat()}"

    @classmethod
    def read(cls, text: str) -> Holding:
        """What `text` wrote."""
        count, _, until = text.partition(" until ")
        return cls(int(count), datetime.fromisoformat(until))


class NoticeState(StrEnum):
    """Where a notice stands. `undeliverable` never had an address; `dead` was refused for good; `held` waits
    for somebody to release or discard it."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"
    UNDELIVERABLE = "undeliverable"
    HELD = "held"
    DISCARDED = "discarded"


class Problem(StrEnum):
    """Why a customer can't be told."""

    NO_ENTRY = "no_entry"  # the customers collection does not know the id
    NO_EMAIL = "no_email"  # it does, without an address
    BAD_EMAIL = "bad_email"  # what it holds is no address
    NOT_A_CUSTOMER = "not_a_customer"  # the rule counts per something else
    REFUSED = "refused"  # the mail server refused for good; its words are in `detail`


Hearer = tuple[str, str | None]
"""A channel and a recipient of it who heard of an alert; None is the customer, whatever the address is."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one recipient: everything that a template needs, as it was when it was decided.

    `level`, `threshold` describe the level that now holds (None after a retraction), `before` the one that
    held (or was told last, where it moved in a silence). `problem` and `detail` say why the customer was
    not told: in an undelivered notice, and in an alert notice for operations. `currency` is that of the
    amounts, ISO 4217. `doubtful` orders could count, too.
    """

    id: int
    kind: NoticeKind
    alert: int
    step: int
    rule: RuleId
    title: str
    per: str
    subject: SubjectId
    window: WindowId
    period: Period
    reason: Reason
    level: str | None
    threshold: int | None
    before: str | None
    tally: Tally
    at: datetime
    customer: Customer | None = None
    currency: str | None = None
    levels: tuple[Level, ...] = ()
    problem: Problem | None = None
    detail: str | None = None
    doubtful: Doubts = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """What shares a message: drafts of the same name, channel and recipient, for as long as it still waits.

    `due_at` is when it is sent (None: at once, so that only drafts of the same commit share it); `run` the
    run at whose end it is sent, if that is earlier.
    """

    name: str
    due_at: datetime | None = None
    run: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice to be: one recipient of one channel for one transition, or the reason why there is none.

    `recipient` is an address, or "" for a customer who has none (then `problem` says why, and the notice is
    undeliverable from the start). Without a bundle it is a message of its own.
    """

    kind: NoticeKind
    channel: str
    recipient: str
    language: str
    for_customer: bool
    customer: Customer | None = None
    problem: Problem | None = None
    detail: str | None = None
    bundle: Bundle | None = None
    held: bool = False
    """Not to be sent before somebody releases it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit writes for one (subject, window): the transition, the tally behind it, who is told.

    `transition.reason` is UNCHANGED when only the numbers moved within a level: the alert's tally is renewed
    and nothing else.
    """

    rule: RuleId
    title: str
    per: str
    period: Period
    threshold: int | None
    tally: Tally
    transition: Transition
    currency: str | None = None
    drafts: tuple[Draft, ...] = ()
    doubtful: Doubts = ()
    levels: tuple[Level, ...] = ()
    """All of the rule's, lowest first."""

    @property
    def pair(self) -> Pair:
        """Its (subject, window)."""
        return self.tally.subject, self.tally.window


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt at a message ended. `due_at` is when to try again, for a refusal that may pass."""

    message_key: str
    at: datetime
    state: NoticeState
    words: str
    code: int | None = None
    due_at: datetime | None = None
    drafts: tuple[tuple[int, Draft], ...] = ()
    """Further notices that this outcome calls for, by the notice id whose transition they belong to: telling
    operations that a customer's address was refused."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent at once to one recipient: one notice, or many in a digest.

    `key` never changes, however often it is tried: channels derive their idempotency key from it. `thread`
    holds the keys of the earlier messages about the same alert to the same recipient, oldest first.
    `for_customer` is whether the recipient is the customer (or the operations team).
    """

    key: str
    channel: str
    recipient: str
    language: str
    for_customer: bool
    digest: bool
    notices: tuple[Notice, ...]
    thread: tuple[str, ...] = ()
    attempts: int = 0
    """How often it was tried before."""

    refused: tuple[datetime, ...] = field(default=(), compare=False)
    """When it was refused for now, since it was written or last revived."""

    @property
    def customer(self) -> Customer | None:
        """The customer whom it is for, as the directory had them; None when it is for somebody else."""
        return self.notices[0].customer if self.for_customer and self.notices else None


class Session(Protocol):
    """An open way to the other side: used by one thread, for many messages."""

    def send(self, message: Message) -> str:
        """Hands the message over; gives the other side's words of acceptance.

        Raises `DeliveryError` (permanent or not) when it was not accepted.
        """
        ...


@runtime_checkable
class Channel(Protocol):
    """One configured way of telling. Nothing connects before the first message of a session."""

    def session(self) -> AbstractContextManager[Session]:
        """Connections are opened when first needed, reused, and closed at the end."""
        ...

    def check(self) -> str:
        """Connects and logs in without sending; gives a line to show. Raises `DeliveryError`."""
        ...
