"""Where an HTTP channel posts to, and a connection to just the address that was looked at.

A URL in a configuration may have come from somebody else. So the name is looked up once, every address that
it has is judged, and one of those is connected to: a name that answers differently the second time (DNS
rebinding) gains nothing. No proxy is used, because then somebody else would look the name up.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tercera.errors import ConfigError, DeliveryError
from tercera.rendering.plain import one_line

_PORTS = {"https": 443, "http": 80}
_NAT64 = ip_network("64:ff9b::/96")
_RECOGNISABLE = 8
"""A part of a URL with fewer characters is no secret, and masking it would make answers unreadable."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL, read. `target` (path and query) often holds a token, and is never shown."""

    secure: bool
    host: str
    port: int
    target: str = field(repr=False)

    @property
    def place(self) -> str:
        """`host`, or `host:port` where the port is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.secure else "http"] else f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine."""
        with suppress(ValueError):
            return ip_address(self.host).is_loopback
        return self.host == "localhost"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What an answer that repeats the URL must not show, longest first."""
        plain = unquote(self.target)
        parts = {self.target, plain}
        for text in (self.target, plain):
            for mark in "?&=":
                text = text.replace(mark, "/")
            parts |= set(text.split("/"))
        return tuple(sorted((part for part in parts if len(part) >= _RECOGNISABLE), key=len, reverse=True))


def parse_url(text: str) -> Endpoint:
    """Reads an `http://` or `https://` URL. ValueError says what is wrong with it, without repeating it."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("the URL holds blanks or characters beyond ASCII; write them percent-encoded")
    try:
        parts = urlsplit(text)
        port, host = parts.port, _ascii_host(parts.hostname or "")
    except ValueError:
        raise ValueError("is no URL; write https://host/path") from None
    if parts.scheme not in _PORTS or not host:
        raise ValueError("is no URL; write https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the URL holds a login; give username and password apart, where they are known")
    if parts.fragment:
        raise ValueError("the URL holds a #fragment, which is never sent; leave it out")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    secure = parts.scheme == "https"
    return Endpoint(secure, host, _PORTS[parts.scheme] if port is None else port, target)


def _ascii_host(host: str) -> str:
    with suppress(ValueError):
        return str(ip_address(host))
    return host.encode("idna").decode("ascii").lower()  # UnicodeError is a ValueError


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it belongs to the internet at large, also behind the ways to write IPv4 within IPv6."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """How certificates are checked: always. ConfigError: the CA file can't be used."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(f"ca_file: {str(ca_file)!r} can't be used ({error}); name a PEM file") from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def dial(
    endpoint: Endpoint, *, allow_private: bool, context: ssl.SSLContext | None, deadline: float
) -> socket.socket:
    """A connected socket, encrypted where the URL says so. `deadline` is in `time.monotonic` seconds.

    DeliveryError, never permanent and without a code, says what stands in the way: nobody was asked yet.
    """
    try:
        addresses = _looked_up(endpoint)
        if not allow_private:
            _refuse_private(endpoint, addresses)
        plain = _connected(addresses, endpoint.port, deadline)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is None:
            return plain
        plain.settimeout(remaining(deadline))
        return context.wrap_socket(plain, server_hostname=endpoint.host)  # closes it should it fail
    except OSError as error:
        raise _unreachable(endpoint, error) from error


def remaining(deadline: float) -> float:
    """Seconds until then. TimeoutError when there are none left."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _looked_up(endpoint: Endpoint) -> list[str]:
    found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _refuse_private(endpoint: Endpoint, addresses: list[str]) -> None:
    for address in addresses:
        if not is_public(ip_address(address.partition("%")[0])):
            raise DeliveryError(
                f"{endpoint.place} was not called: its address {address} is not one of the internet; "
                "check the url, or set allow_private: true if that is meant",
                permanent=False,
            )


def _connected(addresses: list[str], port: int, deadline: float) -> socket.socket:
    for number, address in enumerate(addresses, 1):
        try:
            return socket.create_connection((address, port), remaining(deadline))
        except OSError:
            if number == len(addresses):
                raise
    raise OSError("the name has no address")


def _unreachable(endpoint: Endpoint, error: OSError) -> DeliveryError:
    match error:
        case ssl.SSLCertVerificationError():
            why = (
                f"its certificate was not accepted ({error.verify_message}); renew it, name the authority "
                "with ca_file, or check the host in the url"
            )
        case ssl.SSLError():
            why = f"no encryption came about ({error.reason or error}); check https and the port in the url"
        case socket.gaierror():
            why = f"its name is not known ({error.strerror}); check the url"
        case TimeoutError():
            why = "it did not answer in time; check the url and the firewall"
        case ConnectionRefusedError():
            why = "nobody listens there; check the url"
        case _:
            why = f"{one_line(str(error), 200)}; check the url"
    return DeliveryError(f"{endpoint.place} can't be reached: {why}", permanent=False)
