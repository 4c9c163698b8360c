"""Runs of `tercera run --once` that are killed at random moments, and what the mail server saw of each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.e2e.process import Tercera
from tests.e2e.recorder import Arrival, Log

_PATIENCE = 60


@dataclass(frozen=True)
class Attempt:
    """One run: whether it was killed, whether it had begun to deliver, and the mails that were accepted."""

    killed: bool
    delivering: bool
    arrivals: tuple[Arrival, ...]


@dataclass
class Pace:
    """How long a run takes to its first connection, and from there to its end, in seconds."""

    cycle: float = 0.0
    delivery: float = 0.0


@dataclass
class Trial:
    """The processes of a trial, and every attempt so far."""

    tercera: Tercera
    random: Random
    log: Log
    preloaded: subprocess.Popen[str]
    pace: Pace = field(default_factory=Pace)
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def killed(self) -> list[Attempt]:
        """The attempts that were killed before they had ended by themselves."""
        return [attempt for attempt in self.attempts if attempt.killed]

    def measure(self) -> None:
        """An undisturbed run sets the pace."""
        os.close(self._start())
        self._wait_for_connection()
        connected = time.monotonic()
        self._finish()
        self.pace.delivery = time.monotonic() - connected
        assert not self.attempts[-1].killed

    def attempt(self, *, beginning: bool = False) -> None:
        """A run that is killed at a random moment, in turns before and after the first mail is handed over;
        always before it with `beginning`."""
        delivering = len(self.killed) % 2 == 0 and not beginning
        moment = self.random.random()
        process = self._start()
        if delivering:
            self._wait_for_connection()
        time.sleep(moment * (self.pace.delivery if delivering else self.pace.cycle))
        try:
            signal.pidfd_send_signal(process, signal.SIGKILL)
        except ProcessLookupError:  # it was faster
            self.pace.delivery *= 0.8
        finally:
            os.close(process)
        self._finish()

    def _start(self) -> int:
        self._opened, self._arrivals = self.log.opened, list[Arrival]()
        order = {
            "arguments": ["run", "--once", "--json"],
            "folder": str(self.tercera.folder),
            "log": str(self.tercera.folder / "run.log"),
        }
        assert self.preloaded.stdin is not None
        self.preloaded.stdin.write(json.dumps(order) + "\n")
        self.preloaded.stdin.flush()
        self._pid = int(self._answer())
        self._ended = False
        return os.pidfd_open(self._pid)

    def _wait_for_connection(self) -> None:
        """Until the run talks to the mail server, or has ended."""
        began = time.monotonic()
        while self.log.opened == self._opened and not self._is_over():
            assert time.monotonic() < began + _PATIENCE
            time.sleep(0.001)
            self._arrivals += self.log.arrivals()
        self.pace.cycle = time.monotonic() - began

    def _is_over(self) -> bool:
        try:
            state = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        return state == "Z"

    def _finish(self) -> None:
        """Until the process has ended and the server has read all that it had sent."""
        code = int(self._answer())
        deadline = time.monotonic() + _PATIENCE
        self._arrivals += self.log.arrivals()
        while self.log.closed < self.log.opened:
            assert time.monotonic() < deadline
            time.sleep(0.001)
            self._arrivals += self.log.arrivals()
        assert code in (0, -signal.SIGKILL), (self.tercera.folder / "run.log").read_text()
        self.attempts.append(Attempt(code != 0, self.log.opened > self._opened, tuple(self._arrivals)))

    def _answer(self) -> str:
        assert self.preloaded.stdout is not None
        line = self.preloaded.stdout.readline()
        assert line, "the preloaded process has ended"
        return line


@contextmanager
def recording(path: Path) -> Iterator[tuple[Log, int]]:
    """A mail server in its own process; gives its log and its port."""
    with _process("tests.e2e.recorder", str(path)) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        with path.open(encoding="utf-8") as file:
            yield Log(file), port


@contextmanager
def trial(tercera: Tercera, log: Log, seed: int) -> Iterator[Trial]:
    """A trial of what is configured."""
    with _process(
        "tests.e2e.preloaded", environment={**tercera.environment, "OPENBLAS_NUM_THREADS": "1"}
    ) as preloaded:
        yield Trial(tercera, Random(seed), log, preloaded)


@contextmanager
def _process(
    module: str, *arguments: str, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=Path(__file__).parents[2],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
