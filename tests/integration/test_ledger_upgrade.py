"""The tables by migrations are the tables in `tables.py`, and every released ledger can still be used.

Before a release, keep a ledger as this version writes it, and commit the file:

    python -m tests.integration.test_ledger_upgrade 0.2.0
"""

from __future__ import annotations

import re
import sqlite3
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from tercera.errors import LedgerError
from tercera.ledger import Cursor, Ledger, open_ledger
from tercera.ledger.database.engine import open_engine, writing
from tercera.ledger.database.schema import HEAD
from tercera.ledger.tables import metadata
from tercera.messages import NoticeState
from tercera.model import Reason, RejectCount, RejectReason, Survey
from tests.integration.ledger_changes import (
    NOW,
    RULE,
    WARNING,
    address,
    commit,
    dead,
    escalated,
    later,
    new_ledger,
    opened,
    retracted,
    sent,
    tally,
    to_customer,
    to_operations,
)
from tests.servers.postgresql import connection as catalogue
from tests.servers.postgresql import empty_database

RELEASED = sorted(Path(__file__).parent.glob("test_ledger_released/*.sql"))


def test_migrations_make_the_tables_that_are_used(ledger: Ledger) -> None:
    """Nothing in `tables.py` is missing from the migrations, or the other way round."""
    with ledger._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    assert differences == []


def test_foreign_keys_are_the_same_with_what_they_do(tmp_path: Path) -> None:
    """The comparison above does not see everything: made both ways, the SQL is the same."""
    direct = create_engine(f"sqlite:///{tmp_path / 'direct.db'}")
    metadata.create_all(direct)
    direct.dispose()
    new_ledger(tmp_path).close()
    assert _schema(tmp_path / "ledger.db") == _schema(tmp_path / "direct.db")


def test_postgresql_has_the_same_tables_either_way() -> None:
    """Columns, keys, constraints and indexes, as its catalogue describes them."""
    made = []
    for make in (_by_migrations, _directly):
        with empty_database() as database:
            make(database)
            with catalogue(database) as connection:
                made.append([connection.execute(query).fetchall() for query in CATALOGUE])
    assert made[0] == made[1]
    assert len(made[0][0]) > 100


CATALOGUE = (
    """SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
       WHERE table_schema = 'tercera' AND table_name <> 'alembic_version' ORDER BY 1, 2""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'tercera'::regnamespace AND contype <> 'n'
       AND conrelid::regclass::text NOT LIKE '%alembic_version' ORDER BY 1, 2""",
    """SELECT tablename, indexname, indexdef FROM pg_indexes
       WHERE schemaname = 'tercera' AND tablename <> 'alembic_version' ORDER BY 1, 2""",
)


def _by_migrations(database: str) -> None:
    open_ledger(database).close()


def _directly(database: str) -> None:
    with catalogue(database) as connection:
        connection.execute("CREATE SCHEMA tercera")
    engine = open_engine(database, read_only=False, lease=timedelta(minutes=1))
    with writing(engine) as connection:
        metadata.create_all(connection)
    engine.dispose()


def test_head_is_the_newest_migration() -> None:
    """The version that is compared without loading Alembic."""
    config = Config()
    config.set_main_option("script_location", "tercera.ledger:migrations")
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [HEAD]
    revisions = [each.revision for each in script.walk_revisions()]
    assert sorted(revisions, reverse=True) == revisions, "versions sort by age: newer is greater"


def test_a_newer_ledger_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    new_ledger(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "ledger.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    for read_only in (False, True):
        with pytest.raises(LedgerError, match=r"newer Tercera .*9999.*install the newer"):
            open_ledger(address(tmp_path), read_only=read_only)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    connection.close()


def test_a_migration_that_fails_leaves_the_ledger_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of an upgrade, or nothing."""

    def fail(_: object) -> None:
        raise KeyError

    with monkeypatch.context() as patch:
        patch.setattr("tercera.ledger.database.schema._name", fail)
        with pytest.raises(KeyError):
            new_ledger(tmp_path)
    assert _schema(tmp_path / "ledger.db") == {}
    new_ledger(tmp_path).close()


@pytest.mark.parametrize("dump", RELEASED, ids=lambda dump: dump.stem)
def test_a_released_ledger_goes_on(dump: Path, tmp_path: Path) -> None:
    """Its alerts, history, queue, cursor and runs are there, and the next sweep and delivery work."""
    connection = sqlite3.connect(tmp_path / "ledger.db")
    connection.executescript(dump.read_text())
    (identity,) = connection.execute("SELECT identity FROM ledger").fetchone()
    connection.close()
    with new_ledger(tmp_path) as ledger, ledger.hold():
        assert ledger.identity == identity
        assert ledger.cursor(RULE) == Cursor("fingerprint", NOW)
        assert ledger.diary.rejects()[RULE].rejects[RejectReason.NO_DATE].rows == 2
        assert [run.summary for run in ledger.diary.last_runs(3)] == [{"rows": 10}]
        history = ledger.alert(1)
        assert history.alert.tally == tally("ana", 5)
        assert [step.reason for step in history.steps] == [Reason.OPENED, Reason.ESCALATED]
        assert history.deliveries[0].words == "250 2.0.0 Ok: queued"
        (waiting,) = ledger.post.claim(NOW, 10)
        assert waiting.thread == (history.deliveries[0].message,)
        ledger.post.settle([sent(waiting.key)])
        commit(ledger, retracted("ana", WARNING), opened("zoe"))
        assert {each.notices[0].subject for each in ledger.post.claim(NOW, 10)} == {"ana", "zoe"}
        assert ledger.post.retry(None, NOW) == 1


def test_there_is_a_released_ledger() -> None:
    """The test above is never empty."""
    assert RELEASED


def _schema(file: Path) -> dict[str, list[str]]:
    connection = sqlite3.connect(file)
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    # Alembic writes the same parts in another order.
    return {name: sorted(re.findall(r"\w+", sql)) for name, sql in found if name != "alembic_version"}


def _live(ledger: Ledger) -> None:
    """A little of everything that a ledger holds."""
    run = ledger.diary.begin_run("sweep", NOW)
    changes = [
        opened("ana", to_customer("ana"), to_operations("run-1")),
        opened("eva", to_customer("eva"), to_operations("run-1")),
    ]
    ledger.commit(changes, rule=RULE, cursor=Cursor("fingerprint", NOW), run=run, now=NOW)
    ledger.diary.record_rejects(
        run, RULE, Survey(10, 8, {RejectReason.NO_DATE: RejectCount(2, 1, ({"a": None},))})
    )
    ledger.diary.finish_run(run, NOW, {"rows": 10}, None)
    ana, operations, eva = ledger.post.claim(NOW, 10)
    ledger.post.settle([later(ana.key, NOW), sent(operations.key), dead(eva.key)])
    (ana,) = ledger.post.claim(NOW, 10)
    ledger.post.settle([sent(ana.key)])
    commit(ledger, escalated("ana"))
    assert ledger.counts().notices[NoticeState.PENDING] == 1


def main(version: str) -> None:
    """Writes the file for a release."""
    with tempfile.TemporaryDirectory() as directory:
        with new_ledger(Path(directory)) as ledger:
            _live(ledger)
        connection = sqlite3.connect(Path(directory) / "ledger.db")
        dump = "\n".join(connection.iterdump())
        connection.close()
    target = Path(__file__).parent / "test_ledger_released" / f"{version}.sql"
    target.parent.mkdir(exist_ok=True)
    target.write_text(dump + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
