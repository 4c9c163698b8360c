"""The e-mail channel on a real SMTP server with STARTTLS and a login."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from tercera.channels.email import Settings, Smtp, open_channel
from tercera.messages import Channel
from tests.contract.channels import REFUSAL, Answer, Received
from tests.servers.free_port import free_port
from tests.servers.smtp import PASSWORD, USERNAME, Act, SmtpServer

_ANSWERS = {
    Answer.BUSY: ("RCPT", "451 4.3.0 try again later"),
    Answer.REFUSE: ("RCPT", f"550 5.1.1 {REFUSAL}"),
    Answer.SILENCE: ("RCPT", Act.HANG),
    Answer.TAKE_AND_VANISH: ("DATA", Act.KEEP_AND_DROP),
}
ANSWERS = tuple(Answer)


@dataclass
class EmailHarness:
    """See `Harness`."""

    server: SmtpServer
    settings: Settings
    channel: Channel
    unreachable: Channel
    secret: str = PASSWORD
    recipients: tuple[str, str] = ("ana@example.com", "bo@example.com")
    keeps_connection: bool = True
    check_connects: bool = True

    def prescribe(self, recipient: str, answer: Answer) -> None:
        """See `Harness`."""
        at, how = _ANSWERS[answer]
        self.server.answer(recipient, how, at=at, times=1)

    def received(self) -> list[Received]:
        """See `Harness`."""
        return [
            Received(each.recipient, each.mail["Message-ID"], each.content.decode())
            for each in self.server.accepted
        ]

    def connections(self) -> int:
        """See `Harness`."""
        return self.server.connections


@contextmanager
def running(folder: Path) -> Iterator[EmailHarness]:
    """See `HarnessModule`."""
    with SmtpServer(folder) as server:
        settings = _settings(server, server.port)
        yield EmailHarness(
            server, settings, open_channel(settings), open_channel(_settings(server, free_port()))
        )


def _settings(server: SmtpServer, port: int) -> Settings:
    smtp = Smtp(
        host="localhost",
        port=port,
        username=USERNAME,
        password=SecretStr(PASSWORD),
        sender="Tienda Colores <avisos@tienda.example>",
        ca_file=server.ca_file,
        timeout=0.5,
    )
    return Settings(to="customer", language="es", server=smtp)
