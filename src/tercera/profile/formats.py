"""How dates are written as text: the formats that fit, how many values each reads, and what none reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from tercera.notation.dates import DEFAULT_FORMATS, parse_format

_LEAST = 0.001
"""The share that a further format must read to be worth its time."""

_MOST = 6
_LOOKED_AT = 20_000
_SHAPE = re.compile(
    r"(?P<a>[0-9]{4}|[0-9]{2})(?P<s>[-/. ]?)(?P<b>[0-9]{2})(?P=s)(?P<c>[0-9]{4}|[0-9]{2})"
    r"(?:(?P<t>[T ]|, ?)(?P<h>[0-9]{2})(?P<m>:?[0-9]{2})?(?P<x>:?[0-9]{2})?(?P<f>[.,][0-9]{1,6})?"
    r"(?P<g> ?)(?P<z>Z|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.ASCII,
)
_MONTHS = "jan|ene|feb|fev|mar|apr|abr|may|mai|jun|jul|aug|ago|sep|set|oct|out|nov|dec|dic|dez"
_NEAR = {
    "written without leading zeros": (
        r"(?=.{0,9}(?<![0-9])[0-9](?![0-9]))"
        r"([0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}|[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2})([ T,].*)?"
    ),
    "seconds or milliseconds since 1970": r"[0-9]{10}(\.[0-9]+)?|[0-9]{13}",
    "written with AM and PM": r".*[0-9] ?[AaPp]\.?[Mm]\.?",
    "years of two digits": r"[0-9]{2}[-/.][0-9]{2}[-/.][0-9]{2}",
    "months in words": rf"(?i).*\b({_MONTHS})[a-z]*\b.*",
}


@dataclass(frozen=True, slots=True)
class FormatSeen:
    """A format, and how many values it is the first to read."""

    text: str
    rows: int


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats for a field, in order; of `rows` values `read` can be read. `doubt` says what is not sure;
    `misses` are some values that no format reads, `near` what they look like."""

    found: tuple[FormatSeen, ...]
    read: int
    rows: int
    doubt: str = ""
    misses: tuple[str, ...] = ()
    near: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The formats alone."""
        return tuple(each.text for each in self.found)

    @property
    def share(self) -> float:
        """Of the values that can be read."""
        return self.read / self.rows if self.rows else 0.0


def formats_of(texts: Mapping[str, int], *, day_first: bool = False) -> Formats:
    """The fewest formats that read what can be read.

    Where day and month could be either way round in every value, `day_first` decides and `doubt` says so.
    """
    looked_at = dict(islice(sorted(texts.items()), _LOOKED_AT))
    rows = sum(looked_at.values())
    reads = _reads(looked_at)
    doubt = _doubt(reads, looked_at)
    left, chosen = dict(looked_at), list[FormatSeen]()
    while left and len(chosen) < _MOST:
        counts = {form: sum(left[text] for text in fit if text in left) for form, fit in reads.items()}
        first = max(counts, key=lambda form: (counts[form], *_preference(form, day_first)), default=None)
        if first is None or counts[first] < max(1, _LEAST * rows):
            break
        chosen.append(FormatSeen(first, counts[first]))
        fit = reads.pop(first)
        left = {text: number for text, number in left.items() if text not in fit}
        if _is_swapped(chosen):
            doubt = doubt or f"{chosen[-1].text} as well as {_swapped(chosen[-1].text)} are in use"
    misses = tuple(sorted(left, key=lambda text: (-left[text], text))[:3])
    near = _near(left)
    return Formats(tuple(chosen), rows - sum(left.values()), rows, doubt, misses, near)


def _reads(texts: Mapping[str, int]) -> dict[str, set[str]]:
    """Which texts each thinkable format reads."""
    reads: dict[str, set[str]] = {}
    for text in texts:
        for form in _thinkable(text):
            if parse_format(form).read(text) is not None:
                reads.setdefault(form, set()).add(text)
    return reads


def _thinkable(text: str) -> Iterator[str]:
    """The formats of a text's shape."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return
    first, last = len(found["a"]) == 4, len(found["c"]) == 4
    orders = ["Ymd"] * first + ["dmY", "mdY"] * (last and not first)
    if first and last:
        orders = []
    rest = _rest(found)
    for order in orders:
        if order == "Ymd" and len(found["c"]) != 2:
            continue
        yield found["s"].join(f"%{letter}" for letter in order) + rest


def _rest(found: re.Match[str]) -> str:
    """The format of the time after the date."""
    if found["t"] is None:
        return ""
    text = f"{found['t']}%H"
    for group, letter in (("m", "%M"), ("x", "%S")):
        if found[group]:
            text += (":" if found[group].startswith(":") else "") + letter
    if found["f"]:
        text += f"{found['f'][0]}%f"
    return text + (f"{found['g']}%z" if found["z"] else "")


def _preference(form: str, day_first: bool) -> tuple[bool, bool, str]:
    return form in DEFAULT_FORMATS, form.startswith("%d") == day_first, form


def _swapped(form: str) -> str:
    if form.startswith("%d"):
        return form.replace("%d", "%?").replace("%m", "%d").replace("%?", "%m")
    return form.replace("%m", "%?").replace("%d", "%m").replace("%?", "%d")


def _doubt(reads: Mapping[str, set[str]], texts: Mapping[str, int]) -> str:
    """Whether nothing tells day from month."""
    for form, fit in reads.items():
        other = reads.get(_swapped(form)) if form.startswith("%d") else None
        if other is not None and other == fit:
            rows = sum(texts[text] for text in fit)
            return f"all {rows:,} values could be {form} or {_swapped(form)}: no day is above 12"
    return ""


def _is_swapped(chosen: list[FormatSeen]) -> bool:
    last = chosen[-1].text
    return not last.startswith("%Y") and any(each.text == _swapped(last) for each in chosen[:-1])


def _near(left: Mapping[str, int]) -> str:
    """What most of the unreadable values look like, if that is known."""
    counts = {
        words: sum(rows for text, rows in left.items() if re.fullmatch(pattern, text, re.ASCII))
        for words, pattern in _NEAR.items()
    }
    words = max(counts, key=lambda each: counts[each])
    return words if counts[words] * 2 > sum(left.values()) else ""
