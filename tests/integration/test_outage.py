"""PostgreSQL away, restarted, or holding still; and instances that are killed or stopped beside it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

import pytest
from sqlalchemy import Connection, update

from tercera.errors import ConflictError, LedgerError, OutageError
from tercera.ledger import Ledger, open_ledger
from tercera.ledger.database.engine import writing, written
from tercera.ledger.numbers import draw, first_of_all
from tercera.ledger.tables import leases
from tercera.messages import NoticeState
from tests.integration.ledger_changes import NOW, RULE, commit, opened, sent, to_customer
from tests.servers.postgresql import (
    Postgres,
    administer,
    connection,
    empty_database,
    empty_ledger,
    postgres_uri,
)

SECOND = timedelta(seconds=1)


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server that only this test uses."""
    with TemporaryDirectory(prefix="tercera-postgres-") as folder, Postgres(Path(folder)) as running:
        yield running


def address_of(server: Postgres) -> str:
    return server.uri.render_as_string(hide_password=False)


def test_a_restart_of_the_server(server: Postgres) -> None:
    """An outage says so, without the password; afterwards everything goes on over new connections."""
    with open_ledger(address_of(server)) as ledger, ledger.hold():
        commit(ledger, opened("ana"))
        server.stop(signal.SIGQUIT)
        with pytest.raises(OutageError, match=r"postgres:\*\*\*@.* can't be reached .*server runs"):
            ledger.post.claim(NOW, 10)
        server.start()
        (message,) = ledger.post.claim(NOW, 10)
        assert ledger.post.still_ours(message)


def test_a_receipt_outlives_a_restart(server: Postgres) -> None:
    """What was sent while the server was away is written down as soon as it is back."""
    with open_ledger(address_of(server)) as ledger:
        commit(ledger, opened("ana"))
        (message,) = ledger.post.claim(NOW, 10)
        server.stop(signal.SIGQUIT)
        settling = threading.Thread(target=ledger.post.settle, args=([sent(message.key)],))
        settling.start()
        server.start()
        settling.join()
        (delivery,) = ledger.post.deliveries()
        assert delivery.state is NoticeState.SENT
        assert len(delivery.receipts) == 1


INSTANCE = dedent("""
    import sys
    from datetime import datetime, timedelta
    from tercera.ledger import open_ledger
    from tercera.model import RuleId
    ledger = open_ledger(sys.argv[1], lease=timedelta(seconds=1))
    now, rule = datetime.fromisoformat(sys.argv[2]), RuleId(sys.argv[3])
    with ledger.hold(), ledger.sweeping(rule) as lease:
        (message,) = ledger.post.claim(now, 10)
        print("there", flush=True)
        sys.stdin.readline()
        print(ledger.post.still_ours(message), flush=True)
        try:
            ledger.commit([], rule=rule, cursor=None, run=1, now=now, lease=lease)
        except Exception as error:
            print(type(error).__name__, flush=True)
""")


@pytest.fixture
def address() -> Iterator[str]:
    with empty_ledger() as made:
        yield made


@pytest.fixture
def instance(address: str) -> Iterator[subprocess.Popen[str]]:
    """Another process, which sweeps and has claimed a message."""
    with open_ledger(address) as ledger:
        commit(ledger, opened("ana"))
    with subprocess.Popen(
        [sys.executable, "-c", INSTANCE, address, NOW.isoformat(), RULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        yield process
        process.kill()


def take_over(ledger: Ledger) -> None:
    """Waits for the message and the rule that another instance has."""
    for _ in range(100):
        with ledger.sweeping(RULE) as lease:
            if lease is not None and (claimed := ledger.post.claim(NOW, 10)):
                ledger.post.settle([sent(each.key) for each in claimed])
                return
        threading.Event().wait(0.1)
    raise AssertionError("nothing was free after ten seconds")


def test_a_killed_instance_is_taken_over(instance: subprocess.Popen[str], address: str) -> None:
    """Within its lease, and not while it lives."""
    with open_ledger(address, lease=SECOND) as ledger:
        assert ledger.post.claim(NOW, 10) == []
        with ledger.sweeping(RULE) as lease:
            assert lease is None
        instance.kill()
        take_over(ledger)
        assert ledger.counts().notices == {NoticeState.SENT: 1}


def test_a_stopped_instance_does_nothing_when_it_goes_on(
    instance: subprocess.Popen[str], address: str
) -> None:
    """It neither sends what it had claimed nor commits what it had found."""
    assert instance.stdin is not None
    assert instance.stdout is not None
    with open_ledger(address, lease=SECOND) as ledger:
        instance.send_signal(signal.SIGSTOP)
        take_over(ledger)
        instance.send_signal(signal.SIGCONT)
        instance.stdin.write("\n")
        instance.stdin.flush()
        assert instance.stdout.read() == "False\nConflictError\n"


def test_who_stops_in_a_transaction_does_not_keep_the_others(address: str) -> None:
    """The server ends it; what it wanted to write is not written."""
    with open_ledger(address, lease=SECOND) as one, open_ledger(address, lease=SECOND) as other:
        begun, over = threading.Event(), threading.Event()
        failed: list[Exception] = []

        def stand_still() -> None:
            try:
                with writing(one._engine) as connection:
                    first_of_all(connection)
                    begun.set()
                    over.wait(10)
                    draw(connection, alerts=1)
            except LedgerError as error:
                failed.append(error)

        still = threading.Thread(target=stand_still)
        still.start()
        begun.wait(10)
        commit(other, opened("ana"))
        over.set()
        still.join()
        assert isinstance(failed[0], OutageError)
        assert len(other.alerts()) == 1


def test_what_is_wrong_with_the_address_is_said() -> None:
    """Wrong password, no such database, nobody there, no permission, another encoding: each with its remedy,
    none with the password."""
    uri = postgres_uri()
    with empty_database() as database, connection(database) as made:
        made.execute("CREATE ROLE stranger LOGIN PASSWORD 'pa55word'")
        stranger = uri.set(database=database.rpartition("/")[2], username="stranger", password="pa55word")
        administer("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        try:
            for wrong, said in (
                (uri.set(password="wr0ng"), "does not let us in .*check user and password"),
                (uri.set(database="none"), "is not there .*CREATE DATABASE"),
                (uri.set(port=1), "can't be reached .*see that the server runs"),
                (stranger, 'does not permit this .*CREATE SCHEMA tercera AUTHORIZATION "stranger"'),
                (uri.set(database="latin"), "is encoded in LATIN1"),
            ):
                with pytest.raises(LedgerError, match=said) as caught:
                    open_ledger(wrong.render_as_string(hide_password=False))
                assert str(wrong.password) not in str(caught.value)
                assert "\n" not in str(caught.value)
        finally:
            administer("DROP DATABASE latin WITH (FORCE)")
            made.execute("DROP ROLE stranger")


def test_a_ledger_beside_other_tables() -> None:
    """Only its own schema counts; in that, nothing of others."""
    with empty_database() as database, connection(database) as made:
        made.execute("CREATE TABLE public.alerts (id int)")
        made.execute("CREATE TABLE public.orders (id int)")
        with pytest.raises(LedgerError, match=r"there is no ledger in .* yet; `tercera run` creates it"):
            open_ledger(database, read_only=True)
        open_ledger(database).close()
        with open_ledger(database, read_only=True) as looking:
            assert looking.alerts() == []
            with pytest.raises(LedgerError, match="can only be read"):
                looking.diary.begin_run("sweep", NOW)
    with empty_database() as database, connection(database) as made:
        made.execute("CREATE SCHEMA tercera")
        made.execute("CREATE TABLE tercera.orders (id int)")
        with pytest.raises(LedgerError, match=r"something else than a ledger.*'orders'.*database of its own"):
            open_ledger(database)


def at_once(work: Callable[[Ledger], None], *ledgers: Ledger) -> None:
    """Each in a thread of its own, starting together."""
    start = threading.Barrier(len(ledgers))

    def wait_and_work(ledger: Ledger) -> None:
        start.wait()
        work(ledger)

    threads = [threading.Thread(target=wait_and_work, args=(each,)) for each in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_who_loses_a_deadlock_tries_again(address: str) -> None:
    """Two instances that wait for each other's rows: one is thrown out, and then does its work, too.

    It takes them in the other one's order then. In its own it could have the first row again before
    the other one, and lose again: that would be a second deadlock, which is not what is looked at.
    """
    with open_ledger(address) as one, open_ledger(address) as other, connection(address) as made:
        made.execute("INSERT INTO tercera.leases VALUES ('a', 0, '', 0), ('b', 0, '', 0)")
        both = threading.Barrier(2)
        tries: list[str] = []

        def count_up(ledger: Ledger) -> None:
            names = ("a", "b") if ledger is one else ("b", "a")
            begun = False

            def work(writes: Connection) -> None:
                nonlocal begun
                tries.append(names[0])
                for name in reversed(names) if begun else names:
                    row = update(leases).where(leases.c.name == name)
                    writes.execute(row.values(token=leases.c.token + 1))
                    if not begun:
                        begun = True
                        both.wait()

            written(ledger._engine, work)

        at_once(count_up, one, other)
        assert made.execute("SELECT token FROM tercera.leases").fetchall() == [(2,), (2,)]
        assert len(tries) == 3


def test_without_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(
        LedgerError, match=r"needs the PostgreSQL driver; pip install 'tercera\[postgresql\]'"
    ):
        open_ledger("postgresql+psycopg://tercera@127.0.0.1/none")


def test_two_releases_at_once(address: str) -> None:
    """Each notice is let go once: together they give what one alone would."""
    with open_ledger(address) as one, open_ledger(address) as other:
        held = [opened(name, replace(to_customer(name), held=True)) for name in map(str, range(200))]
        commit(one, *held)
        became: list[int] = []
        at_once(lambda ledger: became.append(ledger.post.release(None, NOW)[NoticeState.PENDING]), one, other)
        assert sorted(became) == [0, 200]
        assert one.counts().notices == {NoticeState.PENDING: 200}


def test_a_decision_between_reading_and_writing(address: str) -> None:
    """Two sweeps that read the same and write at the same moment: one is refused, nobody is told twice."""
    with open_ledger(address) as one, open_ledger(address) as other:
        refused: list[Exception] = []

        def write(ledger: Ledger) -> None:
            try:
                commit(ledger, *(opened(f"c{number}") for number in range(300)))
            except ConflictError as error:
                refused.append(error)

        at_once(write, one, other)
        assert len(refused) == 1
        assert one.counts().notices == {NoticeState.PENDING: 300}
