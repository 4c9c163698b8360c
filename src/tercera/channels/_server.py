"""A mail server: its settings, and a connection to it, encrypted and logged in.

Whatever goes wrong here is about us or about an outage, never about a recipient: no error is permanent, and
none carries a code, because no mail was answered. Whoever delivers then leaves the server alone for a while,
which keeps a wrong password from being tried ten thousand times.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from ipaddress import ip_address
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from tercera.errors import ConfigError, DeliveryError
from tercera.notation.addresses import Address, parse_sender
from tercera.notation.paths import ConfiguredPath
from tercera.rendering.plain import one_line

PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _sender(text: str) -> str:
    parse_sender(text)
    return text


def _usual_port(known: dict[str, Any]) -> int:
    return PORTS[known.get("security", "starttls")]


class Smtp(BaseModel):
    """A mail server to hand mails to, and whose they are.

    Ethereal: `host: smtp.ethereal.email`, `security: starttls`, its username and password. Mailpit:
    `host: localhost`, `port: 1025`, `security: none`, no username.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = Field(min_length=1, description="name or address of the mail server")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="`starttls` (port 587), `tls` from the first byte (465), or `none` (25)"
    )
    port: int = Field(
        default_factory=_usual_port, ge=1, le=65535, description="587, 465 or 25 unless given, by `security`"
    )
    username: str | None = Field(None, description="for servers that ask for a login")
    password: SecretStr | None = Field(None, description="write `${SMTP_PASSWORD}`, not the password")
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        description="`alerts@shop.example` or `Shop <alerts@shop.example>`; the name heads every mail"
    )
    timeout: float = Field(20, gt=0, le=600, description="seconds to wait for each answer")
    ca_file: ConfiguredPath | None = Field(
        None, description="PEM file with the only authorities to trust; the system's when empty"
    )
    verify_certificate: bool = Field(True, description="false takes any certificate: for test servers only")
    allow_plain_auth: bool = Field(
        False, description="true sends the password to another machine without encryption"
    )
    messages_per_connection: int = Field(500, ge=1, description="mails before a new connection is made")

    @model_validator(mode="after")
    def _login_is_whole_and_safe(self) -> Smtp:
        password = self.password.get_secret_value() if self.password else ""
        if bool(self.username) != bool(password):
            raise ValueError("username and password belong together: give both or neither")
        if not f"{self.username}{password}".isascii():
            raise ValueError("a login with characters beyond ASCII can't be sent: choose another password")
        in_the_clear = self.security == "none" and not _is_loopback(self.host)
        if self.username and in_the_clear and not self.allow_plain_auth:
            raise ValueError(
                f"security: none would send the password to {self.host} in the clear: "
                "use starttls or tls (or allow_plain_auth: true)"
            )
        return self

    @property
    def address(self) -> Address:
        """The sender, read."""
        return parse_sender(self.sender)

    @property
    def place(self) -> str:
        """`host:port`, for messages."""
        return f"{self.host}:{self.port}"


def tls_context(settings: Smtp) -> ssl.SSLContext | None:
    """How certificates are checked; None without encryption. ConfigError: the CA file can't be used."""
    if settings.security == "none":
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            f"ca_file: {str(settings.ca_file)!r} can't be used ({error}); name a PEM file"
        ) from error
    if not settings.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def connect(settings: Smtp, context: ssl.SSLContext | None) -> smtplib.SMTP:
    """A connection that takes mail. DeliveryError (never permanent) says what stands in the way."""
    try:
        server = _open(settings, context)
    except (OSError, smtplib.SMTPException) as error:
        raise _unreachable(settings, error) from error
    try:
        _introduce(server, settings, context)
    except (OSError, smtplib.SMTPException) as error:
        server.close()
        raise _unreachable(settings, error) from error
    try:
        if settings.username and settings.password:
            server.login(settings.username, settings.password.get_secret_value())
    except (OSError, smtplib.SMTPException) as error:
        server.close()
        # The cause is cut off: a server may repeat what it was sent.
        raise _no_login(settings, error) from None
    return server


def server_words(said: bytes | str, settings: Smtp) -> str:
    """A server's answer as one clean line, without the password should it be repeated in it."""
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if settings.password:
        words = words.replace(settings.password.get_secret_value(), "********")
    return one_line(words, 300)


def _open(settings: Smtp, context: ssl.SSLContext | None) -> smtplib.SMTP:
    # A name is given so that none is looked up: that can hang for as long as the resolver likes.
    if settings.security == "tls":
        return smtplib.SMTP_SSL(
            settings.host, settings.port, "localhost", timeout=settings.timeout, context=context
        )
    return smtplib.SMTP(settings.host, settings.port, "localhost", timeout=settings.timeout)


def _introduce(server: smtplib.SMTP, settings: Smtp, context: ssl.SSLContext | None) -> None:
    assert server.sock is not None
    server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server.local_hostname = _own_name(server.sock)
    server.ehlo_or_helo_if_needed()
    if settings.security == "starttls":
        server.starttls(context=context)
        server.ehlo_or_helo_if_needed()


def _own_name(sock: socket.socket) -> str:
    """What to say in EHLO: a full name where the machine has one, else the address (RFC 5321, 4.1.3)."""
    name = socket.gethostname()
    if "." in name:
        return name
    address = sock.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _unreachable(settings: Smtp, error: Exception) -> DeliveryError:
    match error:
        case ssl.SSLCertVerificationError():
            why = (
                f"its certificate was not accepted ({error.verify_message}); renew it, name the authority "
                "with ca_file, or write host as the certificate does"
            )
        case ssl.SSLError():
            why = f"no encryption came about ({error.reason or error}); check security and port"
        case smtplib.SMTPNotSupportedError():
            why = "it offers no STARTTLS; use security: tls with port 465, or another server"
        case smtplib.SMTPResponseException():
            why = f"it answered {error.smtp_code} {server_words(error.smtp_error, settings)}"
        case socket.gaierror():
            why = f"its name is not known ({error.strerror}); check host"
        case TimeoutError():
            why = f"it did not answer within {settings.timeout:g} s; check host, port and firewall"
        case _ if isinstance(error.__context__, TimeoutError):
            why = f"it did not answer within {settings.timeout:g} s; check security and port"
        case ConnectionRefusedError():
            why = "nobody listens there; check host and port"
        case _:
            why = f"{one_line(str(error), 200)}; check host, port and security"
    return DeliveryError(f"mail server {settings.place} can't be used: {why}", permanent=False)


def _no_login(settings: Smtp, error: Exception) -> DeliveryError:
    match error:
        case smtplib.SMTPResponseException():
            why = f"{error.smtp_code} {server_words(error.smtp_error, settings)}"
        case smtplib.SMTPServerDisconnected():
            why = "it ended the connection"
        case smtplib.SMTPNotSupportedError():
            why = "it offers no login; leave out username and password, or check security and port"
        case _:
            why = server_words(str(error), settings)
    return DeliveryError(
        f"mail server {settings.place} refused the login of {settings.username}: {why}; "
        "check username and password",
        permanent=False,
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
