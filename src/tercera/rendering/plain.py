"""Text that strangers wrote, made fit for one line of a message."""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"  # part of ordinary writing in Persian and Hindi, and of emoji
_COMBINING = re.compile(r"((?:[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]){3})"
                        r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+")  # fmt: skip


def one_line(text: str, limit: int = 120) -> str:
    """`text` without line breaks, controls, bidirectional overrides, invisible characters and heaps of
    accents; what is longer than `limit` characters ends in an ellipsis."""
    if len(text) > 4 * limit:  # nobody reads further; don't normalise megabytes
        text = text[: 4 * limit] + "…"
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_visible, unicodedata.normalize("NFC", text)))
        text = _COMBINING.sub(r"\1", text)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _visible(character: str) -> str:
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp" | "Zs":
            return " "
        case "Cf":
            return character if character in _JOINERS else ""
        case "Cs" | "Co" | "Cn":
            return "\ufffd"
        case _:
            return character
