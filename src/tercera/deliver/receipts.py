"""Receipts are on disk before the next message goes out over the same connection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from tercera.failpoints import Failpoint, reached
from tercera.messages import Outcome

LINGER = 0.005
"""Seconds that a receipt may wait for others, to reach the disk with them."""


class ReceiptBook:
    """Writes receipts durably, many in one transaction: as soon as `enough` wait, and at the latest `LINGER`
    seconds after the first of them."""

    def __init__(self, settle: Callable[[Sequence[Outcome]], None], enough: int) -> None:
        self._settle = settle
        self._enough = enough
        self._waiting: list[tuple[Outcome, Future[None]]] = []
        self._joining = threading.Lock()
        self._writing = threading.Lock()
        self._full = threading.Event()

    def write(self, outcome: Outcome) -> None:
        """Returns when the receipt is on disk. Whoever gets to write first writes for all who wait."""
        written: Future[None] = Future()
        with self._joining:
            self._waiting.append((outcome, written))
            if len(self._waiting) >= self._enough:
                self._full.set()
        with self._writing:
            if not written.done():
                self._full.wait(LINGER)
                self._write_all()
        written.result()

    def _write_all(self) -> None:
        with self._joining:
            batch, self._waiting = self._waiting, []
            self._full.clear()
        try:
            reached(Failpoint.BEFORE_RECEIPT)
            self._settle([outcome for outcome, _ in batch])
            reached(Failpoint.AFTER_RECEIPT)
        except BaseException as error:  # noqa: BLE001 - each of those who wait raises it
            for _, written in batch:
                written.set_exception(error)
        else:
            for _, written in batch:
                written.set_result(None)
