"""The `email` channel: one mail per message, over SMTP.

`Settings` say whom, in which language and from which templates; `Smtp` which server. A session keeps one
connection over all of its messages.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from tercera.channels._connection import Connection
from tercera.channels._mime import Envelope, compose
from tercera.channels._server import Smtp, tls_context
from tercera.channels._settings import ChannelSettings
from tercera.errors import ConfigError, DeliveryError
from tercera.messages import Message
from tercera.model import CUSTOMER
from tercera.notation.addresses import Address, parse_address, parse_sender
from tercera.notation.paths import ConfiguredPath
from tercera.rendering.letters import Extras, Letterhead, Letters
from tercera.telling.links import Links

__all__ = ["Settings", "Smtp", "open_channel"]

TEMPLATES = Path(__file__).parent / "templates" / "email"


def _address(text: str) -> str:
    parse_address(text)
    return text


def _sender(text: str) -> str:
    parse_sender(text)
    return text


class Settings(ChannelSettings):
    """An e-mail channel: to the customer whom an alert is about, or to fixed addresses."""

    kind: Literal["email"] = "email"
    to: (
        Literal["customer"]
        | Annotated[tuple[Annotated[str, AfterValidator(_address)], ...], Field(min_length=1)]
    ) = Field(description="`customer`, or a list of addresses")
    templates: ConfiguredPath | None = Field(
        None, description="folder whose templates take the place of the built-in ones of the same name"
    )
    reply_to: Annotated[str, AfterValidator(_sender)] | None = Field(
        None, description="where answers go; mails to customers then invite them"
    )
    charts: bool = Field(True, description="a small chart for each of the largest alerts in a digest")
    attachment: bool = Field(True, description="all rows of a digest as a CSV file")
    server: Smtp | None = Field(None, description="the top-level `email:` block unless given here")

    @property
    def recipients(self) -> tuple[str, ...] | None:
        """The addresses; None for the customer."""
        return None if self.to == CUSTOMER else tuple(self.to)


def open_channel(settings: Settings) -> EmailChannel:
    """The channel of these settings. Connects to nothing. ConfigError: they don't hold together."""
    if settings.server is None:
        raise ConfigError("an email channel needs a mail server: give `email:` with host and sender")
    sender = settings.server.address
    letterhead = Letterhead(sender.name or sender.domain, answers=settings.reply_to is not None)
    extras = Extras(settings.charts, settings.attachment)
    write = partial(Letters, letterhead, TEMPLATES, settings.templates, settings.language, extras)
    return EmailChannel(
        server=settings.server,
        write=write,
        letters=write(),
        sender=sender,
        reply_to=parse_sender(settings.reply_to) if settings.reply_to else None,
    )


@dataclass(frozen=True)
class EmailChannel:
    """Writes mails and hands them to its server. `write` makes its letters anew, with links; `context` is
    read once: authorities take long to load."""

    server: Smtp
    write: Callable[..., Letters]
    letters: Letters
    sender: Address
    reply_to: Address | None

    def linked(self, links: Links) -> EmailChannel:
        """The same channel, with links to the dashboard in what operations reads."""
        return replace(self, letters=self.write(links=links))

    @cached_property
    def context(self) -> ssl.SSLContext | None:
        """How the server's certificate is checked."""
        return tls_context(self.server)

    @contextmanager
    def session(self) -> Iterator[EmailSession]:
        """One connection for all messages, closed at the end."""
        connection = Connection(self.server, self.context)
        try:
            yield EmailSession(self, connection)
        finally:
            connection.close()

    def check(self) -> str:
        """Reads every template, connects and logs in. DeliveryError says what is not right."""
        self.letters.check()
        connection = Connection(self.server, self.context)
        try:
            return connection.check()
        finally:
            connection.close()

    def compose(self, message: Message) -> Envelope:
        """The mail of a message. DeliveryError: no address, or a template's mistake."""
        try:
            recipient = parse_address(message.recipient)
        except ValueError as error:
            raise DeliveryError(str(error), permanent=True) from error
        return compose(message, self.letters.write(message), self.sender, recipient, self.reply_to)


@dataclass(frozen=True, slots=True)
class EmailSession:
    """An open way to the mail server."""

    channel: EmailChannel
    connection: Connection

    def send(self, message: Message) -> str:
        """Hands a message over; gives the server's words."""
        return self.connection.send(self.channel.compose(message))
