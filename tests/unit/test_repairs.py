"""What a sweep had to repair: what it found moved and no change told of."""

from __future__ import annotations

from tercera.following.repairs import SETTLED, Trial, begun
from tercera.model import RuleId, SubjectId
from tercera.tally.changes import Batch

RULE = RuleId("returns")
ANA, BEA, EVA = SubjectId("ana"), SubjectId("bea"), SubjectId("eva")
CURRENT = Batch(is_current=True)


def of(*subjects: SubjectId) -> Batch:
    """A batch that tells of these."""
    return Batch({"customer": frozenset(subjects)})


def trial() -> Trial:
    """Of a sweep that begins while Ana waits, and finds that all three moved."""
    made = begun({RULE: "customer"}, {RULE: [ANA]})
    made.end({RULE: [ANA, BEA, EVA]}, 10)
    return made


def test_who_waited_or_was_told_of_is_no_repair() -> None:
    """Also when the change is read after the sweep has ended."""
    made = trial()
    made.note(of(BEA))
    assert made.verdict(CURRENT, 10 + SETTLED) == {RULE: {EVA}}


def test_it_is_judged_when_changes_are_read_past_the_sweep() -> None:
    """Not while changes may be on their way."""
    made = trial()
    assert made.verdict(Batch(), 100) is None
    assert made.verdict(CURRENT, 10 + SETTLED / 2) is None
    assert begun({RULE: "customer"}, {}).verdict(CURRENT, 100) is None


def test_orders_that_went_without_a_name_may_have_been_anybodys() -> None:
    """Nothing can be said then."""
    made = trial()
    made.note(Batch(untold=1))
    assert made.verdict(CURRENT, 100) == {}
