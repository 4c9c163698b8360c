"""The values that flow from source to channel. Frozen, no I/O, no clock.

The vocabulary is that of the documentation (`docs/reference/vocabulary.md`): a source gives *tallies*, a
condition judges a tally to a *finding*, the lifecycle turns a finding into a *transition* of an *alert*, and
a transition is told by *notices*, each of which ends in a *receipt*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NewType

RuleId = NewType("RuleId", str)
SubjectId = NewType("SubjectId", str)
WindowId = NewType("WindowId", str)

Placed = date | datetime
"""When an order was placed: the calendar day as it was written, or an aware time in the rule's zone."""

Pair = tuple[SubjectId, WindowId]

CUSTOMER = "customer"
"""The subject that has a name and an address. Any other `per` is a field of the order."""


class Period(StrEnum):
    """How long a calendar window is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Match:
    """An order matches when its `field` holds one of `values` (text; case counts unless `ignore_case`)."""

    field: str
    values: tuple[str, ...]
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Counting:
    """What a source is asked to count: everything about a rule but its condition.

    An order matches when every one of `when` does. `evidence` caps how many matching orders come with each
    tally; the counts are never capped.
    """

    when: tuple[Match, ...]
    per: str
    within: Period
    zone: str
    evidence: int = 50


@dataclass(frozen=True, slots=True)
class Evidence:
    """One matching order. Where several rows carry it: the earliest time, the smallest status in code-point
    order, the largest amount."""

    order_id: str
    placed_at: Placed
    status: str
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers of one (subject, window). `matched` and `orders` count distinct order ids.

    `amount`, `first_at`, `last_at` and `evidence` are of the matching orders; evidence is sorted by time and
    order id, and holds the earliest ones when it is capped. `amount` is None when no matching order has one.
    """

    subject: SubjectId
    window: WindowId
    matched: int
    orders: int
    amount: Decimal | None = None
    first_at: Placed | None = None
    last_at: Placed | None = None
    evidence: tuple[Evidence, ...] = ()


class RejectReason(StrEnum):
    """Why a row can't be judged. A row is rejected for the first of these that holds."""

    UNREADABLE_ROW = "unreadable_row"
    NO_ORDER_ID = "no_order_id"
    INVALID_ORDER_ID = "invalid_order_id"
    NO_CUSTOMER = "no_customer"
    INVALID_CUSTOMER_ID = "invalid_customer_id"
    NO_DATE = "no_date"
    UNREADABLE_DATE = "unreadable_date"
    NO_STATUS = "no_status"
    INVALID_STATUS = "invalid_status"
    NO_SUBJECT = "no_subject"


@dataclass(frozen=True, slots=True)
class RejectCount:
    """Rows rejected for one reason. `matching` of them meet the rule's `when`: they could have counted.

    `samples` are a few of the rows as the source holds them (text, cut to a bounded length).
    """

    rows: int
    matching: int
    samples: tuple[Mapping[str, str | None], ...] = ()


Doubts = tuple[tuple[RejectReason, int], ...]
"""How many orders more could count, if rows that were rejected could be judged: by why they can't."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What reading for one tally saw: rows read, orders, rejects by reason.

    `orders` is the sum of `Tally.orders` over every pair that was read, also those with too few matching
    orders to be told of. So the surveys of separate windows add up to that of their union.
    """

    rows: int = 0
    orders: int = 0
    rejects: Mapping[RejectReason, RejectCount] = field(default_factory=dict)
    pairs: int = 0
    """How many (subject, window) pairs were read, also those with too few matching orders."""

    newest: Placed | None = None
    """The newest order, where the scope asked for it."""


@dataclass(frozen=True, slots=True)
class Level:
    """A named line, crossed when `matched` reaches `threshold`."""

    name: str
    threshold: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What a condition says of a tally: the highest level that holds, or None, and the order that reached it.

    `since` is None when no level holds or when the evidence was capped below the threshold.
    """

    level: Level | None
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """An entry of the customers collection. Ids are text, whatever type the source stores.

    `timezone` is an IANA name. `fields` are more values of the directory, by name, for routing.
    """

    id: str
    name: str | None = None
    email: str | None = None
    language: str | None = None
    timezone: str | None = None
    fields: tuple[tuple[str, str], ...] = ()


class State(StrEnum):
    """Where an alert stands. `closed` is final: its window is over and the grace has passed."""

    OPEN = "open"
    RETRACTED = "retracted"
    CLOSED = "closed"


class Reason(StrEnum):
    """Why an alert did, or did not, change."""

    OPENED = "opened"
    ESCALATED = "escalated"
    EASED = "eased"
    RETRACTED = "retracted"
    CLOSED = "closed"
    UNCHANGED = "unchanged"
    BASELINE = "baseline"


class Quiet(StrEnum):
    """A silence that holds for a pair: until some time, or for good (somebody said that it is no problem)."""

    FOR_NOW = "for_now"
    FOR_GOOD = "for_good"


class Muted(StrEnum):
    """Why a transition that would have been told was not."""

    SILENCED = "silenced"  # somebody asked for silence; told when it ends, if it is still true
    HELD = "held"  # too many at once; told when somebody releases it
    EDITED = "edited"  # not the orders led to it but an edit of the configuration; never told


@dataclass(frozen=True, slots=True)
class Standing:
    """What the lifecycle needs to know of an alert.

    `peak` is the highest level that was told (or recorded by a baseline) since it opened and not taken back
    by an easing that was told, so that a level is told of once, and one that a silence kept back is told when
    it ends. `spoken` says whether anything was told that still stands in the recipient's eyes, so that nobody
    reads a retraction of what they never heard.
    """

    state: State
    level: str | None
    peak: str | None
    spoken: bool


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of an alert, with its reason. `speaks` is whether notices go out for it; `muted` is why not,
    where they would have."""

    reason: Reason
    before: Standing | None
    after: Standing | None
    speaks: bool = False
    muted: Muted | None = None

    @property
    def is_change(self) -> bool:
        """Whether there is anything to write down."""
        return self.reason is not Reason.UNCHANGED


@dataclass(frozen=True, slots=True)
class Alert:
    """One per (rule, subject, window), as the ledger keeps it."""

    id: int
    rule: RuleId
    subject: SubjectId
    window: WindowId
    standing: Standing
    tally: Tally
    opened_at: datetime
    changed_at: datetime
    transitions: int
    """How many transitions it has had: the number of the last one."""

    @property
    def pair(self) -> Pair:
        """Its (subject, window)."""
        return self.subject, self.window
