"""What `test_instances.py` does, often, with two and three instances, and with a database that crashes. For
`make fault`, which names this file: its name keeps `make test` from it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from pymongo.database import Database

from tests.fault.party import party
from tests.servers.postgresql import Postgres

pytestmark = pytest.mark.timeout(1800)


@pytest.mark.parametrize("instances", [2, 3])
@pytest.mark.parametrize("number", range(2))
def test_instances(
    tmp_path: Path, database: Database[dict[str, Any]], ledger: str, instances: int, number: int
) -> None:
    """Two and three of them, disturbed 60 times, twice."""
    with party(tmp_path, database, ledger, instances, number) as ongoing:
        ongoing.begin()
        for _ in range(60):
            ongoing.disturb()
        verdict = ongoing.end()
        verdict.show()
        assert verdict.is_good


def test_postgresql_crashes(tmp_path: Path, database: Database[dict[str, Any]]) -> None:
    """Ten times under two instances: they wait for it, and go on. Nothing is lost, and only what was in
    flight comes twice."""
    # Not below pytest's folder, which only its owner may enter: the server runs as nobody.
    with TemporaryDirectory(prefix="tercera-postgres-") as folder, Postgres(Path(folder)) as server:
        url = server.uri.render_as_string(hide_password=False)
        with party(tmp_path, database, url, 2) as ongoing:
            ongoing.begin()
            for _ in range(10):
                ongoing.restart(server)
            verdict = ongoing.end()
            verdict.show()
            assert verdict.is_good
