"""Very many tallies as columns, for what looks at all of them and at few of them closely."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tercera.model import Pair, Survey, Tally
from tercera.orders import Reading

if TYPE_CHECKING:
    import pyarrow as pa

    from tercera.tally.marks import Marks

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TallyColumns:
    """Some tallies: of each its `subjects`, `windows` (ids, coded) and `matched`.

    `mark` makes a mark for each (see `marks`) of everything that it is made of, but for its pair and how many
    orders did not match. `tell` makes the tallies at some places, or all.
    """

    subjects: pa.StringArray
    windows: pa.DictionaryArray
    matched: Integers
    mark: Callable[[], Marks]
    tell: Callable[[Integers | None], Iterator[Tally]]

    def __len__(self) -> int:
        return len(self.matched)

    def pairs(self, places: Integers) -> Iterator[Pair]:
        """The pairs of the tallies at some places."""
        subjects, windows = self.subjects.take(places), self.windows.take(places).dictionary_decode()
        return zip(subjects.to_pylist(), windows.to_pylist(), strict=True)


def mark_of(tally: Tally) -> int:
    """The mark of one tally by itself."""
    from tercera.tally.marks import of_value

    shown = [(each.order_id, each.placed_at, each.status, each.amount) for each in tally.evidence]
    return of_value((tally.matched, tally.amount, tally.first_at, tally.last_at, shown))


def of_tallies(tallies: Sequence[Tally], marks: Sequence[int]) -> TallyColumns:
    """Tallies that are there already, and the mark of each (see `mark_of`)."""
    import pyarrow as pa

    def tell(places: Integers | None) -> Iterator[Tally]:
        return iter(tallies) if places is None else (tallies[place] for place in places.tolist())

    return TallyColumns(
        subjects=pa.array([tally.subject for tally in tallies], pa.string()),
        windows=pa.array([tally.window for tally in tallies], pa.string()).dictionary_encode(),
        matched=np.array([tally.matched for tally in tallies], np.int64),
        mark=lambda: np.array(marks, np.uint64),
        tell=tell,
    )


def spread(starts: Integers, sizes: Integers) -> Integers:
    """The places of the rows that begin there and are so many: 5 and 8, 3 and 2 → 5, 6, 7, 8, 9."""
    ends = np.cumsum(sizes)
    places: Integers = np.repeat(starts - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0)
    return places


class ColumnReading(Reading):
    """Tallies as they stream from a source, which also gives them as columns. Taken once, either way."""

    def __init__(self, columns: Generator[TallyColumns, None, Survey]) -> None:
        self._columns = columns
        super().__init__(self._told())

    def columns(self) -> Iterator[TallyColumns]:
        """Many of them at a time."""
        self._survey = yield from self._columns

    def _told(self) -> Generator[Tally, None, Survey]:
        for some in self.columns():
            yield from some.tell(None)
        return self.survey
