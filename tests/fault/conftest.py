"""Servers that trials run against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from tests.servers.mongod import empty_database
from tests.servers.postgresql import empty_ledger


@pytest.fixture
def database() -> Iterator[Database[dict[str, Any]]]:
    """An empty database of the test's own."""
    with empty_database() as database:
        yield database


@pytest.fixture
def ledger() -> Iterator[str]:
    """A new ledger on PostgreSQL."""
    with empty_ledger() as url:
        yield url
