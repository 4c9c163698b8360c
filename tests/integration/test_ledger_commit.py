"""One commit: alerts, transitions, notices and cursor together."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tercera.errors import LedgerError, NotFoundError
from tercera.ledger import Cursor, Ledger, digest_of
from tercera.ledger.database.engine import writing
from tercera.messages import Change
from tercera.model import (
    Reason,
    RejectCount,
    RejectReason,
    RuleId,
    Standing,
    State,
    SubjectId,
    Survey,
    Transition,
    WindowId,
)
from tests.integration.ledger_changes import (
    CLOSED,
    JUNE,
    NOTICE,
    NOW,
    RULE,
    WARNING,
    change,
    commit,
    escalated,
    everything,
    opened,
    retracted,
    tally,
    to_customer,
    to_operations,
)


def test_an_alert_comes_back_as_it_was_written(ledger: Ledger) -> None:
    """The alert, its tally and its evidence are what the change said."""
    commit(ledger, opened("ana"))
    alert = ledger.find(RULE, SubjectId("ana"), JUNE)
    assert alert is not None
    assert alert.tally == tally("ana")
    assert alert.standing == NOTICE
    assert (alert.opened_at, alert.changed_at, alert.transitions) == (NOW, NOW, 1)
    assert ledger.alerts() == [alert]


def test_history_tells_every_step(ledger: Ledger) -> None:
    """Each transition keeps its reason, its levels and the numbers behind it."""
    commit(ledger, opened("ana"))
    commit(ledger, escalated("ana"), now=NOW + timedelta(hours=1))
    commit(ledger, retracted("ana"), now=NOW + timedelta(hours=2))
    history = ledger.alert(1)
    assert [
        (step.seq, step.reason, step.before, step.after.level, step.matched) for step in history.steps
    ] == [
        (1, Reason.OPENED, None, "notice", 3),
        (2, Reason.ESCALATED, "notice", "warning", 5),
        (3, Reason.RETRACTED, "warning", None, 1),
    ]
    assert [step.at - NOW for step in history.steps] == [timedelta(hours=hour) for hour in range(3)]
    assert [delivery.reason for delivery in history.deliveries] == [step.reason for step in history.steps]
    assert history.alert.transitions == 3
    assert history.alert.standing.state is State.RETRACTED


def test_numbers_within_a_level_only_renew_the_tally(ledger: Ledger) -> None:
    """An unchanged alert gets no transition and nobody is told, but its evidence is today's."""
    commit(ledger, opened("ana"))
    commit(ledger, change("ana", Reason.UNCHANGED, NOTICE, NOTICE, matched=4, drafts=()))
    history = ledger.alert(1)
    assert history.alert.tally == tally("ana", 4)
    assert len(history.steps) == len(history.deliveries) == 1
    assert ledger.known(RULE, None)[SubjectId("ana"), JUNE].digest == digest_of(tally("ana", 4))


def test_a_pair_that_is_not_known_and_below_leaves_nothing(ledger: Ledger) -> None:
    """Unchanged from nothing to nothing is nothing to write."""
    commit(ledger, change("ana", Reason.UNCHANGED, None, None, matched=1, drafts=()))
    assert ledger.alerts() == []


def test_known_is_what_a_sweep_asks_for(ledger: Ledger) -> None:
    """Standings and digests by pair, of the windows asked for or of all, of one rule."""
    commit(ledger, opened("ana"), opened("ana", window="2023-05"), opened("eva", window="2023-04"))
    found = ledger.known(RULE, {JUNE, WindowId("2023-05")})
    assert set(found) == {("ana", "2023-06"), ("ana", "2023-05")}
    assert found[SubjectId("ana"), JUNE].standing == NOTICE
    assert found[SubjectId("ana"), JUNE].digest == digest_of(tally("ana"))
    assert len(ledger.known(RULE, None)) == 3
    assert ledger.known(RULE, ()) == ledger.known(RuleId("other"), None) == {}


def test_watched_windows_are_those_of_alerts_that_are_not_closed(ledger: Ledger) -> None:
    """Closed alerts need no more sweeps; retracted ones may open again."""
    commit(ledger, opened("ana"), opened("eva", window="2023-05"), opened("leo", window="2023-04"))
    commit(ledger, retracted("ana", NOTICE))
    commit(ledger, change("leo", Reason.CLOSED, NOTICE, CLOSED, window="2023-04", drafts=()))
    assert ledger.watched_windows(RULE) == {"2023-06", "2023-05"}


def test_the_same_change_twice_is_refused(ledger: Ledger) -> None:
    """What was decided on an alert that has moved since is not written, so nobody is told twice."""
    commit(ledger, opened("ana"))
    with pytest.raises(LedgerError, match=r"'ana' in 2023-06 .* another process .* run the sweep again"):
        commit(ledger, opened("ana"))
    commit(ledger, escalated("ana"))
    with pytest.raises(LedgerError, match="open at warning"):
        commit(ledger, escalated("ana"))
    assert len(ledger.alert(1).deliveries) == 2


@pytest.mark.parametrize("twice", [opened("ana"), escalated("eva")], ids=["new", "known"])
def test_one_pair_twice_in_a_commit_is_refused(ledger: Ledger, twice: Change) -> None:
    """A pair moves once in a commit."""
    commit(ledger, opened("eva"))
    with pytest.raises(LedgerError):
        ledger.commit([twice, twice], rule=RULE, cursor=None, run=1, now=NOW)
    assert len(ledger.alerts()) == 1
    assert len(ledger.alert(1).steps) == 1


REFUSE = {
    "sqlite": "CREATE TRIGGER refuse BEFORE INSERT ON cursors BEGIN SELECT RAISE(ABORT, 'not today'); END",
    "postgresql": """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''not today''; END';
        CREATE TRIGGER refuse BEFORE INSERT ON cursors EXECUTE FUNCTION refuse()
    """,
}


def test_a_failing_commit_writes_nothing(ledger: Ledger) -> None:
    """The last row of a commit fails: no alert, notice or cursor of it is there, and its ids are free."""
    with writing(ledger._engine) as connection:
        connection.exec_driver_sql(REFUSE[ledger._engine.dialect.name])
    before = everything(ledger)
    with pytest.raises(LedgerError, match="not today"):
        ledger.commit(
            [opened("ana", to_customer("ana"), to_operations("b"))],
            rule=RULE,
            cursor=Cursor("f", NOW),
            run=1,
            now=NOW,
        )
    assert everything(ledger) == before


@pytest.mark.parametrize("ledger_address", ["sqlite"], indirect=True)
def test_a_full_disk_is_said_and_writes_nothing(ledger: Ledger) -> None:
    """The remedy is to free space; the ledger stays whole."""
    commit(ledger, opened("ana"))
    with ledger._engine.connect() as connection:  # the limit is that of a connection, and the pool has one
        connection.exec_driver_sql("PRAGMA max_page_count=1")
    with pytest.raises(LedgerError, match=r"disk of .*ledger\.db is full.*free space"):
        commit(ledger, *(opened(f"c{number}") for number in range(2_000)))
    assert [alert.subject for alert in ledger.alerts()] == ["ana"]


def test_changes_of_another_rule_are_a_mistake(ledger: Ledger) -> None:
    """A commit belongs to one rule and its cursor."""
    with pytest.raises(ValueError, match="'other'"):
        commit(ledger, replace(opened("ana"), rule=RuleId("other")))


def test_the_cursor_moves_with_the_commit(ledger: Ledger) -> None:
    """How far a rule was swept, and by which meaning of it."""
    assert ledger.cursor(RULE) is None
    assert ledger.checked_through(RULE) is None
    for hour in range(2):
        at = NOW + timedelta(hours=hour)
        ledger.commit([], rule=RULE, cursor=Cursor(f"f{hour}", at), run=1, now=at)
        assert ledger.cursor(RULE) == Cursor(f"f{hour}", at)
    assert ledger.checked_through(RULE) == NOW + timedelta(hours=1)
    assert ledger.cursor(RuleId("other")) is None


def test_alerts_are_listed_by_what_people_ask_for(ledger: Ledger) -> None:
    """By rule, subject, window, state; the newest first; page by page."""
    commit(ledger, *(opened(name) for name in ("ana", "eva", "leo")), opened("ana", window="2023-05"))
    commit(ledger, retracted("eva", NOTICE))
    assert [alert.id for alert in ledger.alerts(subject=SubjectId("ana"))] == [4, 1]
    assert [alert.id for alert in ledger.alerts(window=JUNE, state=State.OPEN)] == [3, 1]
    assert [alert.id for alert in ledger.alerts(rule=RULE, limit=2, offset=1)] == [3, 2]
    assert ledger.alerts(rule=RuleId("other")) == []
    assert ledger.find(RULE, SubjectId("leo"), WindowId("2023-05")) is None
    with pytest.raises(NotFoundError, match="no alert 99"):
        ledger.alert(99)
    counts = ledger.counts()
    assert counts.alerts == {(State.OPEN, "notice"): 3, (State.RETRACTED, None): 1}


def test_a_reopened_alert_goes_on_counting(ledger: Ledger) -> None:
    """It is the same alert, with one more transition."""
    commit(ledger, opened("ana"))
    commit(ledger, retracted("ana", NOTICE))
    again = Transition(Reason.OPENED, Standing(State.RETRACTED, None, None, spoken=False), WARNING, True)
    commit(ledger, replace(opened("ana"), transition=again), now=NOW + timedelta(days=1))
    alert = ledger.alert(1).alert
    assert (alert.transitions, alert.opened_at, alert.changed_at) == (3, NOW, NOW + timedelta(days=1))


def test_runs_and_their_rejects_are_remembered(ledger: Ledger) -> None:
    """What a run read and could not judge, with samples; a killed run has no end."""
    first = ledger.diary.begin_run("sweep", NOW)
    sample = {"order_id": "1", "placed_at": "so\0on", "customer_id": None}
    survey = Survey(10, 8, {RejectReason.UNREADABLE_DATE: RejectCount(2, 1, (sample,))})
    ledger.diary.record_rejects(first, RULE, survey)
    ledger.diary.finish_run(first, NOW + timedelta(seconds=5), {"transitions": {Reason.OPENED: 2}}, None)
    second = ledger.diary.begin_run("deliver", NOW)
    assert ledger.diary.rejects() == ledger.diary.rejects(first) == {RULE: survey}
    assert ledger.diary.rejects(second) == {}
    killed, finished = ledger.diary.last_runs(5)
    assert (killed.id, killed.kind, killed.finished_at, killed.summary) == (second, "deliver", None, {})
    assert finished.summary == {"transitions": {"opened": 2}}
    assert finished.finished_at == NOW + timedelta(seconds=5)
    assert [run.id for run in ledger.diary.last_runs(1)] == [second]


def test_what_was_last_read_for_each_rule(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two instances may each have swept one. What nobody has read for long is not told any more."""
    monkeypatch.setattr("tercera.ledger.runs.LATELY", 3)
    for rule, rows in (("one", 1), ("other", 2), ("one", 3)):
        ledger.diary.record_rejects(ledger.diary.begin_run("sweep", NOW), RuleId(rule), Survey(rows, 0))
    assert {rule: survey.rows for rule, survey in ledger.diary.rejects().items()} == {"one": 3, "other": 2}
    for _ in range(2):
        ledger.diary.record_rejects(ledger.diary.begin_run("sweep", NOW), RuleId("one"), Survey(4, 0))
    assert {rule: survey.rows for rule, survey in ledger.diary.rejects().items()} == {"one": 4}


def test_old_runs_are_forgotten_with_their_rejects(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run every minute does not fill the disk, and numbers are not given twice."""
    monkeypatch.setattr("tercera.ledger.runs.KEPT", 3)
    for _ in range(5):
        run = ledger.diary.begin_run("sweep", NOW)
        ledger.diary.record_rejects(run, RULE, Survey(1, 0, {RejectReason.NO_DATE: RejectCount(1, 0)}))
    assert [run.id for run in ledger.diary.last_runs(9)] == [5, 4, 3]
    assert ledger.diary.rejects(2) == {}
    assert ledger.diary.rejects(3) != {}


@pytest.mark.parametrize("ledger_address", ["sqlite"], indirect=True)
def test_fifty_thousand_changes_take_seconds(
    ledger: Ledger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside the same rows by bare executemany: a few times as long, with everything that it decides."""
    changes = [opened(f"c{n}", to_customer(f"c{n}")) for n in range(50_000)]
    started = time.perf_counter()
    commit(ledger, *changes)
    ours = time.perf_counter() - started
    bare = _copy_by_executemany(tmp_path / "ledger.db", tmp_path / "bare.db")
    started = time.perf_counter()
    assert len(ledger.known(RULE, None)) == 50_000
    known = time.perf_counter() - started
    with capsys.disabled():
        print(f"\n50,000 changes: {ours:.2f} s, bare {bare:.2f} s, x{ours / bare:.1f}; known {known:.2f} s")
    assert ours < 6 * bare, "a loaded machine moves this ratio; about 3 is usual"


def _copy_by_executemany(file: Path, copy: Path) -> float:
    source = sqlite3.connect(file)
    schema = [
        row[0] for row in source.execute("SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
    ]
    names = ("alerts", "transitions", "messages", "notices")
    rows = {name: source.execute(f"SELECT * FROM {name}").fetchall() for name in names}
    source.close()
    target = sqlite3.connect(copy, isolation_level=None)
    target.execute("PRAGMA journal_mode=WAL")
    target.execute("PRAGMA foreign_keys=ON")
    for statement in schema:
        target.execute(statement)
    started = time.perf_counter()
    target.execute("BEGIN IMMEDIATE")
    for name in names:
        marks = ",".join("?" * len(rows[name][0]))
        target.executemany(f"INSERT INTO {name} VALUES ({marks})", rows[name])
    target.execute("COMMIT")
    seconds = time.perf_counter() - started
    target.close()
    return seconds
