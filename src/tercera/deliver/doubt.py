"""Whether a failure is a message's own or its channel's. The other messages tell.

A gateway that answers 503 may have nobody behind it, or somebody who breaks over this one message. When the
next message is taken, the failure was the message's own, and counts against it; when that one fails, too, the
channel is away, and nothing counts against anybody. A message that may have arrived always counts: else it
would be repeated without end.
"""

from __future__ import annotations

import threading

from tercera.errors import DeliveryError
from tercera.messages import Message

_ENOUGH = 3
"""Failures that are enough to leave a channel alone although all were messages to one recipient."""

Suspect = tuple[Message, DeliveryError]


class Doubt:
    """What one channel's failures in a batch amount to. Used by all of its senders."""

    def __init__(self) -> None:
        self.away: DeliveryError | None = None
        """What stands in the way of every message, once that is clear."""

        self.heard = False
        """Whether the other side answered anybody."""

        self.seen = 0
        """How many failures there have been: only what begins after one can speak about it."""

        self._since: list[Suspect] = []
        self._changing = threading.Lock()

    @property
    def suspects(self) -> list[Suspect]:
        """Who failed, and nobody knows why yet."""
        return list(self._since)

    def absent(self, error: DeliveryError) -> None:
        """Nobody is there."""
        with self._changing:
            self.away = self.away or error

    def suspect(self, message: Message, error: DeliveryError) -> None:
        """A message failed for a reason that may be its own."""
        with self._changing:
            self.seen += 1
            self._since.append((message, error))
            recipients = {each.recipient for each, _ in self._since}
            if len(recipients) > 1 or len(self._since) >= _ENOUGH:
                self.away = self.away or error

    def answered(self, seen: int) -> list[Suspect]:
        """The other side answered somebody who began after so many failures: gives those who failed before,
        who were at fault themselves."""
        with self._changing:
            self.heard = True
            earlier = len(self._since) - (self.seen - seen)
            if self.away is not None or earlier <= 0:
                return []
            guilty, self._since = self._since[:earlier], self._since[earlier:]
            return guilty

    def close(self) -> None:
        """No more messages: what nobody cleared up counts as an outage."""
        if self._since:
            self.absent(self._since[-1][1])
