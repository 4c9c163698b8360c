"""An outbox whose messages go to real servers, at whatever time the test says it is."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tercera.channels import email, webhook
from tercera.deliver import Delivery, Sessions, deliver
from tercera.errors import DeliveryError
from tercera.ledger import Ledger
from tercera.messages import Channel, NoticeState
from tercera.telling.retries import RetryPolicy
from tercera.telling.routing import Route
from tercera.telling.timing import Timing
from tests.servers.free_port import free_port

NOW = datetime(2023, 6, 20, 8, tzinfo=UTC)
OPERATIONS = Route("operations", ("ops@example.com",))


def mail(port: int, **changes: object) -> Channel:
    """Mails to customers, over a server without encryption."""
    server = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "a@shop.example", "timeout": 5}
    settings = {"to": "customer", "server": server, **changes}
    return email.open_channel(email.Settings.model_validate(settings))


def hook(port: int) -> Channel:
    """A webhook on this machine."""
    settings = {
        "url": f"http://127.0.0.1:{port}/",
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "allow_private": True,
    }
    return webhook.open_channel(webhook.Settings.model_validate(settings))


def nobody() -> Channel:
    """A mail server that is away."""
    return mail(free_port())


@dataclass
class Post:
    """What is due goes out with every `deliver`; the clock stands still in between. Every pause is as long as
    it can be."""

    ledger: Ledger
    channels: dict[str, Channel]
    timings: dict[str, Timing] = field(default_factory=dict)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    operations: Route | None = None
    connections: int = 1
    now: datetime = NOW
    told: list[tuple[str, str | None]] = field(default_factory=list)
    sessions: Sessions | None = None
    """That stay open from call to call."""

    def deliver(self, later: timedelta = timedelta(0)) -> dict[NoticeState, int]:
        """One call, so much later."""
        self.now += later
        delivery = Delivery(
            self.ledger,
            self.channels,
            self.operations,
            lambda: self.now,
            policy=self.policy,
            connections=self.connections,
            timings=self.timings,
            lot=lambda: 1.0,
            tell=self._tell,
        )
        outcomes: Counter[NoticeState] = deliver(delivery, threading.Event(), sessions=self.sessions)
        return dict(outcomes)

    def states(self) -> dict[str, NoticeState]:
        """Of the notices to each recipient, the last one counts."""
        return {each.recipient: each.state for each in reversed(self.ledger.post.deliveries())}

    def attempts(self) -> int:
        """Of all messages together."""
        return sum(each.attempts for each in self.ledger.post.deliveries())

    def _tell(self, channel: str, away: DeliveryError | None) -> None:
        self.told.append((channel, away.reason if away else None))
