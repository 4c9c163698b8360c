"""Who hears of a rule's alerts: a channel, and of which steps of which alerts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tercera.model import Customer, Match, Reason

FOLLOW_UPS = frozenset({Reason.EASED, Reason.RETRACTED, Reason.CLOSED})
"""What is only told to whoever heard of the alert before, whatever its level now is."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A channel and what it hears of. What is None or empty does not restrict.

    `levels` are those that a new step must have reached; `on` the reasons, the rule's own when None; `when`
    conditions that one of the matching orders must meet; `customer` conditions on the directory's entry.
    Follow-ups go by `on` alone: who hears of the beginning hears of the end.
    """

    channel: str
    levels: tuple[str, ...] | None = None
    on: tuple[Reason, ...] | None = None
    when: tuple[Match, ...] = ()
    customer: tuple[Match, ...] = ()

    def hears(self, reason: Reason, level: str | None, usual: tuple[Reason, ...]) -> bool:
        """Whether such a step could be told here; `usual` are the reasons of the rule."""
        if reason not in (usual if self.on is None else self.on):
            return False
        return reason in FOLLOW_UPS or self.levels is None or level in self.levels

    def is_for(self, customer: Customer | None) -> bool:
        """Whether the directory's entry meets the conditions. Nobody knows of one that is not there."""
        return not self.customer or (
            customer is not None and all(_meets(customer, condition) for condition in self.customer)
        )


def everyone(*channels: str) -> tuple[Listener, ...]:
    """Channels that hear of all that the rule tells."""
    return tuple(Listener(channel) for channel in channels)


def customer_values(customer: Customer, field: str) -> Iterable[str]:
    """What the directory's entry holds in a field: its own ones, and those that the source was told of."""
    own = {
        "id": customer.id,
        "name": customer.name,
        "email": customer.email,
        "language": customer.language,
        "timezone": customer.timezone,
    }
    if field in own:
        return [value] if (value := own[field]) is not None else []
    return [value for name, value in customer.fields if name == field]


CUSTOMER_FIELDS = ("id", "name", "email", "language", "timezone")
"""The fields that every directory entry may have."""


def _meets(customer: Customer, condition: Match) -> bool:
    values = customer_values(customer, condition.field)
    if condition.ignore_case:
        wanted = {value.casefold() for value in condition.values}
        return any(value.casefold() in wanted for value in values)
    return any(value in condition.values for value in values)
