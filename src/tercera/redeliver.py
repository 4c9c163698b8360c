"""Notices that reached nobody, once more: to the address that the customer has now, else as they were."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from tercera.ledger import Delivery, Ledger
from tercera.messages import Draft, NoticeState, Problem
from tercera.model import Customer
from tercera.orders import Source
from tercera.routing import language_of, problem_of_address

EVERYTHING = 1_000_000


def redeliver(ledger: Ledger, source: Source, ids: Collection[int] | None, now: datetime) -> int:
    """Makes dead and undeliverable notices (by id, None for all) due again; gives how many.

    A customer's notice whose address was mended since becomes a new message to the new address. A dead one
    whose address is still the same is tried again as the message that it was, with its Message-ID. One that
    still has no address stays as it is.
    """
    unreached = [
        each
        for state in (NoticeState.DEAD, NoticeState.UNDELIVERABLE)
        for each in ledger.deliveries(state, EVERYTHING)
        if ids is None or each.id in ids
    ]
    customers = source.customers({each.subject for each in unreached if each.for_customer})
    mended = {
        each.id: draft
        for each in unreached
        if each.for_customer and (draft := _mended(each, customers.get(each.subject)))
    }
    as_before = [each.id for each in unreached if each.state is NoticeState.DEAD and each.id not in mended]
    return ledger.add_notices(list(mended.items()), now) + (ledger.retry(as_before, now) if as_before else 0)


def _mended(delivery: Delivery, customer: Customer | None) -> Draft | None:
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
    )
