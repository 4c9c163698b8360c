"""The shape of ids: a regular expression that most of them fit, and the share that does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

_GENERAL = (
    "[0-9a-f]{24}",
    "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "[0-9]+",
    r"[0-9]+\.0",
    "[0-9A-Za-z]{24}",
    "[0-9A-Za-z]+_[0-9]+",
    "[0-9A-Za-z_]+_[0-9]+",
    "[0-9A-Za-z]+-[0-9]+",
    r"[^@\s]+@[^@\s]+",
)
_PREFIXED = re.compile(r"([A-Za-z]{1,12}[-_#:/]?)([0-9]+)")
_MOST = 3
_LEAST_BRANCH = 0.02
_LEAST = 0.9


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern for whole values, and how many of how many values fit; `misses` are some that do not."""

    pattern: str
    fitting: int
    of: int
    misses: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        """Whether every value fits."""
        return self.fitting == self.of


def shape_of(texts: Mapping[str, int]) -> Shape | None:
    """The pattern of up to three alternatives that covers the most; None below 90 %.

    Each alternative is the narrowest that covers as much as any other.
    """
    left = dict(texts)
    total = sum(texts.values())
    branches: list[str] = []
    candidates = [*_prefixes(texts), *_GENERAL]
    while left and len(branches) < _MOST:
        covered = {branch: _fitting(branch, left) for branch in candidates}
        first = max(candidates, key=lambda branch: covered[branch])
        if covered[first] < max(1, _LEAST_BRANCH * total):
            break
        branches.append(first)
        known = re.compile(first)
        left = {text: rows for text, rows in left.items() if not known.fullmatch(text)}
    fitting = total - sum(left.values())
    if not branches or fitting < _LEAST * total:
        return None
    inner = branches[0] if len(branches) == 1 else f"({'|'.join(branches)})"
    misses = tuple(sorted(left, key=lambda text: (-left[text], text))[:3])
    return Shape(f"^{inner}$", fitting, total, misses)


def _fitting(branch: str, texts: Mapping[str, int]) -> int:
    pattern = re.compile(branch)
    return sum(rows for text, rows in texts.items() if pattern.fullmatch(text))


def _prefixes(texts: Mapping[str, int]) -> list[str]:
    """Patterns like `CUST-[0-9]+`, of prefixes that several values share."""
    prefixes = Counter(found[1] for text in texts if (found := _PREFIXED.fullmatch(text)))
    return [f"{prefix}[0-9]+" for prefix, ids in prefixes.most_common(5) if ids >= 3]
