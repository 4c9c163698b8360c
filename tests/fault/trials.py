"""A world, its servers and a Tercera that watches it, ready to be killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from pymongo.database import Database

from tests.e2e.shop import files_source
from tests.fault.configured import configured, in_files, in_mongodb, seed
from tests.fault.trial import Trial, preloaded, witnesses
from tests.fault.world import World
from tests.servers.mongod import mongod_uri


@contextmanager
def over_files(folder: Path, number: int = 0) -> Iterator[Trial]:
    """A trial over two CSV files."""
    chosen = seed() + number
    world = World(Random(chosen))
    with witnesses(folder / "witness.log") as (log, ports):
        show = in_files(world, folder)
        tercera = configured(folder, files_source(), ports[0], schedule={"every": "1s"})
        with preloaded(tercera) as process:
            yield Trial(world, show, Random(chosen), log, process, meanwhile=3)


@contextmanager
def over_mongodb(
    folder: Path,
    database: Database[dict[str, Any]],
    mutant: str | None = None,
    *,
    only_now: bool = False,
    number: int = 0,
    uri: str | None = None,
) -> Iterator[Trial]:
    """A trial over two collections; with `only_now` nothing is in windows that are over. `uri` names the
    server where it is not the usual one."""
    chosen = 1 if mutant else seed() + number  # a mistake is made in the same world on every run
    world = World(Random(chosen))
    if only_now:
        world.months = world.months[-1:]
    source = {
        "kind": "mongodb",
        "uri": uri or mongod_uri(),
        "database": database.name,
        "orders": {"collection": "Orders"},
        "customers": {"collection": "Clients"},
    }
    with witnesses(folder / "witness.log") as (log, ports):
        show = in_mongodb(world, database)
        tercera = configured(folder, source, ports[0], schedule={"every": "1s"})
        with preloaded(tercera, mutant) as process:
            yield Trial(world, show, Random(chosen), log, process)
