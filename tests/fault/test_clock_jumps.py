"""A wall clock that jumps forwards and back by hours, under cycles and deliveries with quiet hours, limits
and refusals: everybody is told once, only at hours that the clock allows, and nothing waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from tercera.cycle import cycle
from tercera.cycle.sweep import Terms
from tercera.deliver import Delivery, deliver
from tercera.errors import DeliveryError
from tercera.ledger import Ledger, open_ledger
from tercera.messages import Message, NoticeState
from tercera.telling.guard import Guard
from tercera.telling.rates import Rate
from tercera.telling.timing import Hours, Quiet, Timing
from tests.fault.configured import seed
from tests.fault.counted import Counted
from tests.fault.promises import Hearing, rank
from tests.fault.test_promises import RULE, START, ZONE
from tests.fault.test_promises_on_a_ledger import ROUTES, WINDOW

CUSTOMERS = [f"c{number}" for number in range(12)]
TIMING = Timing(ZONE, Hours(Quiet(time(22), time(8))), per_recipient=Rate(1, timedelta(hours=2)))


class Post:
    """Takes nine messages in ten, at the time that the clock shows."""

    def __init__(self, random: Random) -> None:
        self.now = START
        self.taken: list[tuple[Message, datetime]] = []
        self._random = random

    @contextmanager
    def session(self) -> Iterator[Post]:
        """Itself."""
        yield self

    def send(self, message: Message) -> str:
        """Refuses some for now."""
        if self._random.random() < 0.1:
            raise DeliveryError("451 later", permanent=False, code=451)
        self.taken.append((message, self.now))
        return "250 ok"

    def check(self) -> str:
        """All is well."""
        return ""


def test_a_clock_that_jumps(tmp_path: Path) -> None:
    """Sixty times, by up to twelve hours either way."""
    random = Random(seed())
    post, counts = Post(random), dict.fromkeys(((each, WINDOW) for each in CUSTOMERS), 0)
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        for _ in range(60):
            post.now = max(START, post.now + timedelta(hours=random.uniform(-12, 12.5)))
            counts[random.choice(CUSTOMERS), WINDOW] += random.choice((1, 2))
            _sweep(ledger, post, counts)
            _deliver(ledger, post)
        for _ in range(6 * 24):  # every hour of some days
            post.now += timedelta(hours=1)
            _deliver(ledger, post)
        assert {each.state for each in ledger.post.deliveries(limit=10_000)} == {NoticeState.SENT}
    keys = [message.key for message, _ in post.taken]
    assert len(keys) == len(set(keys)), "a message came twice"
    _check(post, counts)


def _sweep(ledger: Ledger, post: Post, counts: dict[tuple[str, str], int]) -> None:
    terms = Terms(ROUTES, Guard(max_share=1))
    report = cycle([RULE], Counted(counts), ledger, terms, now=post.now, clock=lambda: post.now)
    assert not report.failed


def _deliver(ledger: Ledger, post: Post) -> None:
    delivery = Delivery(
        ledger, {"customer": post}, None, lambda: post.now, connections=1, timings={"customer": TIMING}
    )
    deliver(delivery, threading.Event())


def _check(post: Post, counts: dict[tuple[str, str], int]) -> None:
    """Each hears rising levels up to the truth, never at night."""
    heard = {customer: Hearing() for customer in CUSTOMERS}
    for message, at in post.taken:
        assert TIMING.hours.allow(at, ZoneInfo(ZONE)), f"sent at {at}"
        for notice in message.notices:
            heard[notice.subject].hear(notice.reason, notice.level, notice.tally.matched)
    assert {who: one.level for who, one in heard.items()} == {who: rank(n) for (who, _), n in counts.items()}
