"""What a customer may hear of one alert, and must: the promises, as a model that knows no more than what was
said and how many orders there were when somebody last looked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tercera.model import Reason

LEVELS = {"notice": 3, "warning": 5, "critical": 8}
_RISING = (Reason.OPENED, Reason.ESCALATED)


def rank(count: int) -> int:
    """How high a count is, 0 for below everything."""
    return sum(count >= threshold for threshold in LEVELS.values())


def rank_of(level: str | None) -> int:
    """How high a level is."""
    return [None, *LEVELS].index(level)


@dataclass
class Hearing:
    """What was said of one pair: the level that was said last, which is what somebody believes. `eases` when
    that a level was left is said too. `excused` once somebody discarded what was to be said, or history was
    passed over: then silence is no mistake. `may_repeat` once it was over for a while without a word: then a
    new beginning may say what was said."""

    level: int = 0
    eases: bool = False
    over: bool = False
    excused: bool = False
    may_repeat: bool = False

    def hear(self, reason: Reason, level: str | None, truth: int) -> None:
        """Something is said while so many orders are there."""
        assert not self.over, f"{reason} after the end"
        if reason in _RISING:
            known = 0 if self.may_repeat else self.level
            assert rank_of(level) == rank(truth) > known, f"{reason} {level} with {truth} orders, {self}"
            self.level = rank_of(level)
            self.may_repeat = False
        elif reason is Reason.EASED:
            assert self.eases, "nobody asked for it"
            assert 0 < rank_of(level) == rank(truth) < self.level, f"eased to {level} with {truth}, {self}"
            self.level = rank_of(level)
        elif reason is Reason.RETRACTED:
            assert rank(truth) == 0, f"retracted with {truth} orders"
            assert self.level > 0, "nobody had heard of it"
            self.level = 0
            self.excused = False
        else:
            assert reason is Reason.CLOSED, reason
            assert self.level > 0, "nobody had heard of it"
            self.over = True

    def check(self, truth: int) -> None:
        """After a sweep that nothing kept from speaking: what is true was said, and what was said is true; of
        a level that was left only where somebody asks for that."""
        if self.over or self.excused:
            return
        assert self.level >= rank(truth), f"nobody was told of {truth} orders, {self}"
        assert rank(truth) > 0 or self.level == 0, f"nobody was told that it is over, {self}"
        assert not self.eases or self.level == rank(truth), f"nobody was told that there are {truth}, {self}"


@dataclass
class Quieted:
    """One decision that keeps alerts quiet, as the model remembers it."""

    subject: str | None
    window: str | None
    until: datetime | None
    ended: bool = False

    def holds(self, subject: str, window: str, now: datetime) -> bool:
        """Whether it is about the pair, and in force."""
        in_force = not self.ended and (self.until is None or now < self.until)
        return in_force and self.subject in (None, subject) and self.window in (None, window)


@dataclass
class Quiet:
    """All of them."""

    decisions: list[Quieted] = field(default_factory=list)

    def about(self, subject: str, window: str, now: datetime) -> bool:
        """Whether anything keeps the pair quiet."""
        return any(each.holds(subject, window, now) for each in self.decisions)

    def running(self, now: datetime) -> Iterable[int]:
        """The numbers of those that somebody could end."""
        return [
            number
            for number, each in enumerate(self.decisions)
            if not each.ended and (each.until is None or now < each.until)
        ]
