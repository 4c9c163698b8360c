"""Marks that a terminal's encoding lacks (ASCII, Latin-1), written by what it has."""

from __future__ import annotations

import codecs
import io
import sys

_PLAIN = {
    "✓": "+",
    "✗": "x",
    "→": "->",
    "–": "-",
    "─": "-",
    "█": "#",
    "…": "...",
    "·": ".",
    "“": '"',
    "”": '"',
    "’": "'",
}


def speak_plainly() -> None:
    """From here on neither stream stops over what it can't show: it says it plainly, or `?`."""
    codecs.register_error("tercera.plain", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="tercera.plain")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(mark, "?") for mark in error.object[error.start : error.end]), error.end
