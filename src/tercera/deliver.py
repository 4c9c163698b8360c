"""claim → channel → receipt. At least once, and every repeat carries the key of the first try.

A claimed message is sent over a session that is kept for many; its receipt is written down before that
session takes another, so that a kill leaves at most one message per connection in doubt. Receipts that come
within a few milliseconds are written in one transaction, so that a slow disk does not set the pace.
"""

from __future__ import annotations

import queue
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from tercera.errors import DeliveryError
from tercera.failpoints import Failpoint, reached
from tercera.ledger import Ledger
from tercera.messages import Channel, Draft, Message, NoticeState, Outcome, Problem, Session
from tercera.routing import Route, undelivered

BATCH = 500
"""Messages claimed at once."""

LINGER = 0.005
"""Seconds that a receipt may wait for others, to reach the disk with them."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When to try again what may pass: pauses double from `first` to `longest`, until `give_up` tries."""

    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(hours=12)
    give_up: int = 20

    def due_after(self, attempts: int, now: datetime) -> datetime | None:
        """When to try again after so many tries, None for never."""
        if attempts >= self.give_up:
            return None
        pause: timedelta = self.first * 2 ** min(attempts - 1, 20)
        return now + min(pause, self.longest)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What delivering needs: the ledger, the channels by name, who hears of refused customers, the clock."""

    ledger: Ledger
    channels: Mapping[str, Channel]
    operations: Route | None
    clock: Callable[[], datetime]
    policy: RetryPolicy = RetryPolicy()
    connections: int = 4


def deliver(
    delivery: Delivery, stop: threading.Event, progress: Callable[[int], None] | None = None
) -> Counter[NoticeState]:
    """Sends everything that is due, until nothing is or `stop` is set. Gives notices by how they ended.

    `pending` counts those that will be tried again. A channel whose other side can't be reached is left
    alone until the next call. Raises `LedgerError` when receipts can't be written.
    """
    outcomes: Counter[NoticeState] = Counter()
    away: set[str] = set()
    try:
        with _Sessions(delivery) as sessions:
            while not stop.is_set():
                claimed = delivery.ledger.claim(delivery.clock(), BATCH, without=away)
                if not claimed:
                    break
                reached(Failpoint.AFTER_CLAIM)
                for name, messages in _by_channel(claimed).items():
                    outcome, reachable = _send_all(delivery, sessions.of(name, len(messages)), messages, stop)
                    outcomes += outcome
                    if not reachable:
                        away.add(name)
                    if progress:
                        progress(outcomes.total())
                delivery.ledger.release_claims()
    finally:
        delivery.ledger.release_claims()
    return outcomes


def _by_channel(messages: Sequence[Message]) -> dict[str, list[Message]]:
    grouped: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        grouped[message.channel].append(message)
    return grouped


class _Sessions:
    """The sessions of each channel: kept from batch to batch, closed together at the end."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._open: dict[str, list[Session]] = defaultdict(list)
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def of(self, name: str, messages: int) -> list[Session]:
        """A channel's sessions for so many messages: few, and none that would have nothing to do."""
        count = max(1, min(self._delivery.connections, messages))
        channel = self._delivery.channels.get(name, _Missing(name))
        sessions = self._open[name]
        while len(sessions) < count:
            sessions.append(self._closing.enter_context(channel.session()))
        return sessions[:count]


def _send_all(
    delivery: Delivery, sessions: Sequence[Session], messages: Sequence[Message], stop: threading.Event
) -> tuple[Counter[NoticeState], bool]:
    """One channel's messages over its sessions. Also gives whether the other side could be reached."""
    waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()
    for message in messages:
        waiting.put(message)
    book = ReceiptBook(delivery.ledger.settle, enough=(len(sessions) + 1) // 2)
    away = threading.Event()

    def sender(session: Session) -> Counter[NoticeState]:
        sent: Counter[NoticeState] = Counter()
        while not (stop.is_set() or away.is_set()):
            try:
                message = waiting.get_nowait()
            except queue.Empty:
                break
            if not delivery.ledger.still_ours(message):
                continue  # we stood still for so long that another instance has it by now
            outcome, reachable = _attempt(delivery, session, message)
            book.write(outcome)
            sent[outcome.state] += len(message.notices)
            if not reachable:
                away.set()
        return sent

    with ThreadPoolExecutor(len(sessions), thread_name_prefix="send") as senders:
        return sum(senders.map(sender, sessions), Counter()), not away.is_set()


def _attempt(delivery: Delivery, session: Session, message: Message) -> tuple[Outcome, bool]:
    """Tries a message once. An error without an answer code means that nobody was there to answer."""
    try:
        words = session.send(message)
        reached(Failpoint.AFTER_ACCEPTED)
    except DeliveryError as error:
        return _refused(delivery, message, error), error.permanent or error.code is not None
    except Exception as error:  # noqa: BLE001 - one message that can't even be built must not stop the others
        broken = DeliveryError(f"{type(error).__name__}: {error}", permanent=False, code=0)
        return _refused(delivery, message, broken), True
    return Outcome(message.key, delivery.clock(), NoticeState.SENT, words), True


def _refused(delivery: Delivery, message: Message, error: DeliveryError) -> Outcome:
    now = delivery.clock()
    due_at = None if error.permanent else delivery.policy.due_after(message.attempts + 1, now)
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


class ReceiptBook:
    """Writes receipts durably, many in one transaction: as soon as `enough` wait, and at the latest `LINGER`
    seconds after the first of them."""

    def __init__(self, settle: Callable[[Sequence[Outcome]], None], enough: int) -> None:
        self._settle = settle
        self._enough = enough
        self._waiting: list[tuple[Outcome, Future[None]]] = []
        self._joining = threading.Lock()
        self._writing = threading.Lock()
        self._full = threading.Event()

    def write(self, outcome: Outcome) -> None:
        """Returns when the receipt is on disk. Whoever gets to write first writes for all who wait."""
        written: Future[None] = Future()
        with self._joining:
            self._waiting.append((outcome, written))
            if len(self._waiting) >= self._enough:
                self._full.set()
        with self._writing:
            if not written.done():
                self._full.wait(LINGER)
                self._write_all()
        written.result()

    def _write_all(self) -> None:
        with self._joining:
            batch, self._waiting = self._waiting, []
            self._full.clear()
        try:
            reached(Failpoint.BEFORE_RECEIPT)
            self._settle([outcome for outcome, _ in batch])
            reached(Failpoint.AFTER_RECEIPT)
        except BaseException as error:  # noqa: BLE001 - each of those who wait raises it
            for _, written in batch:
                written.set_exception(error)
        else:
            for _, written in batch:
                written.set_result(None)


class _Missing:
    """Stands for a channel that is no longer configured: its notices wait until it is again."""

    def __init__(self, name: str) -> None:
        self._name = name

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Itself."""
        yield self

    def send(self, message: Message) -> str:
        """Always fails, for now."""
        raise DeliveryError(f"channel {self._name!r} is not in the configuration any more", permanent=False)

    def check(self) -> str:
        """Always fails."""
        raise DeliveryError(f"channel {self._name!r} is not in the configuration any more", permanent=False)
