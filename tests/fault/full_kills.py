"""What `test_kills.py` does, so often that the kills are 2,000. For `make fault`, which names this file: its
name keeps `make test` from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.fault.killing import kill_beginnings, kill_briefly, kill_often
from tests.fault.mutants import MUTANTS
from tests.fault.trials import over_files, over_mongodb

pytestmark = pytest.mark.timeout(1800)


@pytest.mark.parametrize("number", range(4))
def test_runs_over_mongodb(tmp_path: Path, database: Database[dict[str, Any]], number: int) -> None:
    """At 4 × 350 moments, and daemons at 4 × 40."""
    with over_mongodb(tmp_path, database, number=number) as trial:
        assert kill_often(trial, 350, daemons=40).is_good


@pytest.mark.parametrize("number", range(2))
def test_runs_over_files(tmp_path: Path, number: int) -> None:
    """At 2 × 80 moments, and daemons at 2 × 10."""
    with over_files(tmp_path, number) as trial:
        assert kill_often(trial, 80, daemons=10).is_good


@pytest.mark.parametrize("number", range(2))
def test_first_starts(tmp_path: Path, database: Database[dict[str, Any]], number: int) -> None:
    """At 2 × 50 moments."""
    with over_mongodb(tmp_path, database, only_now=True, number=number) as trial:
        assert kill_beginnings(trial, 50).is_good


@pytest.mark.parametrize("mutant", MUTANTS)
def test_mistakes_are_found(tmp_path: Path, database: Database[dict[str, Any]], mutant: str) -> None:
    """The verdict has teeth."""
    with over_mongodb(tmp_path, database, mutant) as trial:
        assert not kill_briefly(trial).is_good
