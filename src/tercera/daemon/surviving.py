"""What becomes of the errors of a job: most are logged and tried again, and few end the process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from tercera.cycle import Stopped
from tercera.errors import ConflictError, OutageError, TerceraError

log = structlog.get_logger("tercera")


class Survival:
    """For all jobs of a process; `broken` is the error that ends it."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.broken: TerceraError | None = None

    @contextmanager
    def of(self, job: str) -> Iterator[None]:
        """A ledger that can't be written to ends the process: nothing could be remembered any more. One whose
        server is away for a while does not: nothing is sent or forgotten until it is back."""
        try:
            yield
        except Stopped as error:
            log.info("cycle stopped", remark=str(error))
        except (OutageError, ConflictError) as error:
            log.warning(f"{job} failed, will be tried again", error=str(error))
        except TerceraError as error:
            log.error(f"{job} failed", error=str(error))
            self.broken = error
            self._stop.set()
        except Exception:
            log.exception(f"{job} failed", remark="this is a defect; the next run tries again")
