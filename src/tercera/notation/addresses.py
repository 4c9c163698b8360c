"""E-mail addresses: what is one, and how it is written on the wire.

Strict on purpose: one mailbox, no display name, no comments, no quoted local part. What customers collections
hold is often a remark, two addresses or a header line; none of that may reach a mail server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache

_LOCAL = re.compile(r"[^\s\x00-\x1f\x7f-\x9f()<>\[\]:;@\\,\"]{1,64}")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_LONGEST = 254  # RFC 5321, 4.5.3.1.3, without the angle brackets


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox. `domain` is in ASCII (IDNA); `local` may not be, and then needs a server with SMTPUTF8."""

    local: str
    domain: str
    name: str = ""

    @property
    def mailbox(self) -> str:
        """`local@domain`."""
        return f"{self.local}@{self.domain}"

    @property
    def is_ascii(self) -> bool:
        """Whether every mail server can take it."""
        return self.local.isascii()


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address:
    """Reads `local@domain`. ValueError says what is wrong with it."""
    local, at, domain = text.strip(" ").rpartition("@")
    if not at:
        raise ValueError(f"{_shown(text)} is no e-mail address: it has no @")
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    if dots or not _LOCAL.fullmatch(local) or not local.isprintable():
        raise ValueError(f"{_shown(text)} is no e-mail address: {_shown(local)} can't stand before the @")
    address = Address(local, _ascii_domain(domain, text))
    if len(address.mailbox.encode()) > _LONGEST:
        raise ValueError(f"{_shown(text)} is no e-mail address: it is longer than {_LONGEST} bytes")
    return address


def parse_sender(text: str) -> Address:
    """Reads `local@domain` or `Name <local@domain>`. ValueError says what is wrong with it."""
    if not text.isprintable():
        raise ValueError(f"{_shown(text)} holds control characters")
    if "<" not in text:
        return parse_address(text)
    name, mailbox = parseaddr(text)
    address = parse_address(mailbox)
    return Address(address.local, address.domain, name)


def is_address(text: str) -> bool:
    """Whether a message can be sent there at all."""
    try:
        parse_address(text)
    except ValueError:
        return False
    return True


def _ascii_domain(domain: str, text: str) -> str:
    try:
        written = domain.encode("idna").decode("ascii") if domain else ""
    except UnicodeError:
        written = ""
    labels = written.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError(f"{_shown(text)} is no e-mail address: {_shown(domain)} is no domain")
    return written


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 80 else text[:79] + "…") if not text.isprintable() else f"{text[:80]!r}"
