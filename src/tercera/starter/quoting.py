"""Text from anywhere as YAML, and as a remark beside it, so that it can become nothing else."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

_WIDTH = 108
_LONGEST = 600
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def quoted(text: str) -> str:
    """A text in double quotes; what is not printable is written as its number."""
    return '"' + "".join(_SHORT.get(letter) or _letter(letter) for letter in text) + '"'


def _letter(letter: str) -> str:
    if letter.isprintable():
        return letter
    number = ord(letter)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def listed(texts: Sequence[str]) -> str:
    """A list in brackets."""
    return "[" + ", ".join(map(quoted, texts)) + "]"


def remark(text: str) -> str:
    """One line that can stand behind a `#`."""
    line = "".join(letter if letter.isprintable() else "·" for letter in text)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def with_remark(line: str, told: str, indent: int) -> list[str]:
    """A line with its remark behind it or, where that gets too long, above it."""
    if not told:
        return [line]
    told = remark(told)
    if len(line) + len(told) + 5 <= _WIDTH:
        return [f"{line}   # {told}"]
    return [*remarked(told, indent), line]


def remarked(told: str, indent: int) -> list[str]:
    """A remark on lines of its own."""
    before = " " * indent + "# "
    return textwrap.wrap(
        remark(told), _WIDTH, initial_indent=before, subsequent_indent=before, break_on_hyphens=False
    )
