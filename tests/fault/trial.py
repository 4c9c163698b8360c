"""Runs of Tercera that are killed at failpoints and at random moments while orders change, and what the mail
server and the web server saw of each."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tercera.failpoints import Failpoint
from tests.e2e.process import Tercera
from tests.fault.oracle import Look
from tests.fault.witness import Arrival, Log
from tests.fault.world import World

PATIENCE = 60
"""Seconds after which a process that does nothing fails the trial."""

OFTEN = {
    Failpoint.BEFORE_COMMIT: 2,
    Failpoint.INSIDE_COMMIT: 2,
    Failpoint.AFTER_COMMIT: 2,
    Failpoint.AFTER_CONNECT: 6,
    Failpoint.AFTER_ACCEPTED: 12,
    Failpoint.BEFORE_RECEIPT: 8,
    Failpoint.INSIDE_RECEIPT: 8,
    Failpoint.AFTER_RECEIPT: 8,
}
"""Failpoints that a run comes to more than once: up to which time one is chosen."""

MIGRATING = (Failpoint.BEFORE_MIGRATION, Failpoint.INSIDE_MIGRATION, Failpoint.AFTER_MIGRATION)


@dataclass(frozen=True)
class Attempt:
    """One run: whether it was killed, and where (`""` for a random moment), whether it had begun to deliver,
    the messages that were accepted, and which states of the orders it could see."""

    killed: bool
    place: str
    delivering: bool
    arrivals: tuple[Arrival, ...]
    look: Look


@dataclass(frozen=True)
class Disturbance:
    """An instance was killed (`ends` is None), or stood still until then; by the machine's even clock."""

    instance: int
    starts: float
    ends: float | None = None


@dataclass
class Pace:
    """How long a run takes to its first connection, and from there to its end, in seconds."""

    cycle: float = 0.0
    delivery: float = 0.0


class Preloaded:
    """A process that starts runs quickly."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self.folder = folder
        self.pid = 0

    def start(self, *arguments: str, failpoints: str = "") -> None:
        """Starts a run; the one before has ended."""
        (self.folder / "run.log").touch()  # there from now on, whenever the run opens it
        order = {
            "arguments": arguments,
            "folder": str(self.folder),
            "log": str(self.folder / "run.log"),
            "failpoints": failpoints,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self.pid = int(self._answer())

    def end(self) -> None:
        """Ends what still runs."""
        if self.pid and self.send(signal.SIGKILL):
            self.ended()

    def send(self, number: signal.Signals) -> bool:
        """Sends a signal; False when the run was faster and has ended."""
        if self.is_over():
            return False
        try:
            os.kill(self.pid, number)  # nobody else gets this number before `ended` has asked for it
        except ProcessLookupError:
            return False
        return True

    def is_over(self) -> bool:
        """Whether the run has ended."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or before it was read
            return True
        return state == "Z"

    def ended(self) -> int:
        """Waits for its end; gives the exit code, -9 after SIGKILL."""
        return int(self._answer())

    @property
    def words(self) -> str:
        """What the last run wrote on stdout and stderr."""
        return (self.folder / "run.log").read_text()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the preloaded process has ended"
        return line


@dataclass
class Trial:
    """A world, a Tercera that watches it, and every attempt so far. `show` lets the source see the orders of
    these ids as they now are."""

    world: World
    show: Callable[[list[str]], None]
    random: Random
    log: Log
    process: Preloaded
    changes: int = 10
    """Things that happen to orders between two runs."""

    meanwhile: int = 1
    """Things that happen at once while a run looks: several only where a source sees all of them or none."""

    ends_with: tuple[int, ...] = (0, -signal.SIGKILL)
    """The exit codes that may be: 3 also where the source is disturbed."""

    pace: Pace = field(default_factory=Pace)
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def killed(self) -> list[Attempt]:
        """The attempts that were killed before they had ended by themselves."""
        return [attempt for attempt in self.attempts if attempt.killed]

    def happen(self, changes: int | None = None) -> None:
        """Things happen to the orders."""
        touched = self.world.happen(self.changes if changes is None else changes)
        self.show(touched)

    def begin(self) -> None:
        """First sweeps that have nothing to tell, so that nothing is history, and then two that set the
        pace: the first one also made the ledger."""
        self.happen(0)
        self._start()
        self._finish()
        for _ in range(2):
            self.happen(30)
            self.measure()

    def measure(self) -> None:
        """An undisturbed run sets the pace."""
        self._start()
        self._wait_for_connection()
        connected = time.monotonic()
        self._finish()
        self.pace.delivery = time.monotonic() - connected
        assert not self.attempts[-1].killed

    def die_at(self, failpoint: Failpoint, time: int = 1, *, change: bool = True) -> None:
        """A run that is killed at a failpoint, if it gets there so often, while orders change."""
        self._start(f"{failpoint}=kill@{time}")
        if change:
            self._change_meanwhile()
        self._finish(f"{failpoint}")

    def die_somewhere(self, *, delivering: bool, change: bool = True) -> None:
        """A run that is killed at a random moment, before or after its first connection."""
        moment = self.random.random()
        self._start()
        if delivering:
            self._wait_for_connection()
        elif change:
            self._change_meanwhile()
        time.sleep(moment * (self.pace.delivery if delivering else self.pace.cycle))
        if not self.process.send(signal.SIGKILL) and delivering:
            self.pace.delivery *= 0.8  # it was faster
        self._finish()

    def run_while(self, something: Callable[[], None]) -> bool:
        """A run during which something happens to its surroundings; whether it ended well all the same."""
        self._start()
        time.sleep(self.random.random() * self.pace.cycle)
        something()
        self._finish()
        return self.attempts[-1].look.certain

    def live_and_die(self) -> None:
        """A daemon that sweeps every second while things happen, and is killed at a random moment."""
        self._start_daemon()
        over = time.monotonic() + self.random.uniform(self.pace.cycle, 2.5)
        while (left := over - time.monotonic()) > 0:
            time.sleep(min(left, self.random.uniform(0.05, 0.4)))
            self.happen(self.meanwhile)
            self._arrivals += self.log.arrivals()
        assert self.process.send(signal.SIGKILL), self.process.words
        self._finish("daemon", often=True)

    def _start_daemon(self) -> None:
        self._opened, self._arrivals = self.log.opened, list[Arrival]()
        self._first_version = self.world.now
        self.process.start("run")

    def _change_meanwhile(self) -> None:
        if self.random.random() < 0.5:
            time.sleep(self.random.random() * self.pace.cycle)
            self.happen(self.meanwhile)

    def _start(self, failpoints: str = "") -> None:
        self._opened, self._arrivals = self.log.opened, list[Arrival]()
        self._first_version = self.world.now
        self.process.start("run", "--once", "--json", failpoints=failpoints)

    def _wait_for_connection(self) -> None:
        """Until the run talks to a server, or has ended."""
        began = time.monotonic()
        while self.log.opened == self._opened and not self.process.is_over():
            assert time.monotonic() < began + PATIENCE
            time.sleep(0.001)
            self._arrivals += self.log.arrivals()
        self.pace.cycle = time.monotonic() - began

    def _finish(self, place: str = "", *, often: bool = False) -> None:
        """Until the process has ended and the servers have read all that it had sent."""
        code = self.process.ended()
        self._arrivals += settled(self.log)
        assert code in self.ends_with, self.process.words
        look = Look(
            len(self.attempts), tuple(range(self._first_version, self.world.now + 1)), code == 0, often
        )
        arrived = tuple(self._arrivals)
        killed = code == -signal.SIGKILL
        self.attempts.append(Attempt(killed, place, self.log.opened > self._opened, arrived, look))


def settled(log: Log) -> list[Arrival]:
    """Waits until every connection is closed; gives what had arrived until then."""
    arrivals = list(log.arrivals())
    deadline = time.monotonic() + PATIENCE
    while log.closed < log.opened:
        assert time.monotonic() < deadline, "a connection stays open although nobody is there"
        time.sleep(0.001)
        arrivals += log.arrivals()
    return arrivals


@contextmanager
def witnesses(path: Path, instances: int = 1) -> Iterator[tuple[Log, list[tuple[int, int]]]]:
    """The servers in their own process; gives their log, and for each instance the ports of both."""
    with _process("tests.fault.witness", str(path), str(instances)) as server:
        assert server.stdout is not None
        ports = [(mail, web) for mail, web in json.loads(server.stdout.readline())]
        with path.open(encoding="utf-8") as file:
            yield Log(file), ports


@contextmanager
def preloaded(tercera: Tercera, mutant: str | None = None) -> Iterator[Preloaded]:
    """Starts runs in Tercera's folder."""
    environment = {**tercera.environment, "OPENBLAS_NUM_THREADS": "1"}
    arguments = [mutant] if mutant else []
    with _process("tests.fault.preloaded", *arguments, environment=environment) as process:
        started = Preloaded(process, tercera.folder)
        try:
            yield started
        finally:
            started.end()


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
