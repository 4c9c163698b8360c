r"""Python's regular expressions in the words of other engines.

A pattern of the configuration means what Python's `re` means by it with ASCII classes, and its `$` is the
very end. Engines differ in just these points: what `\w`, `\d`, `\s`, `\b` and `.` cover, what `$` stands
before, how a group is named. So nothing of it is left to them: classes become ranges, groups lose their
names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from tercera.errors import SourceError

_LAST = 0x10FFFF
_CATEGORIES: dict[str, tuple[tuple[int, int], ...]] = {
    "DIGIT": ((48, 57),),
    "WORD": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "SPACE": ((9, 13), (32, 32)),
}
_WORD = "[0-9A-Za-z_]"
_UNITS = ("LITERAL", "NOT_LITERAL", "ANY", "IN", "SUBPATTERN")
"""What can be repeated as it is written."""


@dataclass(frozen=True, slots=True)
class Flavour:
    r"""How an engine writes what engines write differently. None for what it has no way to say."""

    start: str = r"\A"
    end: str = r"\z"
    boundary: str | None = rf"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))"
    no_boundary: str | None = rf"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))"
    looks_around: bool = True
    refers_back: bool = True


RE2 = Flavour(boundary=r"\b", no_boundary=r"\B", looks_around=False, refers_back=False)
"""DuckDB, ClickHouse, BigQuery, Snowflake. Its classes are ASCII, too."""

PERL = Flavour()
"""PCRE (MariaDB), ICU (MySQL), Java (Spark), Joni (Trino)."""


@lru_cache(maxsize=256)
def portable(pattern: str, flavour: Flavour) -> str:
    """A pattern that means the same to an engine that searches for it. SourceError when it has no words for
    it."""
    parsed = import_module("re._parser").parse(pattern, re.ASCII)  # what `re.compile` itself begins with
    flags = re.RegexFlag(parsed.state.flags)
    try:
        if strange := flags & ~(re.ASCII | re.IGNORECASE | re.VERBOSE):
            raise _UnsaidError(f"the flag {strange.name}")
        return ("(?i)" if flags & re.IGNORECASE else "") + _Writer(flavour).sequence(parsed)
    except _UnsaidError as unsaid:
        raise SourceError(f"the pattern {pattern!r} has {unsaid}, which the engine does not know") from None


def in_any_case(values: Iterable[str], flavour: Flavour) -> str:
    """A pattern of the whole texts that are one of the values in small letters, as Python writes them."""
    ways = sorted({_each_case(value.lower()) for value in values})
    return f"{flavour.start}(?:{'|'.join(ways)}){flavour.end}"


def lower_cases(value: str) -> tuple[str, ...]:
    """How engines write a value in small letters: letter by letter, not knowing the end of a Greek word."""
    lower = value.lower()
    return lower, lower.replace("ς", "σ").replace("i\u0307", "i")


class _UnsaidError(Exception):
    """What an engine has no word for."""


class _Writer:
    """Writes a parsed pattern."""

    def __init__(self, flavour: Flavour) -> None:
        self._flavour = flavour

    def sequence(self, parsed: Iterable[tuple[Any, Any]]) -> str:
        return "".join(self._one(str(kind).lower(), value) for kind, value in parsed)

    def _one(self, kind: str, value: Any) -> str:
        write: Callable[[Any], str] | None = getattr(self, f"_write_{kind}", None)
        if write is None:
            raise _UnsaidError(kind)
        return write(value)

    def _write_literal(self, code: int) -> str:
        return _escaped(code)

    def _write_not_literal(self, code: int) -> str:
        return _class(_others(((code, code),)))

    def _write_any(self, _: None) -> str:
        return _class(_others(((10, 10),)))

    def _write_in(self, members: list[tuple[Any, Any]]) -> str:
        negated = str(members[0][0]) == "NEGATE"
        ranges = [each for kind, value in members[negated:] for each in _ranges(str(kind), value)]
        return _class(_others(ranges) if negated else _joined(ranges))

    def _write_branch(self, value: tuple[None, list[Any]]) -> str:
        return "(?:" + "|".join(self.sequence(each) for each in value[1]) + ")"

    def _write_subpattern(self, value: tuple[int | None, int, int, Any]) -> str:
        group, added, removed, inner = value
        if added & ~re.ASCII or removed:
            raise _UnsaidError("flags for a part of it")
        return ("(" if group is not None else "(?:") + self.sequence(inner) + ")"

    def _write_max_repeat(self, value: tuple[int, Any, Any], more: str = "") -> str:
        least, most, inner = value
        text = self.sequence(inner)
        if len(inner) != 1 or str(inner[0][0]) not in _UNITS:
            text = f"(?:{text})"
        if str(most) == "MAXREPEAT":
            return text + {0: "*", 1: "+"}.get(least, f"{{{least},}}") + more
        times = f"{{{least}}}" if least == most else f"{{{least},{most}}}"
        return text + ("?" if (least, most) == (0, 1) else times) + more

    def _write_min_repeat(self, value: tuple[int, Any, Any]) -> str:
        return self._write_max_repeat(value, "?")

    def _write_at(self, place: Any) -> str:
        flavour = self._flavour
        written = {
            "AT_BEGINNING": flavour.start,
            "AT_BEGINNING_STRING": flavour.start,
            "AT_END": flavour.end,
            "AT_END_STRING": flavour.end,
            "AT_BOUNDARY": flavour.boundary,
            "AT_NON_BOUNDARY": flavour.no_boundary,
        }.get(str(place))
        if written is None:
            raise _UnsaidError(str(place))
        return written

    def _write_assert(self, value: tuple[int, Any], sign: str = "=") -> str:
        if not self._flavour.looks_around:
            raise _UnsaidError("a look around, (?=…), (?!…), (?<=…) or (?<!…)")
        direction, inner = value
        return f"(?{'<' if direction < 0 else ''}{sign}{self.sequence(inner)})"

    def _write_assert_not(self, value: tuple[int, Any]) -> str:
        return self._write_assert(value, "!")

    def _write_groupref(self, group: int) -> str:
        if not self._flavour.refers_back:
            raise _UnsaidError(rf"\{group}")
        return rf"(?:\{group})"


def _ranges(kind: str, value: Any) -> Iterable[tuple[int, int]]:
    if kind == "CATEGORY":
        name = str(value).removeprefix("CATEGORY_")
        return _others(_CATEGORIES[name[4:]]) if name.startswith("NOT_") else _CATEGORIES[name]
    return [(value, value)] if kind == "LITERAL" else [value]


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in their order, none touching another."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def _others(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Every character that is in none of the ranges."""
    others, begin = [], 0
    for low, high in _joined(ranges):
        if low > begin:
            others.append((begin, low - 1))
        begin = high + 1
    return [*others, (begin, _LAST)] if begin <= _LAST else others


def _class(ranges: list[tuple[int, int]]) -> str:
    """As characters that are in, or when it is open to the end, as those that are not."""
    if ranges == [(0, _LAST)]:
        return r"[\x00-\x{10ffff}]"
    if ranges and ranges[-1][1] == _LAST:
        return f"[^{_members(_others(ranges))}]"
    return f"[{_members(ranges)}]"


def _members(ranges: Iterable[tuple[int, int]]) -> str:
    return "".join(
        _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}" for low, high in ranges
    )


def _escaped(code: int) -> str:
    r"""A character: as it is, or behind a backslash where it could mean something."""
    text = chr(code)
    if text.isascii() and not text.isalnum() and text not in "_ ":
        return rf"\x{code:02x}" if code < 32 or code == 127 else f"\\{text}"
    return text


def _each_case(lower: str) -> str:
    """Every text that Python writes so in small letters, as a pattern."""
    pieces = []
    for place, letter in enumerate(lower):
        if letter == "\u0307" and lower[place - 1 : place] == "i":
            continue
        if lower[place : place + 2] == "i\u0307":
            pieces.append("(?:i\u0307|I\u0307|\u0130)")
            continue
        forms = _capitals().get(letter, "") + letter
        pieces.append(_escaped(ord(letter)) if len(forms) == 1 else f"[{forms}]")
    return "".join(pieces)


@lru_cache(maxsize=1)
def _capitals() -> dict[str, str]:
    """By a small letter all that Python makes it of, without the letter itself."""
    found: dict[str, str] = {"ς": "Σ"}
    for code in range(0x1E944):  # beyond are no letters of two sizes
        letter = chr(code)
        if letter != (small := letter.lower()) and len(small) == 1:
            found[small] = found.get(small, "") + letter
    return found
