"""Looking after a ledger: backing it up while it is used, and forgetting what is long over."""

from __future__ import annotations

import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tercera.acts.retention import prune
from tercera.errors import LedgerError
from tercera.ledger import Cursor, Ledger, Pruned, adopt, back_up, open_ledger, upgrade_ledger
from tercera.messages import NoticeState
from tercera.model import Counting, Level, Match, Period, Reason, RuleId, SubjectId, WindowId
from tercera.people import Actor, Permission, Role, Token, User, Via
from tercera.rules import Rule
from tercera.telling.silences import Decision, DecisionKind
from tests.integration.ledger_changes import (
    CLOSED,
    NOTICE,
    NOW,
    RULE,
    address,
    change,
    commit,
    dead,
    everything,
    new_ledger,
    opened,
    retracted,
    sent,
    to_customer,
    to_operations,
)
from tests.servers.postgresql import empty_ledger

WATCHED = Rule(
    RULE,
    "Three or more",
    Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "Europe/Madrid"),
    (Level("notice", 3),),
    (),
    timedelta(days=30),
)
LATER = datetime(2024, 9, 15, tzinfo=UTC)
YEAR = timedelta(days=365)
ADA = Actor("ada", Via.CLI)
KEY = Token(0, "crm", "ada", frozenset({Permission.READ}), NOW, LATER)


def test_a_backup_is_the_ledger(tmp_path: Path) -> None:
    """Taken while somebody writes, it is one moment of it, whole, and only its owner can read it."""
    with new_ledger(tmp_path) as ledger, ledger.hold():
        commit(ledger, opened("ana"))
        over = threading.Event()

        def write() -> None:
            number = 0
            while not over.is_set():
                number += 1
                commit(ledger, opened(f"c{number}"))

        writing = threading.Thread(target=write)
        writing.start()
        try:
            copied = back_up(address(tmp_path), tmp_path / "copy.db")
        finally:
            over.set()
            writing.join()
        identity = ledger.identity
    copy = tmp_path / "copy.db"
    assert copy.stat().st_size == copied.bytes
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with open_ledger(f"sqlite:///{copy}") as restored:
        assert restored.identity == identity
        alerts, notices = restored.counts().alerts, restored.counts().notices
        assert sum(alerts.values()) == notices[NoticeState.PENDING] == copied.alerts >= 1


def test_a_new_ledger_is_its_owners(tmp_path: Path) -> None:
    """It has names, addresses and digests: nobody else can read it, nor what SQLite keeps beside it. Whose
    permissions somebody set stays as it is."""
    with open_ledger(address(tmp_path)) as ledger:
        commit(ledger, opened("c1"))
        files = [each for each in tmp_path.iterdir() if ".lock" not in each.name]
        assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}, files
        (file,) = (each for each in files if each.suffix == ".db")
    file.chmod(0o640)
    with open_ledger(address(tmp_path)) as ledger:
        commit(ledger, opened("c2"))
        assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_backup_never_replaces_anything(tmp_path: Path) -> None:
    """Neither a file that is there, nor with half of itself; what can't be done is said."""
    new_ledger(tmp_path).close()
    (tmp_path / "there").write_text("dear")
    for target, said in (
        (tmp_path / "there", "exists already and is not overwritten; name another"),
        (tmp_path / "missing" / "copy", "can't be written .*choose another place"),
    ):
        with pytest.raises(LedgerError, match=said):
            back_up(address(tmp_path), target)
    assert (tmp_path / "there").read_text() == "dear"
    assert {file.name for file in tmp_path.iterdir()} == {"ledger.db", "there"}
    with pytest.raises(LedgerError, match=r"no ledger at .*none\.db yet"):
        back_up(f"sqlite:///{tmp_path}/none.db", tmp_path / "copy")


def test_a_damaged_ledger_is_no_backup(tmp_path: Path) -> None:
    """The copy is checked before it has its name."""
    with new_ledger(tmp_path) as ledger:
        commit(ledger, *(opened(f"c{number}") for number in range(500)))
    file = tmp_path / "ledger.db"
    whole = bytearray(file.read_bytes())
    for page in range(8, len(whole) // 4096, 5):
        whole[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    file.write_bytes(whole)
    with pytest.raises(LedgerError, match="damaged"):
        back_up(address(tmp_path), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_postgresql_is_backed_up_by_its_own_tool(tmp_path: Path) -> None:
    """The command is named, without the password."""
    url = "postgresql+psycopg://tercera:s3cret@db.example.com/shop?sslmode=require"
    with pytest.raises(LedgerError) as refused:
        back_up(url, tmp_path / "copy")
    assert str(refused.value).endswith(
        f"pg_dump --format=custom --schema=tercera --file={tmp_path}/copy postgresql://tercera@db.example.com/shop"
    )


def test_a_sqlite_ledger_moves_to_postgresql(tmp_path: Path) -> None:
    """Every row, under the same identity; numbers go on, and what waits is sent under its key."""
    with new_ledger(tmp_path) as source, source.hold():
        run = source.diary.begin_run("sweep", NOW)
        commit(source, opened("a\0na"), opened("eva"))
        source.decide(Decision(DecisionKind.SNOOZE, None, None, None, None, "me", "later", NOW, alert=1))
        source.post.settle([sent(message.key) for message in source.post.claim(NOW, 1)])
        waiting = source.post.claim(NOW, 9)
        source.people.add_user(User("ada", Role.ADMIN, NOW))
        source.people.add_token(KEY)
        source.people.record(ADA.did(NOW, "token added", "token 1"))
        with pytest.raises(LedgerError, match="in use by process"):
            adopt(tmp_path / "ledger.db", "sqlite:////nowhere/at/all.db")
    with new_ledger(tmp_path) as source:
        source.post.release_claims()
        before = everything(source)
    with empty_ledger() as database:
        assert adopt(tmp_path / "ledger.db", database)["messages"] == 2
        with open_ledger(database) as target:
            assert everything(target) == before
            assert target.post.claim(NOW, 9) == waiting
            assert target.diary.begin_run("sweep", NOW) == run + 1
            again = Decision(DecisionKind.SNOOZE, None, None, None, None, "me", "later", NOW, alert=2)
            assert target.decide(again).decision.id == 2
            assert target.people.add_token(KEY)[0].id == 2
            target.people.record(ADA.did(NOW, "token added", "token 2"))
            assert [each.id for each in target.people.deeds()] == [2, 1]
        with pytest.raises(LedgerError, match=r"taken over into .* already"):
            adopt(tmp_path / "ledger.db", database)
        (tmp_path / "other").mkdir()
        new_ledger(tmp_path / "other").close()
        with pytest.raises(LedgerError, match="was used already; name an empty one"):
            adopt(tmp_path / "other" / "ledger.db", database)
    with pytest.raises(LedgerError, match=r"no ledger at .*none\.db; name the SQLite file"):
        adopt(tmp_path / "none.db", address(tmp_path))


def test_an_upgrade_says_what_it_did(tmp_path: Path) -> None:
    """From nothing to this version, and then nothing."""
    (before, after), again = upgrade_ledger(address(tmp_path)), upgrade_ledger(address(tmp_path))
    assert before is None
    assert again == (after, after)


@pytest.fixture
def old(ledger: Ledger) -> Ledger:
    """Alerts of early 2023, told and closed, and a rule that was swept until today."""
    for month in ("2023-01", "2023-02"):
        drafts = [(name, to_customer(name), to_operations(month)) for name in ("ana", "eva")]
        commit(ledger, *(opened(*each, window=month) for each in drafts))
        tell(ledger)
        for name in ("ana", "eva"):
            commit(ledger, change(name, Reason.CLOSED, NOTICE, CLOSED, window=month, drafts=()))
    ledger.commit([], rule=RULE, cursor=Cursor(WATCHED.fingerprint, LATER), run=1, now=LATER)
    return ledger


def tell(ledger: Ledger) -> None:
    """Sends everything."""
    ledger.post.settle([sent(message.key) for message in ledger.post.claim(NOW, 100)])


def rows(ledger: Ledger) -> dict[str, int]:
    """How many there are in each table that has any."""
    return {name: len(found) for name, found in everything(ledger).items() if found and name != "leases"}


def test_what_is_long_over_is_forgotten_with_everything_about_it(old: Ledger) -> None:
    """Alerts, steps, notices, messages, receipts, decisions; nothing is left behind."""
    old.decide(Decision(DecisionKind.ACKNOWLEDGE, None, None, None, None, "me", "seen", NOW, alert=1))
    before = everything(old)
    seen = prune(old, [WATCHED], YEAR, LATER, dry_run=True)
    assert seen == {RULE: Pruned(alerts=4, transitions=8, notices=8, decisions=1)}
    assert everything(old) == before
    gone = prune(old, [WATCHED], YEAR, LATER)
    assert gone == {RULE: Pruned(alerts=4, transitions=8, notices=8, decisions=1, messages=6, receipts=6)}
    assert rows(old) == {"ledger": 1, "cursors": 1}
    assert prune(old, [WATCHED], YEAR, LATER) == {}
    commit(old, opened("leo"))
    assert old.alerts()[0].id == 5


def test_who_had_it_forgotten(old: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line for each rule of which something went, in the transaction of the first that did."""
    monkeypatch.setattr("tercera.ledger.pruning.BATCH", 1)
    prune(old, [WATCHED], YEAR, LATER, actor=ADA, dry_run=True)
    assert old.people.deeds() == []
    prune(old, [WATCHED], YEAR, LATER, actor=ADA)
    prune(old, [WATCHED], YEAR, LATER, actor=ADA)
    (deed,) = old.people.deeds()
    assert (deed.actor, deed.action, deed.object) == ("ada", "prune", f"rule {RULE}")
    assert deed.detail == "what had not moved since 2023-09-16"


def test_what_moved_lately_stays(old: Ledger) -> None:
    """The window is old, the last change is not."""
    assert prune(old, [WATCHED], LATER - NOW + timedelta(days=1), LATER) == {}
    assert len(prune(old, [WATCHED], LATER - NOW - timedelta(days=1), LATER)) == 1


def test_nothing_open_waiting_or_held_is_forgotten(old: Ledger) -> None:
    """Nor what any sweep would read because something older is still open."""
    commit(old, opened("leo", window="2023-02"))
    assert prune(old, [WATCHED], YEAR, LATER)[RULE].alerts == 2, "only January: February is read again"
    commit(old, change("leo", Reason.CLOSED, NOTICE, CLOSED, window="2023-02", drafts=()))
    assert prune(old, [WATCHED], YEAR, LATER)[RULE].alerts == 2, "his notice still waits"
    (message,) = old.post.claim(NOW, 10)
    old.post.settle([dead(message.key)])
    held = replace(to_customer("ida"), held=True)
    commit(old, opened("ida", held, window="2023-01"))
    commit(old, change("ida", Reason.CLOSED, NOTICE, CLOSED, window="2023-01", drafts=()))
    assert prune(old, [WATCHED], YEAR, LATER)[RULE].alerts == 1
    assert {alert.subject for alert in old.alerts()} == {"ida"}


def test_a_digest_goes_with_the_last_of_its_notices(old: Ledger) -> None:
    """While one of its alerts stays, it stays, with fewer notices."""
    commit(
        old,
        opened("leo", to_operations("both"), window="2023-03"),
        opened("ida", to_operations("both"), window="2024-09"),
    )
    tell(old)
    commit(old, change("leo", Reason.CLOSED, NOTICE, CLOSED, window="2023-03", drafts=()))
    prune(old, [WATCHED], YEAR, LATER)
    assert {alert.subject for alert in old.alerts()} == {"ida"}
    assert old.counts().notices == {NoticeState.SENT: 1}
    assert len(old.post.deliveries()) == 1


def test_a_window_that_a_rule_still_watches_is_kept(old: Ledger) -> None:
    """However short the age: what a sweep does not find it would open again. So for a rule that was never
    swept to its end, and one that nobody swept for long."""
    commit(old, opened("leo", window="2024-08"))
    tell(old)
    commit(old, change("leo", Reason.CLOSED, NOTICE, CLOSED, window="2024-08", drafts=()))
    day = timedelta(days=1)
    assert prune(old, [WATCHED], day, LATER)[RULE].alerts == 4
    assert [alert.subject for alert in old.alerts()] == ["leo"]
    old.forget_cursor(RULE)
    assert prune(old, [WATCHED], day, LATER + 9 * YEAR) == {}
    old.commit([], rule=RULE, cursor=Cursor(WATCHED.fingerprint, LATER), run=1, now=LATER)
    assert prune(old, [WATCHED], day, LATER + 9 * YEAR) == {}


def test_a_rule_that_is_gone(old: Ledger) -> None:
    """What is over of it is forgotten, also what was taken back; should it return, it begins in silence."""
    commit(old, opened("leo", window="2023-03"))
    tell(old)
    commit(old, replace(retracted("leo", NOTICE), tally=opened("leo", window="2023-03").tally, drafts=()))
    commit(old, opened("ida", window="2023-04"))
    assert prune(old, [], YEAR, LATER)[RULE].alerts == 5
    assert [alert.subject for alert in old.alerts()] == ["ida"]
    assert old.cursor(RULE) is None


def test_much_is_forgotten_in_small_steps(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each a transaction of its own."""
    monkeypatch.setattr("tercera.ledger.pruning.BATCH", 7)
    names = [f"c{number}" for number in range(40)]
    commit(ledger, *(opened(name, window="2023-01") for name in names))
    tell(ledger)
    commit(
        ledger,
        *(change(name, Reason.CLOSED, NOTICE, CLOSED, window="2023-01", drafts=()) for name in names),
    )
    assert prune(ledger, [], YEAR, LATER)[RULE].alerts == 40
    assert ledger.find(RULE, SubjectId("c1"), WindowId("2023-01")) is None
    assert prune(ledger, [], YEAR, LATER) == {}
    assert RuleId(RULE) not in ledger.windows_with_alerts()
