"""Until nothing is due: probe, claim, postpone, send."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from tercera.deliver import circuits
from tercera.deliver.gate import Gate
from tercera.deliver.sending import Delivery, send_all
from tercera.deliver.sessions import Sessions
from tercera.failpoints import Failpoint, reached
from tercera.ledger import Circuit
from tercera.messages import Message, NoticeState

BATCH = 500
"""Messages claimed at once."""


def deliver(
    delivery: Delivery,
    stop: threading.Event,
    progress: Callable[[int], None] | None = None,
    sessions: Sessions | None = None,
) -> Counter[NoticeState]:
    """Sends everything that is due, until nothing is or `stop` is set. Gives notices by how they ended.

    `pending` counts those that were tried and will be again. A channel whose other side can't be reached is
    left alone until its pause is over, by this call and every other. Raises `LedgerError` when receipts can't
    be written. Of `sessions` that are given, those that it opens stay open.
    """
    with nullcontext(sessions) if sessions else Sessions(delivery.channels, delivery.connections) as ways:
        line = _Line(delivery, ways, stop, progress)
        try:
            while not stop.is_set():
                busy = [line.probe(circuit) for circuit in circuits.probes(delivery, delivery.clock())]
                if not (line.send_due() or any(busy)):
                    break
        finally:
            delivery.ledger.post.release_claims()
    return line.outcomes


class _Line:
    """What goes out in one call."""

    def __init__(
        self,
        delivery: Delivery,
        sessions: Sessions,
        stop: threading.Event,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.outcomes: Counter[NoticeState] = Counter()
        self._delivery = delivery
        self._sessions = sessions
        self._stop = stop
        self._progress = progress
        self._gate = Gate(delivery.ledger, dict(delivery.timings))

    def send_due(self) -> bool:
        """Sends one batch of what is due; whether there was any."""
        ledger, now = self._delivery.ledger, self._delivery.clock()
        claimed = ledger.post.claim(now, BATCH, without=ledger.channels.circuits())
        if not claimed:
            return False
        reached(Failpoint.AFTER_CLAIM)
        for name, messages in _by_channel(self._gate.admit(claimed, now)).items():
            self._send(name, messages, connections=len(messages), probing=False)
        ledger.post.release_claims()
        return True

    def probe(self, circuit: Circuit) -> bool:
        """Looks whether a channel is back, if anything is due that could tell; whether there was."""
        ledger, now = self._delivery.ledger, self._delivery.clock()
        claimed = circuits.claim_probe(self._delivery, circuit.channel, now)
        admitted = self._gate.admit(claimed, now)
        if admitted and circuits.begin(self._delivery, circuit, now):
            self._send(circuit.channel, admitted, connections=1, probing=True)
        if claimed:
            ledger.post.release_claims()
        return bool(claimed)

    def _send(self, name: str, messages: Sequence[Message], *, connections: int, probing: bool) -> None:
        if self._stop.is_set():
            return
        sent = send_all(self._delivery, self._sessions.of(name, connections), messages, self._stop)
        self.outcomes += sent.outcomes
        if sent.away is not None:
            circuits.failed(self._delivery, name, sent.away, sent.suspects, probing=probing)
        elif probing and sent.heard:
            circuits.back(self._delivery, name)
        if self._progress:
            self._progress(self.outcomes.total())


def _by_channel(messages: Sequence[Message]) -> dict[str, list[Message]]:
    grouped: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        grouped[message.channel].append(message)
    return grouped
