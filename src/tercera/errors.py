"""What can go wrong, in the words of whoever has to put it right.

One root, few leaves. Every message names the object, the value and the remedy; the exit code of the
command line is a property of the leaf.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self


class TerceraError(Exception):
    """Something that a person can put right. Its text is shown as it is, in one line."""

    exit_code = 1
    phrase: str | None = None
    """By which pages say the same in their reader's language; without one they say what kind of error it is,
    and show the text."""
    values: Mapping[str, Any] = {}
    """What the phrase holds."""

    def said_as(self, phrase: str, **values: Any) -> Self:
        """The same error, with its phrase."""
        self.phrase, self.values = phrase, values
        return self


class ConfigError(TerceraError):
    """The configuration is wrong. Carries every mistake at once, each with its path and line."""

    exit_code = 2

    def __init__(self, mistakes: list[str] | str) -> None:
        self.mistakes = [mistakes] if isinstance(mistakes, str) else mistakes
        super().__init__("\n".join(self.mistakes))


class SourceError(TerceraError):
    """The orders can't be read now: unreachable, refused, or not what the configuration says."""

    exit_code = 3


class HistoryLostError(SourceError):
    """What happened since a position can't be told any more; a sweep finds it."""


class LedgerError(TerceraError):
    """The ledger can't be used: another instance holds it, its disk is full, its version is newer."""

    exit_code = 4


class OutageError(LedgerError):
    """The ledger can't be used for now: its server is away, was restarted, or is busy with somebody else.
    Nothing of this step was written; trying again later helps."""


class ConflictError(LedgerError):
    """An alert was changed by another process since it was read. Nothing was written; trying again helps."""


class NotFoundError(TerceraError):
    """What was asked for by its id does not exist."""

    exit_code = 5


class Fault(StrEnum):
    """Whose fault it is that a message was not accepted."""

    MESSAGE = "message"  # this message, or its recipient: others may go out
    CHANNEL = "channel"  # nobody is there, or we are not let in: no message can go out now
    UNSURE = "unsure"  # it was not taken; whether others are, the next one will tell
    LOST = "lost"  # handed over, and no answer came: it may have arrived


class DeliveryError(TerceraError):
    """A message was not accepted.

    `permanent` means that the same message to the same address will be refused again; `reason` holds the
    other side's own words, `code` its answer code where it gave one (0: it was not asked). Without a `fault`,
    an answer is about the message, and no answer about the channel. `retry_after` is what the other side
    asked us to wait.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool,
        code: int | None = None,
        fault: Fault | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.code = code
        answered = permanent or code is not None
        self.fault = fault or (Fault.MESSAGE if answered else Fault.CHANNEL)
        self.retry_after = retry_after
