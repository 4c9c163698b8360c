"""A letter → the bytes of one mail. The same message gives the same bytes, however often it is tried.

The lines are put together here, not by `email.message.EmailMessage`: that one encodes a long Message-ID,
which no client recognises afterwards, draws a new boundary each time, and needs more time than the rest of
the mail. Encoded words and quoted-printable are the library's.
"""

from __future__ import annotations

import hashlib
import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr
from functools import lru_cache

from tercera.messages import Message
from tercera.notation.addresses import Address
from tercera.rendering.letters import Letter

_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_LINE = 76
_KEY = 120
_LONGEST_LINE = 990  # RFC 5322 allows 998


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is handed to a server: who sends, who receives, and the mail itself."""

    sender: Address
    recipient: Address
    content: bytes


def compose(
    message: Message, letter: Letter, sender: Address, recipient: Address, reply_to: Address | None
) -> Envelope:
    """The mail of a letter: text and HTML; its ids and its boundary come from the message's key and
    thread."""
    boundary = f"tercera-{hashlib.sha256(message.key.encode()).hexdigest()[:32]}"
    head = [_header(name, value) for name, value in _headers(message, letter, sender, recipient, reply_to)]
    content = "".join([*head, "MIME-Version: 1.0\r\n", _body(letter, boundary)])
    return Envelope(sender, recipient, content.encode())


def message_id(key: str, sender: Address) -> str:
    """`<key@domain>`; a key that can't stand there is replaced by its hash."""
    fits = len(key) <= _KEY and _DOT_ATOM.fullmatch(key)
    return f"<{key if fits else hashlib.sha256(key.encode()).hexdigest()}@{sender.domain}>"


def _headers(
    message: Message, letter: Letter, sender: Address, recipient: Address, reply_to: Address | None
) -> Iterator[tuple[str, str]]:
    yield "Date", _date(max(notice.at for notice in message.notices).isoformat())
    yield "From", formataddr((sender.name, sender.mailbox))
    yield "To", recipient.mailbox
    if reply_to is not None:
        yield "Reply-To", formataddr((reply_to.name, reply_to.mailbox))
    yield "Subject", letter.subject
    yield "Message-ID", message_id(message.key, sender)
    if message.thread:
        yield "In-Reply-To", message_id(message.thread[-1], sender)
        yield "References", " ".join(message_id(key, sender) for key in message.thread)
    yield "Auto-Submitted", "auto-generated"  # RFC 3834: no vacation notes, please
    yield "X-Auto-Response-Suppress", "All"  # Exchange's word for the same
    if len(message.notices) == 1:
        (notice,) = message.notices
        yield "X-Tercera-Rule", notice.rule
        yield "X-Tercera-Alert", str(notice.alert)
        yield "X-Tercera-Reason", f"{notice.kind}; {notice.reason}"
    else:
        yield "X-Tercera-Notices", str(len(message.notices))


@lru_cache(maxsize=64)
def _date(at: str) -> str:
    """By its text, which has the zone: equal moments of two zones are written differently."""
    return format_datetime(datetime.fromisoformat(at))


def _header(name: str, value: str) -> str:
    if not value.isprintable():  # no line break gets through, wherever it comes from
        raise ValueError(f"the value of {name} holds control characters: {value!r}")
    if name in ("Message-ID", "In-Reply-To", "References"):
        value = value.replace(" ", "\r\n ")
    elif name != "To" and (not _PRINTABLE.fullmatch(value) or ("=?" in value and name == "Subject")):
        value = Header(value, "utf-8", _LINE, name).encode(linesep="\r\n")
    elif len(name) + 2 + len(value) > _LINE:
        value = Header(value, "us-ascii", _LINE, name).encode(linesep="\r\n")
    return f"{name}: {value}\r\n"


def _body(letter: Letter, boundary: str) -> str:
    """Text beside HTML; the HTML with the pictures that it shows; all of that with the files beside it."""
    # In HTML every character has a name in ASCII: no server has to know of other ones, nothing is encoded,
    # and the mail is taken faster.
    html = _part("html", letter.html.encode("ascii", "xmlcharrefreplace").decode("ascii"))
    if letter.pictures:
        pictures = (
            _file(
                "image/png", each.content, ("Content-ID", f"<{each.cid}>"), ("Content-Disposition", "inline")
            )
            for each in letter.pictures
        )
        html = _together('related; type="text/html"', f"{boundary}-html", [html, *pictures])
    body = _together("alternative", boundary, [_part("plain", letter.text), html])
    if not letter.attachments:
        return body
    files = (
        _file(each.kind, each.content, ("Content-Disposition", f'attachment; filename="{each.name}"'))
        for each in letter.attachments
    )
    return _together("mixed", f"{boundary}-all", [body, *files])


def _together(kind: str, boundary: str, parts: Iterable[str]) -> str:
    inner = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n{inner}--{boundary}--\r\n'


def _file(kind: str, content: bytes, *headers: tuple[str, str]) -> str:
    encoded = encodebytes(content).decode("ascii").replace("\n", "\r\n")
    told = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"Content-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n{told}\r\n{encoded}"


def _part(subtype: str, text: str) -> str:
    encoding, encoded = "7bit", text.replace("\r", "").replace("\n", "\r\n")
    if not text.isascii() or max(map(len, encoded.split("\r\n"))) > _LONGEST_LINE:
        encoding = "quoted-printable"
        encoded = b2a_qp(encoded.encode(), istext=True).decode("ascii")
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n{encoded}"
    )
