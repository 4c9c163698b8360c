"""Where the parts of a date stand in a text that fits a format, for engines that put it together."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tercera.notation.dates import DateFormat

_LENGTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part: `length` characters from `start` on (0 is the first), or what stands in the one group of
    `pattern` where that is not always the same place."""

    start: int | None
    length: int
    pattern: str


def pieces(form: DateFormat) -> dict[str, Piece]:
    """The parts of a format by their letters."""
    patterns = [_ungrouped(part) if is_directive else re.escape(part) for is_directive, part in form.parts]
    found: dict[str, Piece] = {}
    start: int | None = 0
    for number, (is_directive, part) in enumerate(form.parts):
        length = _LENGTHS.get(part, 0) if is_directive else len(part)
        if is_directive:
            before, after = "".join(patterns[:number]), "".join(patterns[number + 1 :])
            pattern = f"^{before}({patterns[number]}){after}$"
            found[part] = Piece(start if length else None, length, pattern)
        start = start + length if start is not None and length else None
    return found


def _ungrouped(letter: str) -> str:
    return DateFormat("", ((True, letter),)).pattern.replace("(", "(?:")
