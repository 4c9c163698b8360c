"""A message of the ledger as whoever got it saw it, written again by the same templates.

Without the links that answer: they would let whoever looks act in the name of whom the mail went to.
"""

from __future__ import annotations

from fastapi.responses import HTMLResponse

from tercera import channels
from tercera.channels.email import EmailChannel
from tercera.errors import DeliveryError, NotFoundError
from tercera.messages import Message
from tercera.web.site import Site
from tercera.web.views.mail import framed


def is_mail(site: Site, channel: str) -> bool:
    """Whether a channel, as it is configured now, sends mails."""
    settings = site.app.settings.channels.get(channel)
    return settings is not None and settings.kind == "email"


def mail_of(site: Site, message: Message) -> HTMLResponse:
    """The mail, for its frame. NotFoundError: its channel sends no mails, or it can't be written."""
    opened = _channel(site, message.channel)
    try:
        return framed(opened.compose(message).content)
    except DeliveryError as error:
        raise NotFoundError(f"the mail can't be shown: {error}") from None


def _channel(site: Site, name: str) -> EmailChannel:
    settings = site.app.settings.channels.get(name)
    if settings is not None:
        opened = channels.load(settings.kind).open_channel(settings)
        if isinstance(opened, EmailChannel):
            return opened
    raise NotFoundError(f"channel {name!r} sends no mails, as it is configured now")
