"""Several `tercera run` over one PostgreSQL, and the commands that look after a ledger."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tercera.ledger import open_ledger
from tercera.messages import NoticeState
from tests.e2e.process import Tercera
from tests.e2e.shop import OPERATIONS, SECRETS, Files, Inbox, Month, configuration, files_source, this_month
from tests.servers.postgresql import PASSWORD, Postgres
from tests.servers.smtp import SmtpServer

NEW = (OPERATIONS, "Tercera: 1 change (1 new)")
UP = (OPERATIONS, "Tercera: 1 change (1 up)")


@pytest.fixture
def month() -> Month:
    """The shop's current month."""
    return this_month()


@pytest.fixture
def shop(tmp_path: Path, month: Month) -> Files:
    """One customer with three returns."""
    folder = tmp_path / "shop"
    folder.mkdir()
    files = Files(folder)
    files.customer("ana", "ana@example.com", "Ana")
    files.returned("ana", month, "A1", "A2", "A3")
    return files


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A PostgreSQL that may be restarted."""
    with TemporaryDirectory(prefix="tercera-postgres-") as folder, Postgres(Path(folder)) as running:
        yield running


def told(month: Month, count: int) -> tuple[str, str]:
    """The customer's mail: the first, or one of more."""
    words = "Tiene 3" if count == 3 else f"Ya son {count}"
    return "ana@example.com", f"{words} pedidos devueltos en {month.spanish}"


def all_sent(server: Postgres, notices: int) -> None:
    """Waits until so many were sent."""
    with open_ledger(server.uri.render_as_string(hide_password=False)) as ledger:
        for _ in range(600):
            if ledger.counts().notices.get(NoticeState.SENT) == notices:
                return
            threading.Event().wait(0.1)
        raise AssertionError(ledger.post.deliveries())


def test_two_instances_and_a_restart_of_the_database(
    shop: Files, mail_server: SmtpServer, server: Postgres, month: Month
) -> None:
    """Everybody hears once, with two of them; after one is killed; and after the database was away."""
    inbox = Inbox(mail_server)
    tercera = Tercera(shop.folder, {**SECRETS, "LEDGER_PASSWORD": PASSWORD})
    address = f"postgresql+psycopg://postgres:${{LEDGER_PASSWORD}}@127.0.0.1:{server.port}/postgres"
    tercera.configure(
        configuration(files_source(), mail_server, schedule={"every": "1s"}, ledger=address, lease="2s")
    )
    checked = tercera.run("check")
    assert "postgres:***@127.0.0.1" in checked.out
    assert PASSWORD not in checked.out + checked.err
    (line,) = tercera.rejected("ledger", "backup", "copy", code=4)
    assert "pg_dump --format=custom --schema=tercera --file=copy postgresql://postgres@127.0.0.1" in line

    with tercera.started("run") as one, tercera.started("run") as other:
        assert one.event("started")["instance"] != other.event("started")["instance"]
        all_sent(server, 2)  # whichever of them sweeps and sends
        one.process.kill()
        assert one.ended() == -signal.SIGKILL
        shop.returned("ana", month, "A4", "A5")
        while not other.event("swept").get("escalated"):
            pass
        server.stop(signal.SIGQUIT)
        assert "127.0.0.1" in other.event("sweep failed, will be tried again")["error"]
        server.start()
        other.event("swept")
        other.process.send_signal(signal.SIGTERM)
        assert other.ended() == 0
    assert tercera.json("run", "--once")["elsewhere"] == []
    inbox.expect(told(month, 3), NEW, told(month, 5), UP)


def test_looking_after_a_ledger(shop: Files, mail_server: SmtpServer) -> None:
    """Backup, upgrade and prune, beside a ledger that was used."""
    tercera = Tercera(shop.folder, SECRETS)
    tercera.configure(configuration(files_source(), mail_server))
    assert tercera.json("ledger", "upgrade")["from"] is None
    tercera.json("run", "--once")
    assert tercera.json("ledger", "backup", "copy.db")["bytes"] == (shop.folder / "copy.db").stat().st_size
    (line,) = tercera.rejected("ledger", "backup", "copy.db", code=4)
    assert line == "error: copy.db exists already and is not overwritten; name another file"
    assert tercera.json("ledger", "prune", "--older-than", "1d", "--dry-run") == {
        "dry_run": True,
        "rules": {},
    }
    (line,) = tercera.rejected("ledger", "prune", "--older-than", "soon", code=2)
    assert "'soon' is no duration" in line
