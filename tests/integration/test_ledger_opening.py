"""Opening a ledger, holding it, and what is said when that can't be done."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tercera.errors import LedgerError
from tercera.ledger import Ledger, open_ledger
from tests.integration.ledger_changes import NOW, address, commit, new_ledger, opened

HOLDER = dedent("""
    import sys
    from datetime import datetime
    from tercera.ledger import open_ledger
    ledger = open_ledger(sys.argv[1])
    with ledger.hold():
        ledger.post.claim(datetime.fromisoformat(sys.argv[2]), 10)
        print("holding", flush=True)
        sys.stdin.read()
""")


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the ledger and has claimed what is due."""
    with new_ledger(tmp_path) as ledger:
        commit(ledger, opened("ana"))
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, address(tmp_path), NOW.isoformat()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        yield process
        process.kill()


def test_a_second_holder_is_refused_with_the_name_of_the_first(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    """By pid, host and since when."""
    with (
        new_ledger(tmp_path) as ledger,
        pytest.raises(LedgerError, match=rf"process {holder.pid} on \S+ since 20\d\d-.*stop that one"),
        ledger.hold(),
    ):
        pass


def test_what_a_killed_holder_had_claimed_is_free_again(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    """The operating system lets go of the lock, and entering releases the claims."""
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with new_ledger(tmp_path) as ledger:
        assert ledger.post.claim(NOW, 10) == []
        with ledger.hold():
            assert len(ledger.post.claim(NOW, 10)) == 1


def test_a_ledger_can_be_held_again_and_again(tmp_path: Path) -> None:
    """Also after an error inside, and not twice at once within one process."""
    with new_ledger(tmp_path) as ledger, new_ledger(tmp_path) as same:
        with pytest.raises(KeyError), ledger.hold():
            raise KeyError
        with (
            ledger.hold(),
            pytest.raises(LedgerError, match=f"process {os.getpid()} "),
            same.hold(),
        ):
            pass
        with same.hold():
            pass
        connection = sqlite3.connect(tmp_path / "ledger.db")
        assert connection.execute("SELECT holder_pid FROM ledger").fetchone() == (None,)
        connection.close()


def test_one_ledger_under_two_names_is_one(tmp_path: Path) -> None:
    """A link to the file leads to the same lock."""
    (tmp_path / "link.db").symlink_to(tmp_path / "ledger.db")
    with (
        new_ledger(tmp_path) as ledger,
        open_ledger(f"sqlite:///{tmp_path / 'link.db'}") as link,
        ledger.hold(),
        pytest.raises(LedgerError, match="in use"),
        link.hold(),
    ):
        pass


def test_identity_is_made_once(tmp_path: Path) -> None:
    """The same at every opening, another for every ledger."""
    with new_ledger(tmp_path) as first, new_ledger(tmp_path) as again:
        assert first.identity == again.identity
        assert len(first.identity) == 36
    (tmp_path / "other").mkdir()
    with new_ledger(tmp_path / "other") as other:
        assert other.identity != first.identity


def test_many_may_open_a_new_ledger_at_once(tmp_path: Path) -> None:
    """One makes it, the others find it."""
    start = threading.Barrier(4)
    found: list[str] = []

    def open_one() -> None:
        start.wait()
        with new_ledger(tmp_path) as ledger:
            found.append(ledger.identity)

    threads = [threading.Thread(target=open_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_commit_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    """WAL with full synchronisation, foreign keys checked, on every connection."""
    with new_ledger(tmp_path) as ledger, ledger._engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_people_can_look_while_a_run_writes(tmp_path: Path) -> None:
    """A reader sees what was committed before; it neither waits nor writes."""
    with new_ledger(tmp_path) as ledger:
        commit(ledger, opened("ana"))
        writer = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE alerts SET level = 'critical'")
        with open_ledger(address(tmp_path), read_only=True) as looking:
            assert [alert.standing.level for alert in looking.alerts()] == ["notice"]
            assert looking.identity == ledger.identity
        writer.execute("ROLLBACK")
        writer.close()


def test_a_read_only_ledger_changes_nothing(tmp_path: Path) -> None:
    """It is neither made nor written to."""
    with pytest.raises(LedgerError, match=r"no ledger at .*ledger\.db yet; `tercera run` creates it"):
        open_ledger(address(tmp_path), read_only=True)
    assert list(tmp_path.iterdir()) == []
    new_ledger(tmp_path).close()
    with (
        open_ledger(address(tmp_path), read_only=True) as looking,
        pytest.raises(LedgerError, match="readonly"),
    ):
        looking.diary.begin_run("sweep", NOW)
    (tmp_path / "empty.db").touch()
    with pytest.raises(LedgerError, match="not up to date; `tercera run`"):
        open_ledger(f"sqlite:///{tmp_path / 'empty.db'}", read_only=True)


def test_what_can_not_be_a_ledger_is_named(tmp_path: Path) -> None:
    """A missing directory, a directory, junk, another program's database, no file at all."""
    (tmp_path / "junk.db").write_bytes(b"order_id,customer_id\n" * 500)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE customers (id)")
    other.close()
    for url, said in (
        (f"sqlite:///{tmp_path}/missing/t.db", r"directory .*/missing of the ledger does not exist; create"),
        (f"sqlite:///{tmp_path}", "is a directory; name a file"),
        (f"sqlite:///{tmp_path}/junk.db", "is not a database"),
        (f"sqlite:///{tmp_path}/other.db", "something else than a ledger.*'customers'"),
        ("sqlite://", "name a SQLite file"),
        ("mysql://u:secret@localhost/t?password=secret", r"mysql://u:\*\*\*@localhost/t; name a SQLite file"),
        ("tercera.db", "write one like sqlite:///"),
    ):
        with pytest.raises(LedgerError, match=said):
            open_ledger(url)


def test_a_directory_that_can_not_be_written_is_named() -> None:
    """With its remedy. (Root may write everywhere, and so becomes nobody for this.)"""
    directory = Path(tempfile.mkdtemp())
    (directory / "closed").mkdir(mode=0o000)
    directory.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(LedgerError, match=r"is not writable.*permissions"):
            new_ledger(directory)
        with pytest.raises(LedgerError, match=r"can't be reached.*permissions"):
            new_ledger(directory / "closed" / "deep")
    finally:
        os.seteuid(user)
        directory.chmod(0o700)
        shutil.rmtree(directory)


def test_a_ledger_that_stays_busy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how long was waited."""
    monkeypatch.setattr("tercera.ledger.database.sqlite.BUSY_SECONDS", 0.1)
    with new_ledger(tmp_path) as ledger:
        other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match=r"busy with another process for 0\.1 s"):
            ledger.diary.begin_run("sweep", NOW)
        other.close()


def test_opening_what_is_up_to_date_loads_no_migrations(tmp_path: Path) -> None:
    """Alembic takes longer to load than everything else here."""
    new_ledger(tmp_path).close()
    script = (
        "import sys; from tercera.ledger import open_ledger; open_ledger(sys.argv[1]).close(); "
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, address(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_a_ledger_keeps_its_file_to_itself(tmp_path: Path) -> None:
    """When it is closed, nothing but the ledger and its lock is left."""
    with new_ledger(tmp_path) as ledger, ledger.hold():
        assert isinstance(ledger, Ledger)
    assert {file.name for file in tmp_path.iterdir()} == {"ledger.db", "ledger.db.lock"}
