"""Transitions are followed in the order in which they were written, and none is missed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tercera.ledger import Ledger, Passage, PlaceLostError, back_up, open_ledger
from tercera.model import Reason, SubjectId
from tests.integration.ledger_changes import NOW, RULE, address, change, commit, escalated, new_ledger, opened

WRITERS, COMMITS = 4, 15


def names(passages: list[Passage]) -> list[tuple[str, Reason]]:
    """Whose transition, and why."""
    return [(str(each.subject), each.step.reason) for each in passages]


def test_in_order_and_from_where_somebody_stopped(ledger: Ledger) -> None:
    """Each once, a few at a time; the end is a position, too."""
    commit(ledger, opened("ana"), opened("eva"))
    commit(ledger, escalated("ana"))
    first = ledger.readers.passages(limit=2)
    assert names(first) == [("ana", Reason.OPENED), ("eva", Reason.OPENED)]
    rest = ledger.readers.passages(first[-1].position)
    assert names(rest) == [("ana", Reason.ESCALATED)]
    assert rest[0].step.tally.matched == 5
    assert ledger.readers.present() == rest[-1].position
    assert ledger.readers.passages(ledger.readers.present()) == []
    commit(ledger, opened("zoe"))
    assert names(ledger.readers.passages(rest[-1].position)) == [("zoe", Reason.OPENED)]


def test_none_is_missed_while_several_write(ledger_address: str) -> None:
    """Whoever goes on after the last that they saw sees every one, in one order for all."""
    done = threading.Event()

    def write(writer: int) -> None:
        with open_ledger(ledger_address) as own:
            for number in range(COMMITS):
                subjects = [f"w{writer}-{number}-{each}" for each in range(3)]
                commit(own, *(opened(subject) for subject in subjects))

    def read(seen: list[Passage]) -> None:
        with open_ledger(ledger_address) as own:
            while True:
                over = done.is_set()
                some = own.readers.passages(seen[-1].position if seen else None, limit=7)
                seen += some
                if over and not some:
                    return

    open_ledger(ledger_address).close()
    writers = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    seen: tuple[list[Passage], list[Passage]] = ([], [])
    readers = [threading.Thread(target=read, args=(each,)) for each in seen]
    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    wanted = {
        SubjectId(f"w{writer}-{number}-{each}")
        for writer in range(WRITERS)
        for number in range(COMMITS)
        for each in range(3)
    }
    assert seen[0] == seen[1]
    assert len(seen[0]) == len(wanted)
    assert {each.subject for each in seen[0]} == wanted


def test_a_reader_is_remembered_by_name(ledger: Ledger) -> None:
    """Each has a position of its own."""
    assert ledger.readers.kept_position("crm") is None
    commit(ledger, opened("ana"))
    ledger.readers.keep_position("crm", ledger.readers.present(), NOW)
    ledger.readers.keep_position("crm", ledger.readers.present(), NOW)
    assert ledger.readers.kept_position("crm") == ledger.readers.present()
    assert ledger.readers.kept_position("other") is None
    assert ledger.followed() is None, "the position in the source is another matter"


def test_what_was_forgotten_is_passed_over(ledger: Ledger) -> None:
    """A position stays one when the transition behind it is gone, and no number is given out twice."""
    commit(ledger, change("ana", drafts=()))
    here = ledger.readers.present()
    gone = ledger.alert(1).alert
    ledger.prune(RULE, [gone.window], [gone.standing.state], NOW.replace(year=2030), dry_run=False)
    assert ledger.readers.passages() == []
    commit(ledger, opened("eva"))
    assert names(ledger.readers.passages(here)) == [("eva", Reason.OPENED)]


@pytest.mark.parametrize("ledger_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("position", "words"),
    [
        ("", "no position"),
        ("rubbish", "no position"),
        ("00000000.1", "another ledger"),
        ("{own}.9", "lies ahead"),
        ("{own}.-1", "no position"),
        ("{own}.٣", "no position"),
    ],
)
def test_what_is_no_position_is_refused(ledger: Ledger, position: str, words: str) -> None:
    """Nothing is skipped in silence."""
    with pytest.raises(PlaceLostError, match=words):
        ledger.readers.passages(position.format(own=ledger.identity[:8]))


def test_a_ledger_that_was_put_back_is_noticed(tmp_path: Path) -> None:
    """What a reader saw is not there any more: they hear so, instead of waiting for ever."""
    with new_ledger(tmp_path) as ledger:
        commit(ledger, opened("ana"))
        back_up(address(tmp_path), tmp_path / "kept.db")
        commit(ledger, opened("eva"))
        position = ledger.readers.present()
    with open_ledger(f"sqlite:///{tmp_path / 'kept.db'}") as restored:
        here = restored.readers.present()
        with pytest.raises(PlaceLostError, match=f"lies ahead.*go on after '{here}'"):
            restored.readers.passages(position)
