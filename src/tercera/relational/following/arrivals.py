"""Changes by files that arrive, grow, are replaced or go: told by size and times, and read one by one.

Only files that changed are read, for whom their orders are about. What a replaced file said before is known
when it was read before, else a sweep has to find what it does not say any more.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tercera.errors import HistoryLostError, SourceError
from tercera.relational.following.telling import batch_of, empty
from tercera.tally.changes import Batch

MOST = 20_000
"""Subjects that are told of one file. Of a larger one all has to be looked at: a sweep does."""

Row = tuple[str | None, ...]
"""Subjects, one for each field that rules count for."""


@dataclass(frozen=True, slots=True)
class Mark:
    """By what it is told that a file changed."""

    size: int
    modified: int
    moved: int
    """When anything about it changed, renaming included, in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a position says of the files: the time of the newest, and which ones are as new."""

    at: int
    newest: frozenset[tuple[str, int, int]]

    def knows(self, path: Path, mark: Mark) -> bool:
        """Whether a file is as it was."""
        return mark.moved < self.at or (str(path), mark.size, mark.modified) in self.newest


class Arrivals:
    """`changes.Changes` of files. `find` lists them, `read` gives distinct rows of one, at most so many."""

    def __init__(
        self,
        of: str,
        find: Callable[[], Iterable[Path]],
        read: Callable[[Path, int], Sequence[Row]],
        pers: Collection[str],
        every: float,
        after: str | None,
    ) -> None:
        self._of = of
        self._find = find
        self._read = read
        self._pers = sorted(set(pers))
        self._every = every
        self._is_closed = threading.Event()
        self._is_new = after is None
        self._due_at = 0.0
        self._told: dict[Path, frozenset[Row]] = {}
        """What was read of a file."""

        self._marked = self._marks()
        if after is not None:
            before = self._before(after)
            self._marked = {path: mark for path, mark in self._marked.items() if before.knows(path, mark)}

    def take(self, patience: float) -> Batch:
        """See `changes.Changes`."""
        if self._is_new:
            self._is_new = False
            return empty(self._position(), is_current=False)
        ends = time.monotonic() + patience
        while True:
            if self._is_closed.wait(max(min(self._due_at, ends) - time.monotonic(), 0)):
                return empty(is_current=False)
            if time.monotonic() >= self._due_at:
                told = self._changed()
                self._due_at = time.monotonic() + self._every
                if told is not None:
                    return told
            if time.monotonic() >= ends:
                return empty(self._position())

    def kept(self, position: str) -> None:
        """See `changes.Changes`: nothing is put down here."""

    def close(self) -> None:
        """See `changes.Changes`."""
        self._is_closed.set()

    def _changed(self) -> Batch | None:
        """What files that changed say; None when none did."""
        now = self._marks()
        changed = [path for path, mark in now.items() if self._marked.get(path) != mark]
        gone = [path for path in self._marked if path not in now]
        if not (changed or gone):
            return None
        untold, rows = 0, set[Row]()
        for path in gone:
            known = self._told.pop(path, None)
            rows |= known or frozenset()
            untold += known is None
        for path in changed:
            found, replaced = self._one(path, is_new=path not in self._marked)
            rows |= found
            untold += replaced
        self._marked = now
        told = batch_of([(None, *row) for row in rows], self._pers, untold=untold)
        return Batch(**told, position=self._position(), is_current=True)

    def _one(self, path: Path, *, is_new: bool) -> tuple[frozenset[Row], bool]:
        """Whom a file is about now and was before, and whether it may have been about others."""
        read = self._read(path, MOST + 1)
        if len(read) > MOST:
            self._told.pop(path, None)
            return frozenset(), True
        before, found = self._told.get(path), frozenset(read)
        self._told[path] = found
        return found | (before or frozenset()), before is None and not is_new

    def _marks(self) -> dict[Path, Mark]:
        try:
            found = {path: path.stat() for path in self._find()}
        except OSError as error:
            raise SourceError(f"a file of the orders can't be looked at: {error}") from None
        return {
            path: Mark(stat.st_size, stat.st_mtime_ns, max(stat.st_ctime_ns, stat.st_mtime_ns))
            for path, stat in found.items()
        }

    def _position(self) -> str:
        at = max((mark.moved for mark in self._marked.values()), default=0)
        newest = [[str(path), m.size, m.modified] for path, m in self._marked.items() if m.moved == at]
        return json.dumps({"of": self._of, "at": at, "newest": newest[:20]})

    def _before(self, position: str) -> Before:
        try:
            found = json.loads(position)
            newest = frozenset((str(path), int(size), int(at)) for path, size, at in found["newest"])
            of, before = found["of"], Before(int(found["at"]), newest)
        except (ValueError, KeyError, TypeError):
            raise HistoryLostError(f"the position kept for {self._of} can't be read") from None
        if of != self._of:
            raise HistoryLostError(f"the position is of {of}, and {self._of} is followed now")
        return before
