"""Answers that are kept, so that changing a proposal asks nothing twice."""

from __future__ import annotations

from collections.abc import Sequence

from tercera.profile import Counted, Looks


class Remembered:
    """`profile.Looks` that asks another one only once."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._counts: dict[tuple[str, str], Counted | None] = {}
        self._found: dict[tuple[str, str, tuple[str, ...]], frozenset[str] | None] = {}

    def count(self, place: str, path: str) -> Counted | None:
        """See `profile.Looks`."""
        if (place, path) not in self._counts:
            self._counts[place, path] = self._looks.count(place, path)
        return self._counts[place, path]

    def found(self, place: str, path: str, ids: Sequence[str]) -> frozenset[str] | None:
        """See `profile.Looks`."""
        asked = (place, path, tuple(ids))
        if asked not in self._found:
            self._found[asked] = self._looks.found(place, path, ids)
        return self._found[asked]
