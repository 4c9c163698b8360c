"""What the contract suite needs to know of each kind of channel: one module here per kind, of the same name.

It offers `running(folder)`, a context manager that gives a `Harness` on a real server. A new kind of channel
is tested by adding its module; no test has to be written.
"""

from __future__ import annotations

import pkgutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum, auto
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from pydantic import BaseModel

from tercera.messages import Channel


class Answer(Enum):
    """What the other side does with the next message to a recipient."""

    BUSY = auto()  # refuses it for now
    REFUSE = auto()  # refuses it for good
    SILENCE = auto()  # never answers
    TAKE_AND_VANISH = auto()  # takes it and ends the connection without saying so


REFUSAL = "no such recipient here"
"""The words of `Answer.REFUSE`."""


@dataclass(frozen=True)
class Received:
    """A message as the other side has it. `key` is what it recognises a repeat by."""

    recipient: str
    key: str
    payload: str


class Harness(Protocol):
    """A real other side, and settings that reach it."""

    secret: str | None
    """The credential in the settings; None for a kind that has none."""

    keeps_connection: bool
    """Whether messages share one. False where a library connects for each."""

    check_connects: bool
    """Whether `check` can find out that nobody is there. False where that shows only by sending."""

    settings: BaseModel
    """Of a channel that gives up waiting after a fraction of a second."""

    channel: Channel
    unreachable: Channel
    """The same, where nobody listens."""

    recipients: tuple[str, str]
    """Two, or twice the one that there is."""

    def prescribe(self, recipient: str, answer: Answer) -> None:
        """What happens to the next message, which is for `recipient`; the ones after it are taken."""
        ...

    def received(self) -> list[Received]:
        """In the order of arrival."""
        ...

    def connections(self) -> int:
        """How many there have been."""
        ...


class HarnessModule(Protocol):
    """A module of this package."""

    ANSWERS: tuple[Answer, ...]
    """What the other side of this kind can do."""

    def running(self, folder: Path) -> AbstractContextManager[Harness]:
        """A harness whose server runs until the end of the block."""
        ...


def harnesses() -> tuple[str, ...]:
    """The kinds that have one."""
    return tuple(
        sorted(each.name for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_"))
    )


def load(kind: str) -> HarnessModule:
    """The module of a kind."""
    return cast(HarnessModule, import_module(f"{__name__}.{kind}"))
