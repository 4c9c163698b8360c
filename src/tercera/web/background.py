"""Dear answers, worked out beside the requests: one at a time, each kept for a while."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar, cast

from tercera.errors import TerceraError

T = TypeVar("T")
log = logging.getLogger("tercera.web")

KEPT = timedelta(minutes=10)
"""How long an answer is good enough, at least."""

EFFORT = 100
"""It is kept for so many times as long as it took, if that is longer: who has a database that takes a minute
is not asked every ten."""

MOST = 64
"""Answers that are kept, and questions that may wait."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """The last answer with when it was worked out, None where there is none yet; `working` says that a new
    one is under way, `error` why the last try gave none."""

    value: T | None
    at: datetime | None
    working: bool
    error: str | None = None


@dataclass
class _Kept:
    value: object = None
    at: datetime | None = None
    until: datetime | None = None
    error: str | None = None
    done: threading.Event | None = None


@dataclass
class _Work:
    kept: _Kept
    work: Callable[[], object]
    clock: Callable[[], datetime]
    done: threading.Event = field(default_factory=threading.Event)


class Background:
    """One thread that works, started when it is first needed."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, _Kept] = {}
        self._waiting: queue.Queue[_Work] = queue.Queue(MOST)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(
        self,
        key: Hashable,
        work: Callable[[], T],
        clock: Callable[[], datetime],
        *,
        wait: float = 0.0,
        anew: bool = False,
    ) -> Answer[T]:
        """What is known; begins to work where nothing is or it is old, or `anew`. Waits so many seconds for
        a first answer."""
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            is_old = kept.until is None or clock() >= kept.until
            if kept.done is None and (is_old or anew):
                self._begin(kept, work, clock)
            done = kept.done if kept.at is None else None
            self._forget()
        if done is not None and wait:
            done.wait(wait)
        return Answer(cast("T | None", kept.value), kept.at, kept.done is not None, kept.error)

    def known(self, key: Hashable) -> Answer[object]:
        """What is known, without beginning anything."""
        kept = self._kept.get(key, _Kept())
        return Answer(kept.value, kept.at, kept.done is not None, kept.error)

    def _begin(self, kept: _Kept, work: Callable[[], object], clock: Callable[[], datetime]) -> None:
        job = _Work(kept, work, clock)
        try:
            self._waiting.put_nowait(job)
        except queue.Full:
            return  # whoever asks again later may be lucky
        kept.done = job.done
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="background", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            _work(self._waiting.get())

    def _forget(self) -> None:
        """The oldest ones; those under way stay."""
        for key in [key for key, kept in self._kept.items() if kept.done is None][: -MOST or None]:
            del self._kept[key]


def _work(job: _Work) -> None:
    """A question never ends the thread: what went wrong is its answer."""
    kept, began = job.kept, job.clock()
    try:
        kept.value, kept.error = job.work(), None
    except TerceraError as error:
        kept.error = str(error)
    except Exception:
        log.exception("working something out for the dashboard failed")
        kept.error = "this is a defect; the log of Tercera says where it happened"
    ended = job.clock()
    kept.at = ended if kept.error is None else kept.at
    kept.until = ended + (max(KEPT, (ended - began) * EFFORT) if kept.error is None else KEPT / 20)
    kept.done = None
    job.done.set()
