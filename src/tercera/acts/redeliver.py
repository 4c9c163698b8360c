"""Notices that reached nobody, once more: to the address that the customer has now, else as they were."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from tercera.ledger import Delivery, Ledger
from tercera.messages import Draft, NoticeState, Problem
from tercera.model import Customer, RuleId
from tercera.orders import Source
from tercera.people import Deed
from tercera.telling.gathering import Gathering
from tercera.telling.routing import language_of, problem_of_address
from tercera.telling.silences import Silences


@dataclass(frozen=True, slots=True)
class Redelivered:
    """Notices that are due again, and those that stay as they are because nobody should hear of them now:
    held back or discarded, dismissed or silenced."""

    retried: int
    withheld: int


def redeliver(
    ledger: Ledger,
    source: Source,
    now: datetime,
    *,
    ids: Collection[int] | None = None,
    channel: str | None = None,
    rule: RuleId | None = None,
    dry_run: bool = False,
    telling: Callable[[Redelivered], Deed] | None = None,
) -> Redelivered:
    """Makes dead and undeliverable notices due again: all, or those with these ids, of this channel, of this
    rule. With `dry_run` it only counts them. `telling` tells the audit log who did it.

    A customer's notice whose address was mended since becomes a new message to the new address. A dead one
    whose address is still the same is tried again as the message that it was, with its Message-ID. One that
    still has no address stays as it is. A channel that was left alone is tried at once.
    """
    found = ledger.post.unreached(ids, channel, rule)
    in_force = ledger.decisions(now)
    silences = {each.delivery.rule: Silences(each.delivery.rule, in_force, now) for each in found}
    to_tell = [each.delivery for each in found if not (each.held or _is_quiet(silences, each.delivery))]
    gathering = Gathering(run=0, now=now)  # it belongs to no run: only what is mended now shares a message
    customers = source.customers({each.subject for each in to_tell if each.for_customer})
    mended = {
        each.id: draft
        for each in to_tell
        if each.for_customer and (draft := _mended(each, customers.get(each.subject), gathering))
    }
    as_before = [each.id for each in to_tell if each.state is NoticeState.DEAD and each.id not in mended]
    withheld = len(found) - len(to_tell)
    if dry_run:
        return Redelivered(len(mended) + len(as_before), withheld)
    retried = ledger.post.redeliver(
        list(mended.items()),
        as_before,
        {each.channel for each in to_tell},
        now,
        telling=telling and (lambda due: telling(Redelivered(due, withheld))),
    )
    return Redelivered(retried, withheld)


def _is_quiet(silences: Mapping[RuleId, Silences], delivery: Delivery) -> bool:
    return silences[delivery.rule].quiet((delivery.subject, delivery.window)) is not None


def _mended(delivery: Delivery, customer: Customer | None, gathering: Gathering) -> Draft | None:
    """The notice to the customer's present address, None when that is none or the one that was tried."""
    if delivery.problem is Problem.NOT_A_CUSTOMER or customer is None or problem_of_address(customer):
        return None
    address = (customer.email or "").strip()
    if address == delivery.recipient:
        return None
    return Draft(
        delivery.kind,
        delivery.channel,
        address,
        language_of(customer) or delivery.language,
        for_customer=True,
        customer=customer,
        bundle=gathering.of_customer(customer.id),
    )
