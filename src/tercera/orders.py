"""What a source is asked, and what it answers. What it is told of orders and customers is in `fields`.

A source is a module in `tercera/sources`, found by its file name. It has `Settings` (a Pydantic model with
`kind: Literal["<file name>"]`) and `open_source(settings, zone) -> Source`.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from tercera.model import Counting, Customer, Pair, Placed, RejectReason, SubjectId, Survey, Tally
from tercera.windows import Window

_FEW_ROWS, _USUAL = 20, 0.05
"""As the data watch has them unless it is told otherwise (`rejects`)."""

SAMPLES = 5
"""How many rejected rows of each reason are kept to show."""

SAMPLE_LENGTH = 200
"""How much of each of their values, in characters."""

LONGEST_TEXT = 1000
"""An id or a status of more characters is none: it is rejected as invalid before anything else is done with
it, so that a field of ten megabytes can't stop a sweep."""


DOUBTFUL = (
    RejectReason.NO_ORDER_ID,
    RejectReason.INVALID_ORDER_ID,
    RejectReason.NO_DATE,
    RejectReason.UNREADABLE_DATE,
    RejectReason.NO_STATUS,
    RejectReason.INVALID_STATUS,
)
"""Why a row that names its subject may be rejected, and still count once it is put right."""


@dataclass(frozen=True, slots=True)
class Recent:
    """A stretch of time up to now, in which the newest order is looked for: from the day `since`, in the
    rule's zone, up to the moment `until`. A day without a time is its midnight."""

    since: date
    until: datetime

    def holds(self, placed: Placed, zone: str) -> bool:
        """Whether a moment, given in the zone, lies in it."""
        now = self.until.astimezone(ZoneInfo(zone))
        if isinstance(placed, datetime):
            return self.since <= placed.date() and placed <= now
        return self.since <= placed <= now.date()


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of the orders to tally.

    `start` and `end` (without it) are calendar days in the rule's zone, None for no bound. They are whole
    windows. `pairs` asks for just these (subject, window) pairs, and then for each of them, also when nothing
    matches; `at_least` leaves out pairs with fewer matching orders.

    Without `totals` a source may leave out what only describes and does not decide: `Tally.orders` is then 0,
    and so are the survey's `orders` and `pairs`. All else is as exact as with them.

    With `recent` the survey also tells the newest order in there, of all rows whose `placed_at` can be read,
    rejects or not; a source that reads no more than the scope tells that of the scope.
    """

    start: date | None = None
    end: date | None = None
    at_least: int = 1
    pairs: Collection[Pair] | None = None
    totals: bool = True
    recent: Recent | None = None


class Reading:
    """Tallies as they stream from a source; `survey` is known once they have all been taken."""

    def __init__(self, tallies: Generator[Tally, None, Survey]) -> None:
        self._tallies = tallies
        self._survey: Survey | None = None

    def __iter__(self) -> Iterator[Tally]:
        self._survey = yield from self._tallies

    @property
    def survey(self) -> Survey:
        """What was read. ValueError before the last tally was taken."""
        if self._survey is None:
            raise ValueError("the survey is known when every tally has been taken")
        return self._survey


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that `tercera check` looked at: what, whether it is as it should be, and the remedy.

    A remedy of what is as it should be is advice. `more` are further lines, beside the detail. `changed` says
    that `--fix` has just changed something for it.
    """

    what: str
    ok: bool
    detail: str = ""
    remedy: str = ""
    more: tuple[str, ...] = ()
    changed: bool = False


def check_of_rows(rows: int, rejects: Mapping[RejectReason, int], remedy: str) -> Check:
    """What is to be said of the first rows of a source. `remedy` stands beside so many rejects that
    operations would hear of them."""
    if not rows:
        return Check("rows", True, "there are no orders yet")
    rejected = sum(rejects.values())
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in rejects.items())
    detail = f"{rejected:,} of the first {rows:,} can't be judged" + (f": {reasons}" if reasons else "")
    if rejected == rows:
        return Check("rows", False, detail, remedy)
    is_much = rows >= _FEW_ROWS and rejected > _USUAL * rows
    usual = "; or, where they are usual, raise rejects.max_share"
    return Check("rows", True, detail, f"{remedy}{usual}" if is_much else "")


@runtime_checkable
class Source(Protocol):
    """Where orders and customers are read. Nothing connects before the first call.

    Every method raises `SourceError` when the source can't be reached or is not what the settings say.
    """

    def tally(self, counting: Counting, scope: Scope) -> Reading:
        """One aggregation in the engine that holds the orders.

        Distinct order ids are counted; an order matches in a window when any of its rows there does. The
        survey covers the rows that were read for the scope: those dated in it, and those that no date can
        be read from as far as the source can find them without reading its history.
        """
        ...

    def customers(self, ids: Collection[str]) -> dict[str, Customer]:
        """The directory entries of these customers; an id without an entry is not in the answer."""
        ...

    def doubtful(
        self, counting: Counting, window: Window, subjects: Collection[SubjectId]
    ) -> Mapping[SubjectId, Mapping[RejectReason, int]]:
        """How many orders more could count for these subjects in a window, by why they don't: of rejects
        that match, name the subject, are rejected for one of `DOUBTFUL`, and are dated in the window or not
        at all. Rows with one order id are one order, a row without is one.

        Like a survey it covers what the source finds without reading its history.
        """
        ...

    def check(self, countings: Sequence[Counting], *, fix: bool = False) -> Iterator[Check]:
        """Looks at what the settings name: reachable, present, indexed; `fix` creates missing indexes."""
        ...

    def close(self) -> None:
        """Lets go of connections."""
        ...


@runtime_checkable
class Reproducible(Protocol):
    """A source that can say how it counts, for whoever wants to see it by hand."""

    def question(self, counting: Counting, scope: Scope) -> str:
        """What the engine is asked for the pairs of a scope, in its own language, every value filled in:
        to run it in the engine's own shell. May look at the source. Raises `SourceError`."""
        ...
