"""What the harnesses of channels over HTTP share: a real web server, and a channel that speaks to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import BaseModel

from tercera.messages import Channel
from tests.contract.channels import REFUSAL, Answer, Received
from tests.servers.http import Act, Request, WebServer

TOKEN = "T0-very-secret-token"


@dataclass
class WebHarness:
    """See `Harness`. There is one recipient: the server itself. What is prescribed happens to the next
    message."""

    server: WebServer
    settings: BaseModel
    channel: Channel
    unreachable: Channel
    recipients: tuple[str, str]
    read: Callable[[Request], Received]
    secret: str = TOKEN
    keeps_connection: bool = True
    check_connects: bool = True
    refusal: int = 400

    def prescribe(self, recipient: str, answer: Answer) -> None:
        """See `Harness`. Refusals repeat the secret, as careless servers do."""
        match answer:
            case Answer.BUSY:
                self.server.answer(429, f"slow down, {self.secret}", {"Retry-After": "30"})
            case Answer.REFUSE:
                self.server.answer(self.refusal, f"{REFUSAL}: {self.secret}")
            case Answer.SILENCE:
                self.server.answer(Act.HANG)
            case Answer.TAKE_AND_VANISH:
                self.server.answer(Act.KEEP_AND_DROP)

    def received(self) -> list[Received]:
        """See `Harness`."""
        return [self.read(request) for request in self.server.taken if request.method == "POST"]

    def connections(self) -> int:
        """See `Harness`."""
        return self.server.connections
