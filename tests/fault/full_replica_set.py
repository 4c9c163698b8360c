"""A three-node replica set whose primary is killed with -9 while Tercera sweeps. For `make fault`, which
names this file: its name keeps `make test` from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault.killing import judged
from tests.fault.trials import over_mongodb
from tests.servers.replica_set import ReplicaSet


@pytest.mark.timeout(900)
def test_the_primary_is_killed_during_a_sweep(tmp_path: Path) -> None:
    """Twelve times: the sweep waits for the next primary and is right, or it fails, says so, and the next one
    is right. Nothing is lost and nothing is repeated."""
    with ReplicaSet(tmp_path) as servers:
        database = servers.client["shop"]
        with over_mongodb(tmp_path, database, uri=servers.uri) as trial:
            trial.ends_with = (0, 3)
            trial.begin()
            well = 0
            for _ in range(12):
                trial.happen()
                dead: list[int] = []

                def kill(dead: list[int] = dead) -> None:
                    dead.append(servers.kill_primary())

                well += trial.run_while(kill)
                servers.primary()
                servers.start(dead[0])
            trial.happen()
            trial.measure()
            print(f"{well} of 12 sweeps ended well although their primary was killed")
            verdict = judged(trial)
            assert verdict.is_good
            assert verdict.repeated.total() == 0
