"""Servers that whole-process tests talk to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tercera.local_mongod import running_mongod
from tests.servers.smtp import SmtpServer


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A replica set with authentication, one for all tests of a worker: mark them `xdist_group("mongod")`."""
    with running_mongod(tmp_path_factory.mktemp("mongod")) as uri:
        yield uri


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[SmtpServer]:
    """STARTTLS, a login, and a certificate of its own authority."""
    folder = tmp_path / "mail server"
    folder.mkdir()
    with SmtpServer(folder) as server:
        yield server
