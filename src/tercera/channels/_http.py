"""A kept HTTP/1.1 connection, and what an answer's status means. Redirects are not followed.

The standard library's client does it: it follows nothing, takes a socket that was connected elsewhere (so
that the address which was judged is the one that is used), and brings no further dependency.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, cast

from pydantic import AfterValidator, Field, SecretStr, model_validator

from tercera import __version__
from tercera.channels._endpoint import Endpoint, dial, parse_url, tls_context
from tercera.channels._settings import ChannelSettings
from tercera.channels._wire import Wire
from tercera.errors import DeliveryError, Fault
from tercera.failpoints import Failpoint, reached
from tercera.messages import Message
from tercera.notation.paths import ConfiguredPath
from tercera.rendering.plain import one_line

_MAY_PASS = (408, 425, 429)
_TOO_MANY = 429
_AWAY = (502, 503, 504)
"""What a gateway answers for a program that is not there, and may answer for one that a message broke."""

_LONGEST_NUMBER = 8
_ENOUGH = 64 * 1024
"""Nobody needs more of an answer than this."""


class HttpSettings(ChannelSettings):
    """What channels over HTTP have in common."""

    timeout: float = Field(20, gt=0, le=600, description="seconds that connecting and one whole answer take")
    ca_file: ConfiguredPath | None = Field(
        None, description="PEM file with the only authorities to trust; the system's when empty"
    )


def _url(url: SecretStr) -> SecretStr:
    parse_url(url.get_secret_value())
    return url


class HookSettings(HttpSettings):
    """A URL that takes posts from whoever knows it, so that it is never shown."""

    url: Annotated[SecretStr, AfterValidator(_url)] = Field(
        description="where to post: `https://…`; write `${NAME}`, since it may hold a token"
    )
    allow_private: bool = Field(
        False, description="true lets the url lead to this machine or a private network, also by `http://`"
    )

    @model_validator(mode="after")
    def _encrypted(self) -> HookSettings:
        if not self.endpoint.secure and not self.allow_private:
            raise ValueError("the url must begin with https:// (or set allow_private: true)")
        return self

    @property
    def endpoint(self) -> Endpoint:
        """The URL, read."""
        return parse_url(self.url.get_secret_value())

    @property
    def recipients(self) -> tuple[str, ...]:
        """Its host; the rest may be a secret."""
        return (self.endpoint.place,)


@dataclass(frozen=True)
class Server:
    """The other side. `secrets` are masked should it repeat them; `context` is read once."""

    endpoint: Endpoint
    timeout: float
    allow_private: bool
    context: ssl.SSLContext | None
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, the other side's words on one line (status and reason before them), when to come again."""

    status: int
    words: str
    retry_after: timedelta | None = None


def server(
    settings: HttpSettings, endpoint: Endpoint, *, allow_private: bool, secrets: Collection[str] = ()
) -> Server:
    """The other side of a channel with these settings. ConfigError: the CA file can't be used."""
    context = tls_context(settings.ca_file) if endpoint.secure else None
    hidden = sorted({*secrets, *endpoint.secrets}, key=len, reverse=True)
    return Server(endpoint, settings.timeout, allow_private, context, tuple(hidden))


def accepted(place: str, answer: Answer, *, ours: Collection[int] = ()) -> str:
    """The words of an answer that takes the message. DeliveryError otherwise.

    408, 425, 429 and 5xx may pass, and so may a redirect once the URL is put right; every other answer is
    for good. 429 speaks of the channel rather than of the message, and so may 502 to 504. Statuses in `ours`
    are about our settings, not about the message: they carry no code, so that the channel is left alone until
    it is put right, and nothing is given up.
    """
    if 200 <= answer.status < 300:
        return answer.words
    refused = f"{place} answered {answer.words}"
    if answer.retry_after is not None:
        refused += f" (come again in {answer.retry_after.total_seconds():g} s)"
    if answer.status in ours:
        raise DeliveryError(f"{refused}; check the url and the login", permanent=False)
    if 300 <= answer.status < 400:
        remedy = "redirects are not followed: write the address that it leads to into url"
        raise DeliveryError(f"{refused}; {remedy}", permanent=False, code=answer.status)
    may_pass = answer.status in _MAY_PASS or answer.status >= 500
    raise DeliveryError(
        refused,
        permanent=not may_pass,
        code=answer.status,
        fault=_fault(answer),
        retry_after=answer.retry_after,
    )


def _fault(answer: Answer) -> Fault:
    """A server that says when to come again, or that we ask too much of it, speaks of every message."""
    if answer.status == _TOO_MANY or (answer.status in _AWAY and answer.retry_after is not None):
        return Fault.CHANNEL
    return Fault.UNSURE if answer.status in _AWAY else Fault.MESSAGE


def pause_asked(text: str, now: datetime) -> timedelta | None:
    """A `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). None when it is neither, or over."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text)) if len(text) <= _LONGEST_NUMBER else None
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    pause = until.replace(tzinfo=until.tzinfo or UTC) - now
    return pause if pause > timedelta(0) else None


class HttpChannel(ABC):
    """A channel over HTTP: a kind says how a message is posted."""

    def __init__(self, server: Server) -> None:
        self.server = server

    @abstractmethod
    def post(self, connection: Connection, message: Message) -> str:
        """Hands a message over; gives the other side's words. DeliveryError: it was not taken."""

    @contextmanager
    def session(self) -> Iterator[HttpSession]:
        """One connection for all messages, closed at the end."""
        connection = Connection(self.server)
        try:
            yield HttpSession(self, connection)
        finally:
            connection.close()

    def check(self) -> str:
        """Connects, and posts nothing."""
        connection = Connection(self.server)
        try:
            return connection.check()
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class HttpSession:
    """An open way to the other side."""

    channel: HttpChannel
    connection: Connection

    def send(self, message: Message) -> str:
        """Hands a message over; gives the other side's words."""
        return self.channel.post(self.connection, message)


class Connection:
    """Opened by the first request, opened anew when the other side has ended it. Used by one thread."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: http.client.HTTPConnection | None = None
        self._wire: Wire | None = None

    def request(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Asks once; gives the answer. DeliveryError, not permanent and without a code: there was none.

        A request that was handed over is never repeated here, whatever became of it: whether to try again
        is decided by who keeps the outbox.
        """
        deadline = time.monotonic() + self._server.timeout
        client, wire = self._connected(deadline)
        wire.deadline = deadline
        try:
            self._hand_over(client, method, target, headers, body)
            response = client.getresponse()
            answer = self._read(response)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._lost(error) from None  # its text may repeat what was sent
        if response.will_close or not response.isclosed():
            self.close()
        return answer

    def check(self) -> str:
        """Connects without asking anything; gives a line that says how."""
        _, wire = self._connected(time.monotonic() + self._server.timeout)
        return f"{self._server.endpoint.place} can be reached ({wire.encryption})"

    def close(self) -> None:
        """Ends the connection."""
        client, self._client, self._wire = self._client, None, None
        if client is not None:
            with suppress(OSError):
                client.close()

    def _connected(self, deadline: float) -> tuple[http.client.HTTPConnection, Wire]:
        if self._wire is not None and self._wire.is_over:
            self.close()
        if self._client is None or self._wire is None:
            endpoint, context = self._server.endpoint, self._server.context
            allowed = self._server.allow_private
            self._wire = Wire(dial(endpoint, allow_private=allowed, context=context, deadline=deadline))
            reached(Failpoint.AFTER_CONNECT)
            self._client = http.client.HTTPConnection(endpoint.host, endpoint.port)
            self._client.auto_open = 0
            self._client.sock = cast(socket.socket, self._wire)
        return self._client, self._wire

    def _hand_over(
        self,
        client: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> None:
        always = {"Host": self._server.endpoint.place, "User-Agent": f"tercera/{__version__}"}
        client.request(method, target, body, {**always, **headers})

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        body = response.read(_ENOUGH)
        kind = response.headers.get_content_type()
        said = "" if kind == "text/html" else body.decode("utf-8", "replace")
        words = f"{response.status} {response.reason}".strip()
        return Answer(
            response.status,
            self._clean(f"{words}: {said}" if said.strip() else words),
            pause_asked(response.headers.get("Retry-After", ""), datetime.now(UTC)),
        )

    def _clean(self, text: str) -> str:
        for secret in self._server.secrets:
            text = text.replace(secret, "********")
        return one_line(text, 300)

    def _lost(self, error: Exception) -> DeliveryError:
        late = isinstance(error, TimeoutError)
        how = f"did not answer within {self._server.timeout:g} s" if late else "ended the connection"
        if isinstance(error, http.client.HTTPException) and not isinstance(error, http.client.BadStatusLine):
            how = f"gave an answer that is no HTTP ({type(error).__name__})"
        return DeliveryError(
            f"{self._server.endpoint.place} {how}; should it have taken the message, the next try repeats it "
            "with the same id",
            permanent=False,
            fault=Fault.LOST,
        )
