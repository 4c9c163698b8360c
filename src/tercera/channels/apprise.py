"""The `apprise` channel: the long tail of services, through the Apprise library.

https://github.com/caronc/apprise — an extra: `pip install 'tercera[apprise]'`. It is imported when the first
channel of this kind is opened. What its services answer is read from what it logs about them; its logs hold
URLs and are kept out of ours.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import Field, SecretStr

from tercera.channels._settings import ChannelSettings
from tercera.errors import ConfigError, DeliveryError, Fault
from tercera.messages import Message
from tercera.rendering.brief import Brief, write_brief
from tercera.rendering.plain import one_line

__all__ = ["Settings", "open_channel"]

_LINES = 20
_STATUS = re.compile(r"error=(\d{3})\b")
_DETAILS = re.compile(r"Response Details:\s*(?:b(['\"]))?(.*?)(?(1)\1)\s*$", re.DOTALL)
_MAY_PASS = (408, 425, 429)
_SHORTEST_SECRET = 6


class Settings(ChannelSettings):
    """More than a hundred services, through Apprise (needs the extra `tercera[apprise]`)."""

    kind: Literal["apprise"] = "apprise"
    urls: Annotated[
        dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")], SecretStr],
        Field(min_length=1),
    ] = Field(
        description="a name of yours → a service's Apprise URL, like `{team: '${TEAM_URL}'}`; each is told "
        "for itself, with its own receipt"
    )
    timeout: float = Field(20, gt=0, le=600, description="seconds to connect, and to wait for each answer")

    @property
    def recipients(self) -> tuple[str, ...]:
        """The names."""
        return tuple(self.urls)


def open_channel(settings: Settings) -> AppriseChannel:
    """The channel of these settings. Connects to nothing. ConfigError: the library is not there, or does not
    know a URL."""
    library = _library()
    _keep_log_apart()
    services = {
        name: _service(library, name, url.get_secret_value(), settings.timeout)
        for name, url in settings.urls.items()
    }
    return AppriseChannel(settings, services)


@dataclass(frozen=True)
class AppriseChannel:
    """Hands briefs to services, by their names."""

    settings: Settings
    services: Mapping[str, Any] = field(repr=False)

    @contextmanager
    def session(self) -> Iterator[AppriseChannel]:
        """Itself: the library connects for each message."""
        yield self

    def send(self, message: Message) -> str:
        """Hands a message to the service of its recipient's name."""
        service = self.services.get(message.recipient)
        if service is None:
            raise DeliveryError(
                f"urls has no {message.recipient!r} any more; name a URL so, or let the notice be",
                permanent=False,
                code=0,  # the others can go out
            )
        brief = write_brief(message, self.settings.language, _LINES)
        done = service.notify(
            title=brief.headline,
            body=_body(brief, message.key),
            body_format="text",
            interpret_escapes=False,
            log_level=logging.DEBUG,
        )
        said = [str(entry.message) for entry in done.logs()]
        if done:
            return f"{message.recipient} took it"
        raise self._refused(message.recipient, said)

    def check(self) -> str:
        """Says that the URLs are understood: nothing more can be found out without sending."""
        known = ", ".join(self.services)
        return f"Apprise knows the URLs of {known}; whether they work can't be seen without sending"

    def _refused(self, name: str, said: list[str]) -> DeliveryError:
        """What the logged lines mean. Without a status nobody answered, and the channel is left alone."""
        told = "\n".join(said)
        status = next((int(found[1]) for found in map(_STATUS.search, said) if found), None)
        details = next((found[2] for found in map(_DETAILS.search, said) if found), "")
        if status is None:
            return DeliveryError(
                f"{name} can't be reached: {self._clean(name, said[0] if said else 'no reason was given')}; "
                "check its URL",
                permanent=False,
                fault=Fault.LOST,  # the library does not say how far it came
            )
        words = self._clean(name, f"{status}: {details or told}")
        permanent = 400 <= status < 500 and status not in _MAY_PASS
        return DeliveryError(f"{name} answered {words}", permanent=permanent, code=status)

    def _clean(self, name: str, text: str) -> str:
        """One line, in which no part of the service's URL that may be a secret is left."""
        url = self.settings.urls[name].get_secret_value()
        for secret in _secrets(url):
            text = text.replace(secret, "********")
        return one_line(text, 300)


def _library() -> Any:
    try:
        import apprise
    except ImportError:
        raise ConfigError(
            "channels of kind apprise need the Apprise library; install it: pip install 'tercera[apprise]'"
        ) from None
    return apprise


def _service(library: Any, name: str, url: str, timeout: float) -> Any:
    """A service that is alone, so that a message to one is not repeated for another's sake."""
    plugin = library.Apprise.instantiate(url, asset=library.AppriseAsset(http_redirects=False))
    if plugin is None:
        raise ConfigError(
            f"urls.{name}: Apprise does not know this URL; see https://appriseit.com/services for its shape"
        )
    plugin.socket_connect_timeout = plugin.socket_read_timeout = timeout
    service = library.Apprise()
    service.add(plugin)
    return service


def _body(brief: Brief, key: str) -> str:
    """Ends in the message's key, by which a repeat is known."""
    facts = [f"{label}: {value}" for label, value in brief.facts]
    lines = [f"• {line}" for line in brief.lines] + ([brief.more] if brief.more else [])
    closing = " · ".join(part for part in (brief.reference, brief.command, key) if part)
    return "\n".join([*facts, *([""] if facts and lines else []), *lines, "", closing])


def _secrets(url: str) -> list[str]:
    """The parts of a URL that are no plain words of its shape, longest first."""
    rest = url.partition("://")[2]
    parts = {url, rest, unquote(rest)} | {unquote(part) for part in re.split(r"[/?&=@:,]", rest)}
    parts |= set(re.split(r"[/?&=@:,]", rest))
    return sorted((part for part in parts if len(part) >= _SHORTEST_SECRET), key=len, reverse=True)


def _keep_log_apart() -> None:
    """What is logged of services holds their URLs: it is read here, and goes nowhere else."""
    logger = logging.getLogger("apprise")
    if logger.propagate:
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        logger.setLevel(logging.DEBUG)
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
