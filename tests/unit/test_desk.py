"""The desk: where changes wait for whoever looks, and sweeps learn what they had to repair."""

from __future__ import annotations

from datetime import timedelta

from tercera.following.desk import Desk, Stretch
from tercera.following.repairs import SETTLED
from tercera.ledger import Lease
from tercera.model import RuleId, SubjectId
from tercera.tally.changes import Batch

RULE = RuleId("returns")
ANA, BEA = SubjectId("ana"), SubjectId("bea")
LEASE = Lease("follow", 1, timedelta(seconds=60))


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def desk() -> tuple[Desk, Stretch, Clock]:
    """Of one rule, followed."""
    clock = Clock()
    made = Desk({RULE: "customer"}, debounce=0, clock=clock)
    return made, made.begin(LEASE), clock


def of(*subjects: SubjectId, position: str | None = None) -> Batch:
    """A batch that tells of these."""
    return Batch({"customer": frozenset(subjects)}, position=position)


def test_what_a_sweep_found_and_nobody_told_of_is_a_repair() -> None:
    """Said once, when changes were read past the end of the sweep."""
    made, stretch, clock = desk()
    made.note(stretch, of(ANA))
    mark = made.sweep_begins()
    assert mark is not None
    made.sweep_ended(mark, {RULE: [ANA, BEA]})
    assert made.take(0) is None  # the sweep has looked at Ana
    clock.now += SETTLED
    assert made.repaired() == {}
    made.note(stretch, Batch(is_current=True))
    assert made.repaired() == {RULE: {BEA}}
    assert made.repaired() == {}


def test_sweeps_that_fail_leave_nothing_behind() -> None:
    """However often."""
    made, stretch, _ = desk()
    for _ in range(100):
        made.sweep_begins()
    assert len(stretch.trials) == 1


def test_the_position_waits_for_whoever_is_being_looked_at() -> None:
    """And for those who were given back."""
    made, stretch, _ = desk()
    made.note(stretch, of(ANA, position="1"))
    taken = made.take(0)
    assert taken is not None
    assert made.position(stretch) is None
    assert made.position(stretch, RULE) == "1"
    made.give_back(stretch, RULE, pause=0)
    assert made.position(stretch) is None
    assert made.take(0) is not None
    made.done(stretch, RULE)
    assert made.position(stretch) == "1"


def test_another_stretch_forgets_the_work_of_the_one_before() -> None:
    """It is told again from the position that was kept."""
    made, stretch, _ = desk()
    made.note(stretch, of(ANA))
    made.take(0)
    made.begin(LEASE)
    made.give_back(stretch, RULE, pause=0)
    assert made.take(0) is None
