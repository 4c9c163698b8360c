"""`kill -9` at every boundary and at random moments, while orders arrive, change and disappear: no notice is
lost, none is repeated but what a server had accepted without a receipt, none is unexpected.

150 kills in all; `make fault` goes on to 2,000 (`full_kills.py`).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.fault.killing import kill_beginnings, kill_briefly, kill_often
from tests.fault.mutants import MUTANTS
from tests.fault.trials import over_files, over_mongodb


@pytest.mark.mongod
@pytest.mark.timeout(600)
def test_runs_over_mongodb(tmp_path: Path, database: Database[dict[str, Any]]) -> None:
    """At 116 moments, and a daemon at 4 more."""
    with over_mongodb(tmp_path, database) as trial:
        assert kill_often(trial, 116, daemons=4).is_good


@pytest.mark.timeout(600)
def test_runs_over_files(tmp_path: Path) -> None:
    """At 14 moments."""
    with over_files(tmp_path) as trial:
        assert kill_often(trial, 14).is_good


@pytest.mark.mongod
@pytest.mark.timeout(600)
def test_first_starts(tmp_path: Path, database: Database[dict[str, Any]]) -> None:
    """At 16 moments: before, within and after the making of the ledger, and at every other boundary."""
    with over_mongodb(tmp_path, database, only_now=True) as trial:
        assert kill_beginnings(trial, 16).is_good


@pytest.mark.mongod
@pytest.mark.parametrize("mutant", list(MUTANTS)[:2])
def test_mistakes_are_found(tmp_path: Path, database: Database[dict[str, Any]], mutant: str) -> None:
    """The verdict has teeth: a few kills suffice for it to find each of these mistakes."""
    with over_mongodb(tmp_path, database, mutant) as trial:
        assert not kill_briefly(trial).is_good


def test_every_mistake_can_still_be_made() -> None:
    """What `make fault` puts in the wrong place still finds its place."""
    command = [sys.executable, "-m", "tests.fault.preloaded", *MUTANTS]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
