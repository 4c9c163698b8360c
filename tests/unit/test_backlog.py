"""The backlog: whoever is marked is looked at, once and soon, and no position is kept before that."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tercera.following.backlog import Backlog
from tercera.model import RuleId, SubjectId
from tercera.tally.changes import Batch

RETURNS, SELLERS = RuleId("returns"), RuleId("sellers")
ANA, BEA = SubjectId("ana"), SubjectId("bea")
DEBOUNCE = 0.2


def backlog(limit: int = 100) -> Backlog:
    """Of one rule per customer and one per seller."""
    return Backlog({RETURNS: "customer", SELLERS: "seller"}, debounce=DEBOUNCE, limit=limit)


def changed(*customers: str, position: str | None = None, seller: str | None = None) -> Batch:
    """A batch."""
    subjects = {"customer": frozenset(map(SubjectId, customers))}
    if seller:
        subjects["seller"] = frozenset({SubjectId(seller)})
    return Batch(subjects, position=position)


def test_what_changes_a_hundred_times_is_looked_at_once() -> None:
    """Within the debounce; and not before it has passed."""
    lines = backlog()
    for step in range(100):
        lines.note(changed("ana", position=str(step)), step / 1000)
    assert lines.due_at() == DEBOUNCE
    assert not lines.take(DEBOUNCE - 0.001)
    work = lines.take(DEBOUNCE)
    assert {rule: set(marked) for rule, marked in work.by_rule.items()} == {RETURNS: {ANA}}
    assert lines.due_at() is None
    assert lines.position() == "99"


def test_a_steady_stream_waits_no_longer() -> None:
    """The debounce counts from the first change, whatever follows."""
    lines = backlog()
    for step in range(1000):
        now = step / 100
        lines.note(changed(f"c{step}"), now)
        due = lines.due_at()
        assert due is not None
        assert due <= now + DEBOUNCE
        if due <= now:
            assert lines.take(now)


def test_each_rule_has_its_own_subjects() -> None:
    """A rule that counts for sellers is asked for sellers."""
    lines = backlog()
    lines.note(changed("ana", seller="s1"), 0)
    assert {rule: set(marked) for rule, marked in lines.take(1).by_rule.items()} == {
        RETURNS: {ANA},
        SELLERS: {SubjectId("s1")},
    }


def test_a_large_batch_is_cut() -> None:
    """The rest comes at once afterwards, the longest marked first, and only then the position moves."""
    lines = backlog(limit=2)
    lines.note(changed("a", position="1"), 0)
    lines.note(changed("b", "c", position="2"), 0)
    first = lines.take(1).by_rule[RETURNS]
    assert set(first) > {SubjectId("a")}
    assert lines.position() == "1"
    assert lines.due_at() == 1
    assert len(lines.take(1).by_rule[RETURNS]) == 1
    assert lines.position() == "2"


def test_what_is_given_back_keeps_its_place() -> None:
    """It waits for the pause; other rules do not; and the position stays behind it."""
    lines = backlog()
    lines.note(changed("ana", seller="s1", position="1"), 0)
    work = lines.take(1)
    lines.give_back(RETURNS, work.by_rule[RETURNS], 1, pause=5)
    lines.note(changed("bea", seller="s2", position="2"), 1)
    assert lines.position() is None
    assert set(lines.take(2).by_rule) == {SELLERS}
    assert set(lines.take(6).by_rule[RETURNS]) == {ANA, BEA}
    assert lines.position() == "2"


def test_a_sweep_looks_at_all_who_were_marked_before_it() -> None:
    """Only who was marked since waits."""
    lines = backlog()
    lines.note(changed("ana", position="1"), 0)
    number = lines.number
    lines.note(changed("bea", position="2"), 0)
    lines.swept(RETURNS, number)
    assert lines.position() == "1"
    assert set(lines.take(1).by_rule[RETURNS]) == {BEA}


def test_orders_that_moved_hold_the_position_back() -> None:
    """Until they are taken and somebody was asked whose they were."""
    lines = backlog()
    lines.note(Batch(moved=frozenset({"o1"}), position="1"), 0)
    assert lines.position() is None
    assert dict(lines.take(DEBOUNCE).moved) == {"o1": 1}
    assert lines.position(busy=[[1]]) is None
    assert lines.position() == "1"


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from("nntg"), st.integers(0, 5)), max_size=60))
def test_no_position_is_kept_before_everybody_was_looked_at(steps: list[tuple[str, int]]) -> None:
    """Whatever is noted (n), taken and done (t), or taken and given back (g), in any order."""
    lines = backlog(limit=2)
    open_since: dict[SubjectId, int] = {}
    for now, (step, who) in enumerate(steps, 1):
        if step == "n":
            subject = SubjectId(f"c{who}")
            lines.note(changed(subject, position=str(now)), now)
            open_since.setdefault(subject, now)
        else:
            taken = lines.take(now + 1).by_rule.get(RETURNS, {})
            if step == "g":
                lines.give_back(RETURNS, taken, now)
            else:
                for subject in taken:
                    del open_since[subject]
        position = lines.position()
        assert int(position or 0) < min(open_since.values(), default=len(steps) + 1)
    while taken := lines.take(1e9).by_rule.get(RETURNS, {}):
        for subject in taken:
            del open_since[subject]
    assert open_since == {}
