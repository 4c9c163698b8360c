"""Edits of a rule's levels: whatever they were and are, an edit takes nothing back by word, and is over when
it was seen once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tercera.lifecycle import reconcile
from tercera.model import Level, Muted, Reason, RuleId, Standing, State
from tercera.rules import Edit, Meaning, Rule, judge, renames
from tercera.rules.listener import FOLLOW_UPS
from tercera.telling.routing import Route
from tercera.telling.succession import Recipients, successors
from tests.property.test_lifecycle import JUNE, OPEN, OVER, RULE, tally

ALL = tuple(Reason)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """One to four levels of a few names, which hears of everything or not of easings."""
    names = draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True))
    numbers = sorted(draw(st.sets(st.integers(1, 12), min_size=len(names), max_size=len(names))))
    levels = tuple(Level(name, number) for name, number in zip(names, numbers, strict=True))
    return replace(RULE, levels=levels, on=draw(st.sampled_from([RULE.on, ALL])))


@settings(max_examples=300, deadline=None)
@given(rules(), rules(), st.lists(st.integers(0, 13), min_size=1, max_size=4), st.integers(0, 13))
def test_an_edit_takes_nothing_back_by_word(old: Rule, new: Rule, counts: list[int], count: int) -> None:
    """Nobody hears that anything fell, and the sweep after the first has nothing to add: neither by the same
    orders, nor when the edit is undone."""
    known: Standing | None = None
    for each in counts:
        known = reconcile(old, JUNE, known, judge(old, tally(each)), OPEN).after or known
    edit = Edit(("levels",), old.levels)
    step = reconcile(new, JUNE, known, judge(new, tally(count)), OPEN, edit=edit, baseline=True)
    assert step.before == known
    assert not (step.speaks and step.reason in FOLLOW_UPS)
    if known is None or step.after is None:
        return
    assert step.is_change == (step.after != known)
    assert not reconcile(new, JUNE, step.after, judge(new, tally(count)), OPEN).is_change
    if count == counts[-1] and not step.speaks:
        undone = Edit(("levels",), new.levels)
        back = reconcile(old, JUNE, step.after, judge(old, tally(count)), OPEN, edit=undone, baseline=True)
        assert not (back.speaks and back.reason in FOLLOW_UPS)


@given(rules(), rules(), st.integers(1, 13), st.integers(0, 13))
def test_windows_that_are_over_hear_nothing_of_an_edit(old: Rule, new: Rule, before: int, now: int) -> None:
    """Neither what rises nor what falls."""
    known = reconcile(old, JUNE, None, judge(old, tally(before)), OPEN).after
    edit = Edit(("levels",), old.levels)
    step = reconcile(new, JUNE, known, judge(new, tally(now)), OVER, edit=edit, baseline=True)
    assert not step.speaks


@given(rules(), st.integers(0, 13))
def test_levels_of_any_names_are_told_once(old: Rule, count: int) -> None:
    """Renaming all of them tells nobody, whatever was told."""
    known = reconcile(old, JUNE, None, judge(old, tally(count)), OPEN).after
    new = replace(old, levels=tuple(Level(each.name.upper(), each.threshold) for each in old.levels))
    edit = Edit(("levels",), old.levels)
    step = reconcile(new, JUNE, known, judge(new, tally(count)), OPEN, edit=edit, baseline=True)
    assert not step.speaks
    if known is not None and known.level is not None:
        assert step.after == replace(known, level=known.level.upper(), peak=(known.peak or "").upper())


def test_an_alert_that_an_edit_took_back_is_muted() -> None:
    """As what nobody is told because of an edit; one that nobody heard of is not."""
    higher = replace(RULE, levels=(Level("notice", 7),))
    edit = Edit(("levels",), RULE.levels)
    for spoken, muted in ((True, Muted.EDITED), (False, None)):
        known = Standing(State.OPEN, "notice", "notice", spoken=spoken)
        step = reconcile(higher, JUNE, known, judge(higher, tally(3)), OPEN, edit=edit, baseline=True)
        assert (step.reason, step.muted) == (Reason.RETRACTED, muted)


def test_what_was_edited() -> None:
    """By the configuration's names; of a ledger that does not know more, that something was."""
    kept = Meaning(RULE, {"orders.formats": "1", "kind": "2"}).text(None, None)
    same = Meaning(RULE, {"orders.formats": "1", "kind": "2"})
    assert same.edited(RULE.fingerprint, kept) is None
    assert same.edited(RULE.fingerprint, None) is None
    assert same.edited("another", None) == Edit(("rule",))
    other = replace(RULE, levels=RULE.levels[:2], counting=replace(RULE.counting, per="seller"))
    edit = Meaning(other, {"orders.formats": "1", "orders.valid": "3", "kind": "4"}).edited("another", kept)
    assert edit == Edit(("per", "levels", "source.kind", "source.orders.valid"), RULE.levels)
    assert not edit.same_subjects


def _rule(name: str, number: int) -> Rule:
    return replace(RULE, id=RuleId(name), levels=(Level("notice", number),))


@pytest.mark.parametrize(
    ("rules", "swept", "expected"),
    [
        ([("a", 1)], {"a": 1}, {}),
        ([("b", 1)], {"a": 1}, {"a": "b"}),
        ([("b", 2)], {"a": 1}, {}),  # edited, too: a new rule
        ([("a", 1), ("b", 1)], {"a": 1}, {}),  # a copy
        ([("a", 2), ("b", 1)], {"a": 1, "b": 2}, {"a": "b", "b": "a"}),
        ([("b", 1), ("c", 1)], {"a": 1}, {}),  # either could be meant
        ([("c", 1)], {"a": 1, "b": 1}, {}),
        ([("b", 1)], {"a": 1, "b": 2}, {}),  # an edit of b, which has alerts of its own
        ([("a", 2), ("b", 3), ("c", 1)], {"a": 1, "b": 2, "c": 3}, {"a": "c", "b": "a", "c": "b"}),
    ],
)
def test_which_rules_are_called_otherwise(
    rules: list[tuple[str, int]], swept: dict[str, int], expected: dict[str, str]
) -> None:
    """Those that mean what one of before meant that is not there any more."""
    marks = {RuleId(name): _rule(name, number).fingerprint for name, number in swept.items()}
    assert renames([_rule(*each) for each in rules], marks) == expected


@pytest.mark.parametrize(
    ("routes", "used", "gone", "expected"),
    [
        ({"b": None}, ["a"], {"a": None}, {"a": "b"}),
        ({"b": ("x",)}, ["a"], {"a": frozenset("xy")}, {"a": "b"}),
        ({"b": ("z",)}, ["a"], {"a": frozenset("xy")}, {}),
        ({"b": ("x",)}, ["a"], {"a": None}, {}),
        ({"b": None}, ["a", "b"], {"a": None}, {}),  # has written before, so it is another one
        ({"b": None, "c": None}, ["a"], {"a": None}, {}),
    ],
)
def test_which_channels_are_called_otherwise(
    routes: dict[str, tuple[str, ...] | None],
    used: list[str],
    gone: dict[str, Recipients],
    expected: dict[str, str],
) -> None:
    """Those that never wrote anything, and write to whom one of before wrote that is gone."""
    assert successors({name: Route(name, to) for name, to in routes.items()}, used, gone) == expected


def test_a_server_that_was_read_before_is_no_edit() -> None:
    """Another one is, once: instances that share a ledger may each know the server by a name of its own, and
    take turns."""
    here, there = (Meaning(RULE, {"kind": "1", "server": name}) for name in ("here", "there"))
    kept = here.text(None, None)
    edit = there.edited(RULE.fingerprint, kept)
    assert edit is not None
    assert edit.what == ("source.server",)
    for each in (there, here, there):
        kept = each.text(None, kept)
        assert here.edited(RULE.fingerprint, kept) is None
        assert there.edited(RULE.fingerprint, kept) is None
