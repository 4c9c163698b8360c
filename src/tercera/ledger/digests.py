"""The marks of tallies, kept for those that come again."""

from __future__ import annotations

from tercera.ledger.codec import digest_of
from tercera.model import Tally

_MOST = 5_000
"""Tallies that are remembered. A source may give others in every sweep: then nothing is gained, and this is
what it may cost."""


class Digests:
    """`digest_of`, remembered by identity: a source that keeps what did not change gives the same value in
    sweep after sweep. May be used by several threads."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Tally, str]] = {}

    def of(self, tally: Tally) -> str:
        """See `digest_of`."""
        kept = self._kept.get(id(tally))
        if kept is None or kept[0] is not tally:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            kept = self._kept[id(tally)] = tally, digest_of(tally)
        return kept[1]
