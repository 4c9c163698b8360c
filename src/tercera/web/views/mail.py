"""A mail as it was sent, shown safely: what it says in a frame of its own, which runs nothing, asks no
network and knows nothing of the page around it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from html import escape

from fastapi.responses import HTMLResponse

FRAME = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""Content-Security-Policy of the frame: no script, nothing from elsewhere; its links open in a tab of their
own."""

_PICTURES = ("image/png", "image/jpeg", "image/gif")
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
_CID = re.compile(r"cid:([^\"'\s<>)]+)", re.IGNORECASE)
_TAB = '<base target="_blank">'


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail's headers as people read them, its text, and the names of what is attached."""

    subject: str
    sender: str
    recipient: str
    date: datetime | None
    text: str
    attachments: tuple[str, ...] = ()


def read_mail(content: bytes) -> Mail:
    """From the bytes that were sent."""
    message = _parsed(content)
    date = getattr(message["Date"], "datetime", None)
    return Mail(
        subject=str(message["Subject"] or ""),
        sender=str(message["From"] or ""),
        recipient=str(message["To"] or ""),
        date=date if date is not None and date.tzinfo is not None else None,
        text=_content(message.get_body(("plain",))),
        attachments=tuple(each.get_filename() or "?" for each in message.iter_attachments()),
    )


def framed(content: bytes) -> HTMLResponse:
    """What a mail says, with a policy of its own: for the frame of `mail_frame` in `mailview.html`."""
    message = _parsed(content)
    html = message.get_body(("html",))
    shown = _shown(message, _content(html)) if html is not None else _plain(_content(message))
    return HTMLResponse(shown, headers={"content-security-policy": FRAME})


def _parsed(content: bytes) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(content)
    assert isinstance(message, EmailMessage)
    return message


def _content(part: MIMEPart | None) -> str:
    """A part's text, whatever it says its letters are."""
    if part is None:
        return ""
    if part.is_multipart():
        return _content(part.get_body(("plain",)))
    found = part.get_payload(decode=True)
    raw = found if isinstance(found, bytes) else b""
    try:
        return raw.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


def _shown(message: EmailMessage, html: str) -> str:
    """With the pictures that came with it, and links that leave the frame alone."""
    pictures = {
        str(part["Content-ID"]).strip("<> "): _data(part)
        for part in message.walk()
        if part["Content-ID"] and part.get_content_type() in _PICTURES
    }
    html = _CID.sub(lambda found: pictures.get(found[1], found[0]), html)
    head = _HEAD.search(html)
    return html[: head.end()] + _TAB + html[head.end() :] if head else _TAB + html


def _data(part: EmailMessage) -> str:
    found = part.get_payload(decode=True)
    encoded = base64.b64encode(found if isinstance(found, bytes) else b"").decode()
    return f"data:{part.get_content_type()};base64,{encoded}"


def _plain(text: str) -> str:
    return (
        f'<!doctype html><meta charset="utf-8">{_TAB}'
        f'<pre style="font: 15px/1.5 system-ui, sans-serif; white-space: pre-wrap">{escape(text)}</pre>'
    )
