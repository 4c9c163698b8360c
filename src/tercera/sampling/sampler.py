"""What a sampler is, how far it goes, and what a configuration needs to know of where it looked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tercera.profile import Counted, Sample
from tercera.profile.choice import promising
from tercera.profile.naming import CUSTOMER, ORDER, words_of

PEEKED = 300
"""Rows of each place that are looked at to see which ones are worth more."""

CLOSER = 4
"""How many places of each sort are looked at more closely."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a look may go: rows and bytes of each place, seconds of everything together, of one question
    over all rows, and to reach the server."""

    rows: int = 10_000
    bytes: int = 64 << 20
    seconds: float = 60
    question: float = 15
    reach: float = 10
    began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds that are left, never none at all."""
        return max(1.0, self.seconds - (time.monotonic() - self.began))

    @property
    def are_spent(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() - self.began >= self.seconds


@dataclass(frozen=True, slots=True)
class Secret:
    """An address that belongs into `.env`, under a name."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is: the address itself, which may hold a password, the text that stands for it in a
    configuration, and what has to be put into `.env` for that, if anything."""

    uri: str
    reference: str
    secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where it was looked, as a configuration names it: keys of `source` and, for each place by its name,
    keys of `orders` or `customers`. `shown` is the address without its password."""

    kind: str
    shown: str
    keys: Mapping[str, str]
    places: Mapping[str, Mapping[str, str | tuple[str, ...]]]
    secret: Secret | None = None
    remarks: tuple[str, ...] = ()


class Sampler(Protocol):
    """Looks at one database or folder. Raises `SourceError`."""

    def origin(self) -> Origin:
        """Where it was looked; known after `samples`."""
        ...

    def samples(self, progress: Progress) -> list[Sample]:
        """Some rows of every place. `progress` hears the name of each."""
        ...

    def count(self, place: str, path: str) -> Counted | None:
        """See `profile.Looks`."""
        ...

    def found(self, place: str, path: str, ids: Sequence[str]) -> frozenset[str] | None:
        """See `profile.Looks`."""
        ...

    def close(self) -> None:
        """Lets go of connections."""
        ...


def likely_first(names: Iterable[str], named: frozenset[str]) -> list[str]:
    """In the order in which they are looked at: those that somebody named, those that are called like orders
    or customers, the others."""

    def rank(name: str) -> tuple[bool, bool, str]:
        telling = set(words_of(name)) & (ORDER | CUSTOMER)
        return name not in named, not telling, name

    return sorted(names, key=rank)


def looked_closer(
    peeked: Sequence[Sample], named: frozenset[str], bounds: Bounds, look: Callable[[str], Sample]
) -> list[Sample]:
    """The same samples, those that matter (or that somebody named) with more rows, while there is time."""
    worth = promising(peeked, CLOSER) | named

    def closer(sample: Sample) -> Sample:
        is_wanted = sample.name in worth and not sample.is_whole and not bounds.are_spent
        return look(sample.name) if is_wanted else sample

    return [closer(sample) for sample in peeked]
