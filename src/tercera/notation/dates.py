"""Date formats for `placed_at` strings: one strict meaning that every engine shares.

A format is made of the directives below and literal text. A value fits a format when every number is written
with all its digits and the whole names a real moment; `2023-6-1` and `2023-02-30` fit `%Y-%m-%d` no more than
`soon` does. Engines parse leniently, each in its own way, so they are given the pattern first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cached_property, lru_cache

_PATTERNS = {
    "Y": r"(19|20)[0-9]{2}",
    "m": r"(0[1-9]|1[0-2])",
    "d": r"(0[1-9]|[12][0-9]|3[01])",
    "H": r"([01][0-9]|2[0-3])",
    "M": r"[0-5][0-9]",
    "S": r"[0-5][0-9]",
    "f": r"[0-9]{1,6}",
    "z": r"(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])",
}
_PATTERNS_OF_ANY = {letter: pattern for letter, pattern in _PATTERNS.items() if letter not in "Ymd"}
_DAYS = (
    {"Y": _PATTERNS["Y"], "m": _PATTERNS["m"], "d": "(0[1-9]|1[0-9]|2[0-8])"},
    {"Y": _PATTERNS["Y"], "m": "(0[13-9]|1[0-2])", "d": "(29|30)"},
    {"Y": _PATTERNS["Y"], "m": "(0[13578]|1[02])", "d": "31"},
    {"Y": "((19|20)(0[48]|[2468][048]|[13579][26])|2000)", "m": "02", "d": "29"},
)
"""The days that there are: those of every month, of all but February, of the long months, of leap years."""

_WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}

DEFAULT_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z",
)
"""ISO 8601 as databases and spreadsheets write it, when a source names no formats of its own."""


@dataclass(frozen=True)
class DateFormat:
    """A format such as `%Y-%m-%d`. Built by `parse_format`."""

    text: str
    parts: tuple[tuple[bool, str], ...]
    """In order: (True, directive letter) or (False, literal text)."""

    @cached_property
    def pattern(self) -> str:
        r"""The whole value as a regular expression (POSIX-like: the same in Python, RE2 and PCRE), anchored
        with `^` and `\z`-like strictness left to the caller."""
        return "".join(
            _PATTERNS[part] if is_directive else re.escape(part) for is_directive, part in self.parts
        )

    @cached_property
    def strict_pattern(self) -> str:
        """Like `pattern`, but days that never were do not fit: what fits is read by `read`, and by any engine
        without failing."""
        return "|".join(
            "".join(
                (days | _PATTERNS_OF_ANY)[part] if is_directive else re.escape(part)
                for is_directive, part in self.parts
            )
            for days in _DAYS
        )

    @property
    def directives(self) -> frozenset[str]:
        """The directive letters that it uses."""
        return frozenset(part for is_directive, part in self.parts if is_directive)

    @property
    def has_time(self) -> bool:
        """Whether it names a moment of the day; without it a value is a date and never shifted."""
        return "H" in self.directives

    @property
    def has_offset(self) -> bool:
        """Whether values carry their own offset from UTC, and so are instants."""
        return "z" in self.directives

    @property
    def sorts_by_day(self) -> bool:
        """Whether text order is day order, so that a range of text is a range of days (`%Y-%m-%d…`)."""
        letters = [part for is_directive, part in self.parts if is_directive]
        return letters[:3] == ["Y", "m", "d"] and self.parts[0][0]

    def day_prefix(self, day: date) -> str | None:
        """The text that each value of `day` begins with, or None when the date does not come first."""
        text, needed = "", {"Y", "m", "d"}
        for is_directive, part in self.parts:
            if is_directive and part not in needed:
                return None
            text += (
                f"{getattr(day, {'Y': 'year', 'm': 'month', 'd': 'day'}[part]):0{_WIDTHS[part]}d}"
                if is_directive
                else part
            )
            needed -= {part} if is_directive else set()
            if not needed:
                return text
        return None

    def read(self, value: str) -> date | datetime | None:
        """The value as a date (no time in the format), a naive datetime (no offset), an aware datetime, or
        None when it does not fit."""
        found = self._groups.fullmatch(value)
        if not found:
            return None
        part = found.groupdict()
        try:
            day = date(int(part["Y"]), int(part["m"]), int(part["d"]))
        except ValueError:
            return None
        if not self.has_time:
            return day
        clock = time(
            int(part["H"]),
            int(part.get("M") or 0),
            int(part.get("S") or 0),
            int((part.get("f") or "0").ljust(6, "0")),
        )
        moment = datetime.combine(day, clock)
        return moment.replace(tzinfo=_offset(part["z"])) if self.has_offset else moment

    @cached_property
    def _groups(self) -> re.Pattern[str]:
        return re.compile(
            "".join(
                f"(?P<{part}>{_PATTERNS[part]})" if is_directive else re.escape(part)
                for is_directive, part in self.parts
            ),
            re.ASCII,
        )


@lru_cache(maxsize=256)
def parse_format(text: str) -> DateFormat:
    """Reads a format. ValueError names what is wrong with it."""
    parts: list[tuple[bool, str]] = []
    position = 0
    while position < len(text):
        if text[position] != "%":
            end = text.find("%", position)
            end = len(text) if end < 0 else end
            parts.append((False, text[position:end]))
            position = end
            continue
        letter = text[position + 1 : position + 2]
        if letter not in _PATTERNS:
            raise ValueError(
                f"%{letter} in {text!r} is not known; use {', '.join('%' + known for known in _PATTERNS)}"
            )
        if (True, letter) in parts:
            raise ValueError(f"%{letter} stands twice in {text!r}")
        parts.append((True, letter))
        position += 2
    used = {part for is_directive, part in parts if is_directive}
    if missing := {"Y", "m", "d"} - used:
        raise ValueError(
            f"{text!r} names no whole date: {', '.join('%' + part for part in sorted(missing))} is missing"
        )
    for letter, before in (("M", "H"), ("S", "M"), ("f", "S"), ("z", "H")):
        if letter in used and before not in used:
            raise ValueError(f"{text!r} has %{letter} without %{before}")
    return DateFormat(text, tuple(parts))


def read_date(value: str, formats: tuple[DateFormat, ...]) -> date | datetime | None:
    """The value by the first format that it fits, or None."""
    for each in formats:
        moment = each.read(value)
        if moment is not None:
            return moment
    return None


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))
