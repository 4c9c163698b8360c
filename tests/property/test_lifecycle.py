"""The lifecycle: each transition has its reason, and nothing is told twice or out of place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tercera.lifecycle import held, reconcile
from tercera.model import (
    Counting,
    Evidence,
    Level,
    Match,
    Muted,
    Period,
    Quiet,
    Reason,
    RuleId,
    Standing,
    State,
    SubjectId,
    Tally,
    Transition,
    WindowId,
)
from tercera.rules import Rule, everyone, judge
from tercera.windows import window_of_day

RULE = Rule(
    RuleId("repeat-returns"),
    "Three or more",
    Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "America/Bogota"),
    (Level("notice", 3), Level("warning", 5), Level("critical", 10)),
    everyone("customer"),
    timedelta(days=30),
    (Reason.OPENED, Reason.ESCALATED, Reason.RETRACTED, Reason.CLOSED),
)
JUNE = window_of_day(date(2023, 6, 1), Period.MONTH)
OPEN = JUNE.starts_at("America/Bogota") + timedelta(days=10)
OVER = JUNE.ends_at("America/Bogota") + timedelta(days=1)
SETTLED = JUNE.ends_at("America/Bogota") + timedelta(days=30)


def tally(count: int) -> Tally:
    """A tally of so many returns."""
    orders = tuple(Evidence(f"o{n}", date(2023, 6, 1 + n % 30), "returned") for n in range(count))
    return Tally(SubjectId("c1"), WindowId("2023-06"), count, count + 2, evidence=orders)


def step(known: Standing | None, count: int, now: datetime, *, baseline: bool = False) -> Transition:
    """One reconciliation."""
    return reconcile(RULE, JUNE, known, judge(RULE, tally(count)), now, baseline=baseline)


def told(level: str, peak: str | None = None) -> Standing:
    """An open alert that was told."""
    return Standing(State.OPEN, level, peak or level, spoken=True)


RETRACTED = Standing(State.RETRACTED, None, None, spoken=False)


@pytest.mark.parametrize(
    ("known", "count", "now", "reason", "speaks"),
    [
        (None, 2, OPEN, Reason.UNCHANGED, False),
        (None, 3, OPEN, Reason.OPENED, True),
        (None, 12, OPEN, Reason.OPENED, True),
        (None, 3, OVER, Reason.OPENED, True),
        (told("notice"), 4, OPEN, Reason.UNCHANGED, False),
        (told("notice"), 5, OPEN, Reason.ESCALATED, True),
        (told("notice"), 10, OVER, Reason.ESCALATED, True),
        (told("warning"), 4, OPEN, Reason.EASED, False),
        (told("notice", "warning"), 5, OPEN, Reason.ESCALATED, False),
        (told("notice", "warning"), 10, OPEN, Reason.ESCALATED, True),
        (told("warning"), 2, OPEN, Reason.RETRACTED, True),
        (told("warning"), 0, SETTLED, Reason.RETRACTED, True),
        (RETRACTED, 2, OPEN, Reason.UNCHANGED, False),
        (RETRACTED, 3, OPEN, Reason.OPENED, True),
        (RETRACTED, 2, SETTLED, Reason.CLOSED, False),
        (told("notice"), 3, SETTLED, Reason.CLOSED, True),
        (told("notice"), 5, SETTLED, Reason.ESCALATED, True),
        (Standing(State.OPEN, "notice", "notice", spoken=False), 2, OVER, Reason.RETRACTED, False),
        (Standing(State.CLOSED, "notice", "notice", spoken=True), 0, SETTLED, Reason.UNCHANGED, False),
    ],
)
def test_transitions_by_hand(
    known: Standing | None, count: int, now: datetime, reason: Reason, speaks: bool
) -> None:
    """The table of the documentation, row by row."""
    transition = step(known, count, now)
    assert (transition.reason, transition.speaks) == (reason, speaks)


@pytest.mark.parametrize(("now", "state"), [(OVER, State.OPEN), (SETTLED, State.CLOSED)])
def test_a_first_sweep_is_silent_about_windows_that_are_over(now: datetime, state: State) -> None:
    """They become a baseline, which closes at once when its grace has passed too."""
    transition = step(None, 7, now, baseline=True)
    assert transition == Transition(
        Reason.BASELINE, None, Standing(state, "warning", "warning", spoken=False), speaks=False
    )


def test_a_first_sweep_alerts_in_windows_that_are_open() -> None:
    """The month that runs is today's business."""
    assert step(None, 3, OPEN, baseline=True).reason is Reason.OPENED


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 20)), max_size=25), st.booleans())
def test_any_history_of_counts(steps: list[tuple[int, int]], baseline: bool) -> None:
    """Over any sequence: told levels rise strictly between retractions, a retraction is told only after an
    opening or escalation was, and a closed alert never speaks or moves again."""
    now, known, last_told, heard = OPEN, None, 0, False
    for count, pause in steps:
        now += timedelta(days=pause)
        transition = step(known, count, now, baseline=baseline)
        rank = RULE.rank(transition.after.level) if transition.after else 0
        if known is not None and known.state is State.CLOSED:
            assert transition.reason is Reason.UNCHANGED
        if transition.reason is Reason.UNCHANGED:
            assert transition.after == known
            assert not transition.speaks
        if transition.speaks and transition.reason in (Reason.OPENED, Reason.ESCALATED):
            assert rank > last_told
            last_told, heard = rank, True
        if transition.reason is Reason.RETRACTED:
            assert transition.speaks == heard
            last_told, heard = 0, False
        if transition.after is not None and transition.after.state is State.OPEN:
            assert transition.after.level == (
                level.name if (level := judge(RULE, tally(count)).level) else None
            )
        known = transition.after


@given(
    st.integers(0, 12), st.one_of(st.none(), st.sampled_from([told("notice"), told("warning"), RETRACTED]))
)
def test_asking_again_changes_nothing(count: int, known: Standing | None) -> None:
    """Reconciling the same finding twice says nothing the second time."""
    first = step(known, count, OPEN)
    assert step(first.after, count, OPEN).reason is Reason.UNCHANGED


@given(st.integers(0, 60), st.integers(1, 60))
def test_the_order_that_reached_the_level_is_named(count: int, cap: int) -> None:
    """`since` is the third, fifth or tenth order, or unknown when the evidence was capped before it."""
    full = tally(count)
    capped = Tally(full.subject, full.window, full.matched, full.orders, evidence=full.evidence[:cap])
    finding = judge(RULE, capped)
    if finding.level is None:
        assert count < 3
    elif finding.level.threshold <= cap:
        assert finding.since == f"o{finding.level.threshold - 1}"
    else:
        assert finding.since is None


def test_a_rule_without_retractions_in_on_stays_silent_about_them() -> None:
    """`on` decides which transitions speak."""
    quiet = Rule(RULE.id, RULE.title, RULE.counting, RULE.levels, RULE.notify, RULE.grace, (Reason.OPENED,))
    assert not reconcile(quiet, JUNE, told("notice"), judge(quiet, tally(0)), OPEN).speaks
    assert not reconcile(quiet, JUNE, told("notice"), judge(quiet, tally(6)), OPEN).speaks
    assert reconcile(quiet, JUNE, None, judge(quiet, tally(6)), datetime(2023, 6, 5, tzinfo=UTC)).speaks


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 12), st.sampled_from([None, None, *Quiet])), max_size=25
    )
)
def test_silences_never_leave_anybody_with_a_wrong_belief(steps: list[tuple[int, int, Quiet | None]]) -> None:
    """Nothing is told in silence; once it is over, whoever is told knows what is true, and never hears a
    level twice or a retraction of what they never heard."""
    now, known, believed = OPEN, None, 0
    for count, pause, quiet in steps:
        now += timedelta(days=pause)
        transition = reconcile(RULE, JUNE, known, judge(RULE, tally(count)), now, quiet=quiet)
        after = transition.after
        if transition.speaks:
            assert quiet is None
            assert transition.muted is None
            assert after is not None
            if transition.reason is Reason.RETRACTED:
                assert believed > 0
                believed = 0
            elif transition.reason is not Reason.CLOSED:
                assert RULE.rank(after.level) > believed
                believed = RULE.rank(after.level)
        if transition.muted is Muted.SILENCED:
            assert quiet is not None
        if after is not None and after.state is not State.CLOSED and quiet is None:
            assert believed >= RULE.rank(after.level)
            assert after.state is State.OPEN or believed == 0
        if (
            after is not None
            and after.state is State.CLOSED
            and (known is None or known.state is not State.CLOSED)
        ):
            assert believed >= RULE.rank(after.level) or quiet is Quiet.FOR_GOOD
        known = after


def test_what_a_silence_kept_back_is_told_when_it_ends() -> None:
    """An opening, an escalation or a retraction in silence is said afterwards, if it is still true."""
    opened = reconcile(RULE, JUNE, None, judge(RULE, tally(3)), OPEN, quiet=Quiet.FOR_NOW)
    assert (opened.reason, opened.speaks, opened.muted) == (Reason.OPENED, False, Muted.SILENCED)
    still = reconcile(RULE, JUNE, opened.after, judge(RULE, tally(3)), OPEN, quiet=Quiet.FOR_NOW)
    assert still.reason is Reason.UNCHANGED
    later = step(opened.after, 3, OPEN)
    assert (later.reason, later.speaks) == (Reason.OPENED, True)
    assert step(later.after, 3, OPEN).reason is Reason.UNCHANGED
    gone = reconcile(RULE, JUNE, opened.after, judge(RULE, tally(2)), OPEN)
    assert (gone.reason, gone.speaks) == (Reason.RETRACTED, False)
    fell = reconcile(RULE, JUNE, later.after, judge(RULE, tally(1)), OPEN, quiet=Quiet.FOR_NOW)
    assert step(fell.after, 1, OPEN).speaks
    rose = reconcile(RULE, JUNE, fell.after, judge(RULE, tally(3)), OPEN)
    assert (rose.reason, rose.speaks) == (Reason.OPENED, False)


def test_a_window_is_not_closed_over_what_is_still_owed() -> None:
    """A silence that outlasts the grace keeps the alert open; one for good lets it close."""
    opened = reconcile(RULE, JUNE, None, judge(RULE, tally(3)), OPEN, quiet=Quiet.FOR_NOW)
    assert (
        reconcile(RULE, JUNE, opened.after, judge(RULE, tally(3)), SETTLED, quiet=Quiet.FOR_NOW).reason
        is Reason.UNCHANGED
    )
    assert step(opened.after, 3, SETTLED).speaks
    dismissed = reconcile(RULE, JUNE, opened.after, judge(RULE, tally(3)), SETTLED, quiet=Quiet.FOR_GOOD)
    assert (dismissed.reason, dismissed.speaks) == (Reason.CLOSED, False)


def test_a_dismissed_alert_closes_like_others() -> None:
    """Also one that fell below its level after it was told: its window need not be watched for ever."""
    fell = reconcile(RULE, JUNE, told("notice"), judge(RULE, tally(0)), OPEN, quiet=Quiet.FOR_GOOD)
    end = reconcile(RULE, JUNE, fell.after, judge(RULE, tally(0)), SETTLED, quiet=Quiet.FOR_GOOD)
    assert (end.reason, end.speaks) == (Reason.CLOSED, False)


def test_a_held_transition_counts_as_decided_and_not_as_heard() -> None:
    """It does not come again by itself, and its retraction is nobody's news."""
    first = held(step(None, 3, OPEN))
    assert (first.speaks, first.muted) == (False, Muted.HELD)
    assert step(first.after, 3, OPEN).reason is Reason.UNCHANGED
    assert not step(first.after, 2, OPEN).speaks
    higher = held(step(told("notice"), 5, OPEN))
    assert step(higher.after, 2, OPEN).speaks
