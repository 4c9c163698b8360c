"""Servers that whole-process tests talk to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.servers.mongod import empty_database, mongod_uri
from tests.servers.smtp import SmtpServer


@pytest.fixture
def mongo_uri() -> str:
    """A replica set with authentication, one for all tests of a worker."""
    return mongod_uri()


@pytest.fixture
def database() -> Iterator[Database[dict[str, Any]]]:
    """An empty database of the test's own, on that server."""
    with empty_database() as database:
        yield database


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[SmtpServer]:
    """STARTTLS, a login, and a certificate of its own authority."""
    folder = tmp_path / "mail server"
    folder.mkdir()
    with SmtpServer(folder) as server:
        yield server
