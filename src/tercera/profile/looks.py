"""What `proposing` may still ask of the place that was sampled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tercera.profile.values import Counted


class Looks(Protocol):
    """What can still be asked of the place that was sampled. Both give None when it takes too long."""

    def count(self, place: str, path: str) -> Counted | None:
        """How often each text stands in a field of all rows, as far as there are few."""
        ...

    def found(self, place: str, path: str, ids: Sequence[str]) -> frozenset[str] | None:
        """Which of some ids stand in a field."""
        ...
