"""What somebody decided about an alert is not decided again: on each engine that keeps a ledger."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from tercera.errors import NotFoundError
from tercera.ledger import Ledger
from tercera.people import Actor, Via
from tercera.telling.silences import Decided, Decision, DecisionKind
from tests.integration.ledger_changes import NOW, commit, opened

DAY = timedelta(days=1)


def decide(
    ledger: Ledger,
    kind: DecisionKind,
    who: str,
    *,
    days: int | None = None,
    at: datetime = NOW,
    alert: int = 1,
) -> Decided:
    """Somebody decides about an alert, with a line in the audit log."""
    until = None if days is None else at + days * DAY
    decision = Decision(kind, None, None, None, until, who, "because", at, alert=alert)
    actor = Actor(who, Via.PAGE)
    return ledger.decide(decision, telling=lambda done: actor.did(at, kind, f"decision {done.decision.id}"))


@pytest.mark.parametrize("kind", [DecisionKind.ACKNOWLEDGE, DecisionKind.DISMISS])
def test_the_first_one_stands(ledger: Ledger, kind: DecisionKind) -> None:
    """Whoever says it again, the same person or another, learns who did; nothing is written, also not into
    the audit log. When it was ended, it can be said anew."""
    commit(ledger, opened("ana"), opened("leo"))
    first = decide(ledger, kind, "omar")
    for who in ("omar", "vera"):
        again = decide(ledger, kind, who, at=NOW + DAY)
        assert (again.is_new, again.decision) == (False, first.decision)
    assert decide(ledger, kind, "vera", alert=2).is_new
    assert len(ledger.people.deeds()) == 2
    ledger.end_decision(first.decision.id, NOW + DAY)
    assert decide(ledger, kind, "vera", at=NOW + DAY).is_new
    assert [each.author for each in ledger.alert(1).decisions] == ["omar", "vera"]


def test_a_later_end_replaces(ledger: Ledger) -> None:
    """A snooze that ends later ends the one before; one that ends no later (or seconds later: the same form,
    sent twice) is not written. One that is over is nothing to go by."""
    commit(ledger, opened("ana"))
    week = decide(ledger, DecisionKind.SNOOZE, "omar", days=7)
    for days, at in ((1, NOW), (7, NOW), (7, NOW + timedelta(seconds=30))):
        assert decide(ledger, DecisionKind.SNOOZE, "vera", days=days, at=at).decision == week.decision
    month = decide(ledger, DecisionKind.SNOOZE, "vera", days=30, at=NOW + DAY)
    assert month.replaced == (week.decision,)
    assert ledger.decisions(NOW + DAY) == [month.decision]
    assert [each.ended_at for each in ledger.alert(1).decisions] == [NOW + DAY, None]
    assert decide(ledger, DecisionKind.SNOOZE, "omar", days=1, at=NOW + 40 * DAY).is_new


def test_kinds_are_different_things(ledger: Ledger) -> None:
    """Who looks after an alert may find that it is no problem."""
    commit(ledger, opened("ana"))
    for kind, days in (
        (DecisionKind.ACKNOWLEDGE, None),
        (DecisionKind.SNOOZE, 1),
        (DecisionKind.DISMISS, None),
    ):
        assert decide(ledger, kind, "omar", days=days).is_new


def test_two_at_once(ledger: Ledger) -> None:
    """One of them did it, and both know who."""
    commit(ledger, *(opened(f"customer_{number}") for number in range(10)))
    people = [f"person_{number}" for number in range(4)]
    together = threading.Barrier(len(people))

    def all_of_them(who: str) -> list[Decided]:
        together.wait()
        return [decide(ledger, DecisionKind.ACKNOWLEDGE, who, alert=alert) for alert in range(1, 11)]

    with ThreadPoolExecutor(len(people)) as pool:
        found = list(pool.map(all_of_them, people))
    for alert in range(10):
        assert sum(each[alert].is_new for each in found) == 1
        assert len({each[alert].decision for each in found}) == 1
    assert len(ledger.decisions(NOW)) == len(ledger.people.deeds()) == 10


def test_many_in_one_transaction(ledger: Ledger) -> None:
    """Each is written, stood already, or has no alert; only what is new is told, each by itself."""
    commit(ledger, opened("ana"), opened("leo"), opened("eva"))
    before = decide(ledger, DecisionKind.ACKNOWLEDGE, "vera", alert=2)
    asked = [
        Decision(DecisionKind.ACKNOWLEDGE, None, None, None, None, "omar", "", NOW, alert=alert)
        for alert in (3, 99, 2, 1)
    ]
    actor = Actor("omar", Via.PAGE)
    found = ledger.decide_each(
        asked, telling=lambda done: actor.did(NOW, "acknowledge", f"alert {done.decision.alert}")
    )
    assert [each and (each.is_new, each.decision.alert, each.decision.subject) for each in found] == [
        (True, 3, "eva"),
        None,
        (False, 2, "leo"),
        (True, 1, "ana"),
    ]
    assert found[2] == Decided(before.decision, is_new=False)
    assert {each.decision.id for each in found if each is not None} == {1, 2, 3}
    assert [each.object for each in ledger.people.deeds(actor="omar")] == ["alert 1", "alert 3"]
    with pytest.raises(NotFoundError, match="there is no alert 99"):
        ledger.decide(asked[1])
