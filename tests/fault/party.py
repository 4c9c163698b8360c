"""Several instances on one ledger that are killed and paused at random, while orders change."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from pymongo.database import Database

from tercera.failpoints import Failpoint
from tercera.ledger import open_ledger
from tercera.messages import NoticeState
from tests.fault.configured import configured, in_mongodb, seed
from tests.fault.oracle import Look
from tests.fault.trial import PATIENCE, Attempt, Disturbance, Preloaded, preloaded, settled, witnesses
from tests.fault.verdict import Verdict, judge_party
from tests.fault.witness import Arrival, Log
from tests.fault.world import World
from tests.servers.mongod import mongod_uri
from tests.servers.postgresql import Postgres

LEASE = 1.0
"""Seconds after which others take over what an instance had."""

_PLACES = (
    Failpoint.AFTER_TALLY,
    Failpoint.INSIDE_COMMIT,
    Failpoint.AFTER_COMMIT,
    Failpoint.AFTER_CLAIM,
    Failpoint.AFTER_ACCEPTED,
    Failpoint.BEFORE_RECEIPT,
    Failpoint.INSIDE_RECEIPT,
)


@dataclass
class Party:
    """Daemons that share a ledger, and what was done to them."""

    world: World
    show: Callable[[list[str]], None]
    random: Random
    log: Log
    instances: list[Preloaded]
    ledger: str
    disturbances: list[Disturbance] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)

    def begin(self) -> None:
        """A first sweep that has nothing to tell; then everybody starts."""
        self._run_once()
        for instance in self.instances:
            instance.start("run")
            while '"started"' not in instance.words:
                assert not instance.is_over(), instance.words
                time.sleep(0.01)

    def disturb(self) -> None:
        """Something happens to the orders, and to one instance."""
        number = self.random.randrange(len(self.instances))
        what = self.random.choice((self._kill, self._kill_at, self._pause, self._pause_briefly))
        self._live(self.random.uniform(0.1, 0.9))
        what(number)

    def end(self) -> Verdict:
        """All of them stop by themselves, and one run has the last word."""
        for number in range(len(self.instances)):
            self._stop(number)
        self.arrivals += settled(self.log)
        self._happen(5)
        last = self._run_once()
        return judge_party(self.disturbances, self.arrivals, last, self.world.versions, self.ledger)

    def _live(self, seconds: float) -> None:
        """Orders change again and again for so long."""
        over = time.monotonic() + seconds
        while (left := over - time.monotonic()) > 0:
            time.sleep(min(left, self.random.uniform(0.05, 0.3)))
            self._happen(6)
            self.arrivals += self.log.arrivals()

    def _kill(self, number: int) -> None:
        assert self.instances[number].send(signal.SIGKILL), self.instances[number].words
        self._died(number)

    def _kill_at(self, number: int) -> None:
        """The instance is started again so that it dies at a boundary, when it comes to it."""
        instance = self.instances[number]
        self._stop(number)
        place = self.random.choice(_PLACES)
        instance.start("run", failpoints=f"{place}=kill@{self.random.randint(1, 3)}")
        over = time.monotonic() + 2
        while not instance.is_over() and time.monotonic() < over:
            self._live(0.1)
        instance.send(signal.SIGKILL)  # others had all the work
        self._died(number)

    def _stop(self, number: int) -> None:
        """It ends by itself, or dies of the signal when it has not begun to listen to it."""
        instance = self.instances[number]
        assert instance.send(signal.SIGTERM), instance.words
        code = instance.ended()
        assert code in (0, -signal.SIGTERM), instance.words
        if code:
            self.disturbances.append(Disturbance(number, time.monotonic()))

    def _died(self, number: int) -> None:
        assert self.instances[number].ended() == -signal.SIGKILL, self.instances[number].words
        self.disturbances.append(Disturbance(number, time.monotonic()))
        self.instances[number].start("run")

    def _pause(self, number: int) -> None:
        """For longer than the lease: others take over."""
        self._stand_still(number, self.random.uniform(1.2, 2.5) * LEASE)

    def _pause_briefly(self, number: int) -> None:
        """Nobody need notice."""
        self._stand_still(number, self.random.uniform(0.1, 0.9) * LEASE)

    def restart(self, server: Postgres) -> None:
        """The database of the ledger crashes, stays away for a while, and recovers."""
        self._live(0.5)
        starts = time.monotonic()
        server.stop(signal.SIGQUIT)
        self._live(self.random.uniform(0.1, 3))
        server.start()
        ends = time.monotonic()
        self.disturbances += [Disturbance(number, starts, ends) for number in range(len(self.instances))]
        self._live(1)

    def _stand_still(self, number: int, seconds: float) -> None:
        starts = time.monotonic()
        assert self.instances[number].send(signal.SIGSTOP), self.instances[number].words
        self._live(seconds)
        ends = time.monotonic()
        assert self.instances[number].send(signal.SIGCONT)
        self.disturbances.append(Disturbance(number, starts, ends))

    def _happen(self, changes: int) -> None:
        self.show(self.world.happen(changes))

    def _run_once(self) -> Attempt:
        """Runs until it swept and nothing waits: what a dead instance had is free when its lease is over."""
        swept = False
        first = self.world.now
        deadline = time.monotonic() + PATIENCE
        arrivals: list[Arrival] = []
        while True:
            self.instances[0].start("run", "--once", "--json")
            assert self.instances[0].ended() == 0, self.instances[0].words
            arrivals += settled(self.log)
            swept = swept or "repeat-returns" in json.loads(self.instances[0].words)["rules"]
            with open_ledger(self.ledger, read_only=True) as ledger:
                if swept and not ledger.post.deliveries(state=NoticeState.PENDING, limit=1):
                    break
            assert time.monotonic() < deadline, "something is never sent"
        return Attempt(False, "", True, tuple(arrivals), Look(0, (first,), certain=True))


@contextmanager
def party(
    folder: Path, database: Database[dict[str, Any]], ledger: str, instances: int, number: int = 0
) -> Iterator[Party]:
    """So many instances over two collections and one PostgreSQL."""
    chosen = seed() + number
    world = World(Random(chosen))
    source = {
        "kind": "mongodb",
        "uri": mongod_uri(),
        "database": database.name,
        "orders": {"collection": "Orders"},
        "customers": {"collection": "Clients"},
    }
    show = in_mongodb(world, database)
    shared = {"ledger": ledger, "schedule": {"every": "1s"}, "lease": f"{LEASE:g}s"}
    with ExitStack() as open_processes:
        log, ports = open_processes.enter_context(witnesses(folder / "witness.log", instances))
        started = []
        for instance in range(instances):
            own = folder / f"instance {instance}"
            own.mkdir()
            tercera = configured(own, source, ports[instance], instance, **shared)
            started.append(open_processes.enter_context(preloaded(tercera)))
        yield Party(world, show, Random(chosen), log, started, ledger)
