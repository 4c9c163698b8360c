"""The ledger's tests run over each engine that can keep one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tercera.ledger import Ledger, open_ledger
from tests.integration.ledger_changes import ENGINES, ledger_kept_by


@pytest.fixture(params=ENGINES)
def ledger_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a new ledger is kept. A test of one engine alone says so by an indirect parameter."""
    with ledger_kept_by(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def ledger(ledger_address: str) -> Iterator[Ledger]:
    """An empty ledger."""
    with open_ledger(ledger_address) as made:
        yield made
