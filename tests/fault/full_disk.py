"""A SQLite ledger whose disk is full: one clear error, nothing half written; with more room on it goes. For
`make fault`."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.process import Tercera
from tests.e2e.shop import SECRETS, Files, Inbox, configuration, files_source, this_month
from tests.servers.smtp import SmtpServer


@pytest.fixture
def mail_server(tmp_path: Path) -> SmtpServer:
    """One that takes everything."""
    folder = tmp_path / "mail server"
    folder.mkdir()
    return SmtpServer(folder)


def test_no_room(tmp_path: Path, mail_server: SmtpServer) -> None:
    """A limit of the file's size stands for a full disk: the sweep that needs more fails with 4 and one line;
    nobody is told anything; the ledger is whole; with room, everybody is told once."""
    shop, month = Files(tmp_path), this_month()
    with mail_server as server:
        tercera = Tercera(tmp_path, SECRETS)
        tercera.configure(configuration(files_source(), server, guard={"max_share": 1}))
        tercera.json("run", "--once")
        for number in range(60):
            shop.customers[f"c{number}"] = (f"Customer {number}", f"c{number}@example.com")
            for each in range(3):
                shop.orders[f"o{number}-{each}"] = (f"c{number}", month.day(3), "returned")
        shop.write()
        inbox = Inbox(server)
        code, complaints = _run_with_room(tercera, 60_000)
        assert code == 4
        assert len(complaints) == 1
        assert "disk" in complaints[0]
        inbox.expect()
        assert tercera.json("alerts")["alerts"] == []
        assert _is_whole(tmp_path / "tercera.db")
        assert tercera.json("run", "--once")["notices"]["sent"] == 120
        subject = f"Tiene 3 pedidos devueltos en {month.spanish}"
        inbox.expect(
            *((f"c{number}@example.com", subject) for number in range(60)),
            ("ops@shop.example.com", "Tercera: 60 changes (60 new)"),
        )


def _run_with_room(tercera: Tercera, size: int) -> tuple[int, list[str]]:
    """A run whose files may not grow beyond a size; its exit code and what it wrote on stderr."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    done = subprocess.run(
        [sys.executable, "-m", "tercera", "run", "--once", "--json"],
        cwd=tercera.folder,
        env=tercera.environment,
        capture_output=True,
        text=True,
        preexec_fn=limited,
    )
    return done.returncode, done.stderr.splitlines()


def _is_whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as ledger:
        return bool(ledger.execute("PRAGMA integrity_check").fetchone() == ("ok",))
