"""Which of the claimed messages may go out now. The others are postponed: no attempt is counted, nothing is
lost, and messages about one alert keep their order.

Limits are counted from the receipts in the ledger, so a restart does not forget them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tercera.ledger import Ledger
from tercera.messages import Message
from tercera.telling.rates import Pace, Rate
from tercera.telling.timing import Timing, zone_of

_ROUNDS = 100
"""Hours and limits may put each other off; then the moment found so far is only when to look again."""

_Key = tuple[str, str | None]


class Gate:
    """Decides for one call of `deliver`, and remembers for its length whom it put off until when."""

    def __init__(self, ledger: Ledger, timings: dict[str, Timing]) -> None:
        self._ledger = ledger
        self._timings = {name: timing for name, timing in timings.items() if not timing.free}
        self._put_off: dict[_Key, list[datetime]] = {}
        self._paces: dict[_Key, Pace] = {}

    def admit(self, messages: Sequence[Message], now: datetime) -> list[Message]:
        """Those that may go out now, in their order; the others are due later."""
        if not self._timings:
            return list(messages)
        self._count(messages, now)
        later: dict[str, datetime] = {}
        for message in messages:
            if (moment := self._moment(message, now)) > now:
                later[message.key] = moment
        if later:
            self._ledger.post.postpone(later)
        return [message for message in messages if message.key not in later]

    def _moment(self, message: Message, now: datetime) -> datetime:
        """When a message may go out; takes its place there."""
        timing = self._timings.get(message.channel)
        if timing is None:
            return now
        keys = _keys(timing, message)
        moment = now
        for _ in range(_ROUNDS):
            before = moment
            moment = _open(timing, message, moment)
            for key in keys:
                moment = self._paces[key].earliest(moment)
            if moment == before:
                break
        for key in keys:
            self._paces[key].take(moment)
            if moment > now:
                self._put_off.setdefault(key, []).append(moment)
        return moment

    def _count(self, messages: Sequence[Message], now: datetime) -> None:
        """What was sent lately, for every limit that a message of the batch comes under."""
        self._paces = {}
        for name in sorted({message.channel for message in messages} & self._timings.keys()):
            timing = self._timings[name]
            own = [message for message in messages if message.channel == name]
            if rate := timing.per_channel:
                sent = self._ledger.post.sent_by(name, None, now - rate.period, rate.count)
                self._pace((name, None), rate, sent)
            if rate := timing.per_recipient:
                self._count_recipients(name, rate, own, now)

    def _count_recipients(self, name: str, rate: Rate, messages: Sequence[Message], now: datetime) -> None:
        since = now - rate.period
        fixed = {message.recipient for message in messages if not message.for_customer}
        customers = {message.recipient for message in messages} - fixed
        sent = self._ledger.post.sent_to(name, customers, since)
        for recipient in fixed:
            sent[recipient] = self._ledger.post.sent_by(name, recipient, since, rate.count)
        for recipient in fixed | customers:
            self._pace((name, recipient), rate, sent.get(recipient, []))

    def _pace(self, key: _Key, rate: Rate, sent: Sequence[datetime]) -> None:
        self._paces[key] = Pace(rate, [*sent, *self._put_off.get(key, ())])


def _keys(timing: Timing, message: Message) -> list[_Key]:
    """The limits that a message comes under."""
    keys: list[_Key] = []
    if timing.per_channel:
        keys.append((message.channel, None))
    if timing.per_recipient:
        keys.append((message.channel, message.recipient))
    return keys


def _open(timing: Timing, message: Message, moment: datetime) -> datetime:
    """The first moment from this one on that is in the hours of the message's recipient."""
    if timing.hours.always or any(notice.level in timing.urgent for notice in message.notices):
        return moment
    customer = message.customer
    return timing.hours.next_allowed(moment, zone_of(customer.timezone if customer else None, timing.zone))
