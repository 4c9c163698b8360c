"""Several instances on one PostgreSQL: kill any, pause any, the rest go on, and nobody is told anything twice
but what was in flight.

`make fault` does more of it (`full_instances.py`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.fault.party import party


@pytest.mark.mongod
def test_two_instances(tmp_path: Path, database: Database[dict[str, Any]], ledger: str) -> None:
    """Disturbed four times."""
    with party(tmp_path, database, ledger, 2) as ongoing:
        ongoing.begin()
        for _ in range(4):
            ongoing.disturb()
        verdict = ongoing.end()
        verdict.show()
        assert verdict.is_good
