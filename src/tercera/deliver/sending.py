"""One channel's messages over its sessions: each attempt, and what it came to.

A receipt is written down before its session takes another message, so that a kill leaves at most one message
per connection in doubt.
"""

from __future__ import annotations

import queue
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from tercera.deliver.doubt import Doubt
from tercera.deliver.receipts import ReceiptBook
from tercera.errors import DeliveryError, Fault
from tercera.failpoints import Failpoint, reached
from tercera.ledger import Ledger
from tercera.messages import Channel, Draft, Message, NoticeState, Outcome, Problem, Session
from tercera.telling.retries import RetryPolicy
from tercera.telling.routing import Route, undelivered
from tercera.telling.timing import Timing


def _nobody(channel: str, away: DeliveryError | None) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What delivering needs: the ledger, the channels by name and when they may speak, who hears of refused
    customers, the clock. `lot` draws a number from 0 up to 1. `tell` hears of each channel that is left alone
    from now on (and why), or is back (None)."""

    ledger: Ledger
    channels: Mapping[str, Channel]
    operations: Route | None
    clock: Callable[[], datetime]
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    connections: int = 8
    timings: Mapping[str, Timing] = field(default_factory=dict)
    lot: Callable[[], float] = random.random
    tell: Callable[[str, DeliveryError | None], None] = _nobody


@dataclass(frozen=True, slots=True)
class Sent:
    """What a batch came to: notices by how they ended, whether the other side answered anybody, why nothing
    of the channel can go out now, if so, and which messages (by key) may be the reason themselves."""

    outcomes: Counter[NoticeState]
    heard: bool
    away: DeliveryError | None
    suspects: tuple[str, ...]


def send_all(
    delivery: Delivery, sessions: Sequence[Session], messages: Sequence[Message], stop: threading.Event
) -> Sent:
    """One channel's messages over its sessions. What an outage kept from going out has no receipt, and is
    still claimed."""
    batch = _Batch(delivery, messages, stop, connections=len(sessions))
    with ThreadPoolExecutor(len(sessions), thread_name_prefix="send") as senders:
        list(senders.map(batch.send_from, sessions))
    return batch.result()


class _Batch:
    """The messages that the senders of one channel share."""

    def __init__(
        self, delivery: Delivery, messages: Sequence[Message], stop: threading.Event, *, connections: int
    ) -> None:
        self._delivery = delivery
        self._stop = stop
        self._waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()
        for message in messages:
            self._waiting.put(message)
        self._book = ReceiptBook(delivery.ledger.post.settle, enough=max(1, connections * 3 // 4))
        self._doubt = Doubt()
        self._outcomes: Counter[NoticeState] = Counter()
        self._in_vain: dict[str, Message] = {}
        """Tried, and neither accepted nor refused, by key."""

        self._counting = threading.Lock()

    def send_from(self, session: Session) -> None:
        """Sends what waits, one after another, until nothing does or the other side is away."""
        while not (self._stop.is_set() or self._doubt.away):
            try:
                message = self._waiting.get_nowait()
            except queue.Empty:
                return
            # Where we stood still for so long that another instance may have sent it, that is its own.
            if self._delivery.ledger.post.still_ours(message):
                self._attempt(session, message)

    def result(self) -> Sent:
        """When all senders are done."""
        self._doubt.close()
        in_vain = Counter({NoticeState.PENDING: sum(len(each.notices) for each in self._in_vain.values())})
        suspects = tuple(each.key for each, _ in self._doubt.suspects if each.key in self._in_vain)
        return Sent(self._outcomes + in_vain, self._doubt.heard, self._doubt.away, suspects)

    def _attempt(self, session: Session, message: Message) -> None:
        seen = self._doubt.seen
        try:
            words = session.send(message)
            reached(Failpoint.AFTER_ACCEPTED)
        except DeliveryError as error:
            self._failed(message, error, seen)
        except Exception as error:  # noqa: BLE001 - one message that can't even be built must not stop the others
            broken = DeliveryError(f"{type(error).__name__}: {error}", permanent=False, code=0)
            self._failed(message, broken, seen)
        else:
            self._write(message, Outcome(message.key, self._delivery.clock(), NoticeState.SENT, words))
            self._clear_up(seen)

    def _failed(self, message: Message, error: DeliveryError, seen: int) -> None:
        match error.fault:
            case Fault.MESSAGE:
                self._write(message, refusal(self._delivery, message, error))
                if error.code:
                    self._clear_up(seen)
            case Fault.LOST:
                self._write(message, refusal(self._delivery, message, error))
                self._doubt.suspect(message, error)
            case Fault.UNSURE:
                self._not_taken(message)
                self._doubt.suspect(message, error)
            case Fault.CHANNEL:
                self._not_taken(message)
                self._doubt.absent(error)

    def _clear_up(self, seen: int) -> None:
        """The other side is there: whoever failed before has only themselves to blame."""
        for message, error in self._doubt.answered(seen):
            with self._counting:
                known = self._in_vain.pop(message.key, None)
            if known is not None:
                self._write(message, refusal(self._delivery, message, error))

    def _not_taken(self, message: Message) -> None:
        with self._counting:
            self._in_vain[message.key] = message

    def _write(self, message: Message, outcome: Outcome) -> None:
        self._book.write(outcome)
        with self._counting:
            self._outcomes[outcome.state] += len(message.notices)


def refusal(delivery: Delivery, message: Message, error: DeliveryError) -> Outcome:
    """What becomes of a message that was refused: tried again later, or dead."""
    now = delivery.clock()
    due_at = None
    if not error.permanent:
        due_at = delivery.policy.due_after(message.refused, now, delivery.lot(), error.retry_after)
    state = NoticeState.DEAD if due_at is None else NoticeState.PENDING
    return Outcome(
        message.key,
        now,
        state,
        error.reason,
        error.code,
        due_at,
        _tell_operations(delivery.operations, message, error) if state is NoticeState.DEAD else (),
    )


def _tell_operations(
    operations: Route | None, message: Message, error: DeliveryError
) -> tuple[tuple[int, Draft], ...]:
    """An address that was refused for good is somebody's work. Operations' own dead mail tells nobody."""
    if operations is None or not message.for_customer:
        return ()
    return tuple(
        (notice.id, draft)
        for notice in message.notices
        for draft in undelivered(
            operations, notice.customer, Problem.REFUSED, detail=error.reason, bundle=None
        )
    )
