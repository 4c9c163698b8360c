"""What is proposed for a configuration, each part with its evidence, and what was wished for instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tercera.profile.formats import Formats
from tercera.profile.guesses import Guess
from tercera.profile.statuses import StatusSeen, Verdict, verdict_of

SAID = "as you said"
"""The evidence of what somebody said."""


class Part(StrEnum):
    """One thing that is proposed, by the name under which it can be changed."""

    ORDERS = "orders"
    ORDER_ID = "order-id"
    CUSTOMER_ID = "customer-id"
    VALID = "valid-customer-id"
    STATUS = "status"
    STATUSES = "statuses"
    PLACED_AT = "placed-at"
    FORMATS = "date-format"
    TIMESTAMPS = "timestamps"
    AMOUNT = "amount"
    CURRENCY = "currency"
    TIMEZONE = "timezone"
    CUSTOMERS = "customers"
    KEY = "customer-key"
    NAME = "customer-name"
    EMAIL = "customer-email"
    LANGUAGE = "customer-language"
    THEIR_ZONE = "customer-timezone"
    LETTERS = "language"


NEEDED = (Part.ORDERS, Part.ORDER_ID, Part.CUSTOMER_ID, Part.PLACED_AT)
"""Without which there is nothing to configure. A missing status can be told from another value."""

ENTRY = (Part.KEY, Part.NAME, Part.EMAIL, Part.LANGUAGE, Part.THEIR_ZONE)
"""What is proposed for the directory's entries."""

_HANGING: dict[Part, tuple[Part, ...]] = {
    Part.ORDERS: tuple(part for part in Part if part not in (Part.TIMEZONE, Part.LETTERS)),
    Part.CUSTOMERS: ENTRY,
    Part.CUSTOMER_ID: (Part.VALID,),
    Part.STATUS: (Part.STATUSES,),
    Part.PLACED_AT: (Part.FORMATS, Part.TIMESTAMPS),
}
"""What means something else when a part does."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What somebody said that it is; an empty text for "there is none"."""

    said: dict[Part, str] = field(default_factory=dict)

    def get(self, part: Part) -> str | None:
        """What was said of a part, None where nothing was."""
        return self.said.get(part)

    def also(self, part: Part, value: str) -> Wishes:
        """The same with one more. What was said of something that hangs on it is forgotten with a change."""
        stale = _HANGING.get(part, ()) if self.said.get(part) != value else ()
        kept = {each: said for each, said in self.said.items() if each not in stale}
        return Wishes({**kept, part: value})


@dataclass(frozen=True, slots=True)
class Told:
    """A status that is told from the shape of another value: `patterns` by the status that they tell."""

    source: str
    patterns: dict[str, str]
    otherwise: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """All of it. `statuses` are those seen in `status_rows` rows, all of them where `status_exact`."""

    guesses: dict[Part, Guess]
    formats: Formats | None = None
    told: Told | None = None
    statuses: tuple[StatusSeen, ...] = ()
    counted: tuple[str, ...] = ()
    status_rows: int = 0
    status_exact: bool = False
    total: int | None = None

    def __getitem__(self, part: Part) -> Guess:
        return self.guesses.get(part, Guess("", sure=True, evidence=""))

    @property
    def missing(self) -> tuple[Part, ...]:
        """What is needed and was not found."""
        missing = [part for part in NEEDED if not self[part].is_there]
        if not self[Part.STATUS].is_there and self.told is None:
            missing.append(Part.STATUS)
        return tuple(missing)

    @property
    def unsure(self) -> tuple[Part, ...]:
        """What somebody should look at."""
        return tuple(part for part, guess in self.guesses.items() if not guess.sure)

    @property
    def kinds(self) -> frozenset[Verdict]:
        """What the counted statuses look like."""
        return frozenset(map(verdict_of, self.counted))
