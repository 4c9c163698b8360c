"""Named places where a test lets the process fail: killed, stopped or raising, at the nth time it gets there.

    TERCERA_FAILPOINTS="after-claim=kill@3, before-receipt=raise"

For tests alone, to prove that a process can die anywhere without losing or repeating what it tells. Without
the variable a failpoint costs one look at an empty dictionary.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tercera.errors import ConfigError

VARIABLE = "TERCERA_FAILPOINTS"


class Failpoint(StrEnum):
    """The boundaries, in the order in which a run comes to them."""

    BEFORE_MIGRATION = "before-migration"
    INSIDE_MIGRATION = "inside-migration"  # the tables are there, and nothing is committed
    AFTER_MIGRATION = "after-migration"
    AFTER_POSITION = "after-position"  # from where changes are followed is written, no sweep has begun
    BEFORE_LOOK = "before-look"  # changes were read, nobody has looked
    AFTER_BEGIN = "after-begin"  # the run has its number
    AFTER_TALLY = "after-tally"
    BEFORE_COMMIT = "before-commit"
    INSIDE_COMMIT = "inside-commit"  # alerts and notices are written, the cursor is not
    AFTER_COMMIT = "after-commit"
    AFTER_CLAIM = "after-claim"
    AFTER_CONNECT = "after-connect"
    AFTER_ACCEPTED = "after-accepted"  # the other side has said that it took the message
    BEFORE_RECEIPT = "before-receipt"
    INSIDE_RECEIPT = "inside-receipt"  # the message is settled, its receipt is not written
    AFTER_RECEIPT = "after-receipt"


class Action(StrEnum):
    """What happens there."""

    KILL = "kill"  # SIGKILL: nothing is tidied up
    STOP = "stop"  # SIGSTOP: the process stands still until somebody sends SIGCONT
    RAISE = "raise"  # an error that nobody foresaw


@dataclass
class _Fault:
    action: Action
    left: int
    """Times that the failpoint is still passed, this one included."""


class FailpointError(RuntimeError):
    """Raised at a failpoint that was told to."""


_ONE = re.compile(r"\s*([a-z-]+)=([a-z]+)(?:@([1-9][0-9]*))?\s*")
_faults: dict[Failpoint, _Fault] = {}
_counting = threading.Lock()


def reached(failpoint: Failpoint) -> None:
    """Called at a boundary."""
    if _faults:
        _fail(failpoint)


def arm(environment: Mapping[str, str]) -> None:
    """Switches on what the environment names, and everything else off. Raises `ConfigError`."""
    _faults.clear()
    for text in filter(None, environment.get(VARIABLE, "").split(",")):
        found = _ONE.fullmatch(text)
        if not found or found[1] not in set(Failpoint) or found[2] not in set(Action):
            raise ConfigError(
                f"{VARIABLE} can't be read at {text.strip()!r}; write <failpoint>=<kill, stop or raise>@<n>, "
                f"with one of the failpoints {', '.join(Failpoint)}"
            )
        _faults[Failpoint(found[1])] = _Fault(Action(found[2]), int(found[3] or 1))


def _fail(failpoint: Failpoint) -> None:
    with _counting:
        fault = _faults.get(failpoint)
        if fault is None:
            return
        fault.left -= 1
        if fault.left:
            return
        del _faults[failpoint]
    match fault.action:
        case Action.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Action.STOP:
            os.kill(os.getpid(), signal.SIGSTOP)
        case Action.RAISE:
            raise FailpointError(f"failpoint {failpoint}")
