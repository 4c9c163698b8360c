"""Statements that were put together: that takes longer than a small answer does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

_MOST = 256
"""So many are kept: those of the rules, for the windows that are watched now."""


@dataclass(frozen=True, slots=True)
class Statements:
    """Those of one source so far."""

    _kept: dict[object, str] = field(default_factory=dict)

    def of(self, key: object, put_together: Callable[[], str]) -> str:
        """The statement that is kept under a key, put together when it is not there yet."""
        if key not in self._kept:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            self._kept[key] = put_together()
        return self._kept[key]
