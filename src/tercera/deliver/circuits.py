"""Channels whose other side is away are left alone, and probed with one message when their pause is over.

An outage counts against no message: it leaves no receipt, and what waits goes out when the channel is back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from tercera.deliver.sending import Delivery
from tercera.errors import DeliveryError
from tercera.ledger import Circuit
from tercera.messages import Message


def probes(delivery: Delivery, now: datetime) -> list[Circuit]:
    """The circuits of the channels whose pause is over. One that is longer than any can be was written by a
    clock that was ahead."""
    latest = now + max(delivery.policy.longest_pause, delivery.policy.longest_probe_pause)
    circuits = delivery.ledger.channels.circuits().values()
    return [each for each in circuits if each.retry_at <= now or each.retry_at > latest]


def claim_probe(delivery: Delivery, channel: str, now: datetime) -> list[Message]:
    """The message that goes first, and one more for a second opinion should it be at fault itself: to
    somebody else, where somebody else waits."""
    ledger = delivery.ledger
    first = ledger.post.claim(now, 1, channel=channel)
    if not first:
        return []
    second = ledger.post.claim(now, 1, channel=channel, beside=first[0].recipient)
    return first + (second or ledger.post.claim(now, 1, channel=channel))


def begin(delivery: Delivery, circuit: Circuit, now: datetime) -> bool:
    """Whether the probe is ours, and not another instance's."""
    until = delivery.policy.probe_after(circuit.failures, now, delivery.lot())
    return delivery.ledger.channels.begin_probe(circuit, until)


def failed(
    delivery: Delivery, channel: str, error: DeliveryError, suspects: Sequence[str], *, probing: bool
) -> None:
    """Leaves a channel alone, from now on or still. The messages (by key) that may be at fault themselves go
    behind the others, so that the next probe is another one."""
    now = delivery.clock()
    if probing:
        delivery.ledger.channels.keep_open(channel, _retry_at(delivery, now, error), error.reason)
    elif delivery.ledger.channels.open_circuit(
        channel, now, _retry_at(delivery, now, error)(1), error.reason
    ):
        delivery.tell(channel, error)
    if suspects and (circuit := delivery.ledger.channels.circuits().get(channel)):
        delivery.ledger.post.postpone(dict.fromkeys(suspects, circuit.retry_at))


def back(delivery: Delivery, channel: str) -> None:
    """The probe was answered."""
    if delivery.ledger.channels.close_circuit(channel):
        delivery.tell(channel, None)


def _retry_at(delivery: Delivery, now: datetime, error: DeliveryError) -> Callable[[int], datetime]:
    return lambda failures: delivery.policy.probe_after(failures, now, delivery.lot(), error.retry_after)
