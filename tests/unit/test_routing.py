"""Routing: the right notice to the right address, or a reason why there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tercera.lifecycle import reconcile, unheard
from tercera.messages import Hearer, NoticeKind, Problem
from tercera.model import (
    Counting,
    Customer,
    Level,
    Match,
    Period,
    Reason,
    RuleId,
    Standing,
    State,
    SubjectId,
    Tally,
    Transition,
    WindowId,
)
from tercera.rules import Listener, Rule, everyone, judge
from tercera.telling.gathering import Daily, Gathering
from tercera.telling.routing import Circumstances, Route, Routes, drafts, goes_by_heard
from tercera.windows import parse_window

RULE = Rule(
    RuleId("r"),
    "Returns",
    Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "UTC"),
    (Level("notice", 3),),
    everyone("customer", "operations"),
    timedelta(days=30),
)
CUSTOMER = Route("customer", None, "es")
OPERATIONS = Route("operations", ("ops@example.com", "lead@example.com"), "en", digest=True)
ROUTES = Routes({"customer": CUSTOMER, "operations": OPERATIONS}, OPERATIONS)
OPENED = Transition(Reason.OPENED, None, Standing(State.OPEN, "notice", "notice", spoken=True), speaks=True)
NOW = datetime(2023, 6, 20, 12, tzinfo=UTC)
ANA = Customer("c1", "Ana", "ana@example.com", "en-GB")


def test_customer_and_operations_are_told() -> None:
    """One notice a recipient; the customer's in the customer's language, operations' in a digest."""
    made = drafts(RULE, OPENED, ROUTES, Circumstances(ANA), Gathering(7, NOW))
    assert [(d.recipient, d.language, d.for_customer, d.bundle and d.bundle.name) for d in made] == [
        ("ana@example.com", "en", True, "7:d0f631ca1ddba8db"),
        ("ops@example.com", "en", False, "7"),
        ("lead@example.com", "en", False, "7"),
    ]
    assert {d.kind for d in made} == {NoticeKind.ALERT}
    assert {d.problem for d in made} == {None}


def test_a_language_that_the_templates_do_not_speak_is_the_channels() -> None:
    """Better a Spanish mail than none."""
    assert (
        drafts(RULE, OPENED, ROUTES, Circumstances(replace(ANA, language="pt_BR")), Gathering(7, NOW))[
            0
        ].language
        == "es"
    )
    assert (
        drafts(RULE, OPENED, ROUTES, Circumstances(replace(ANA, language=None)), Gathering(7, NOW))[
            0
        ].language
        == "es"
    )


@pytest.mark.parametrize(
    ("customer", "problem"),
    [
        (None, Problem.NO_ENTRY),
        (replace(ANA, email=None), Problem.NO_EMAIL),
        (replace(ANA, email="  "), Problem.NO_EMAIL),
        (replace(ANA, email="ana at example"), Problem.BAD_EMAIL),
        (replace(ANA, email="a@example.com, b@example.com"), Problem.BAD_EMAIL),
        (replace(ANA, email="a@example.com\r\nBcc: all@example.com"), Problem.BAD_EMAIL),
        (replace(ANA, email="Ana <a@example.com>"), Problem.BAD_EMAIL),
    ],
)
def test_a_customer_who_cannot_be_told_is_operations_business(
    customer: Customer | None, problem: Problem
) -> None:
    """The customer's notice stands without a recipient, and operations reads why."""
    made = drafts(RULE, OPENED, ROUTES, Circumstances(customer), Gathering(7, NOW))
    assert [(d.recipient, d.problem) for d in made] == [
        ("", problem),
        ("ops@example.com", problem),
        ("lead@example.com", problem),
    ]


def test_operations_is_told_even_when_the_rule_does_not_notify_it() -> None:
    """By an undelivered notice, bundled into one mail a cycle."""
    rule = replace(RULE, notify=everyone("customer"))
    made = drafts(rule, OPENED, ROUTES, Circumstances(None), Gathering(7, NOW))
    assert [(d.kind, d.recipient, d.bundle and d.bundle.name) for d in made] == [
        (NoticeKind.ALERT, "", None),
        (NoticeKind.UNDELIVERED, "ops@example.com", "7"),
        (NoticeKind.UNDELIVERED, "lead@example.com", "7"),
    ]
    assert (
        len(drafts(rule, OPENED, Routes(ROUTES.by_name, None), Circumstances(None), Gathering(7, NOW))) == 1
    )


def test_a_rule_per_another_field_has_nobody_to_mail_as_customer() -> None:
    """Only customers have an address; a seller's id is never looked up among them."""
    rule = replace(RULE, counting=replace(RULE.counting, per="seller"))
    made = drafts(rule, OPENED, ROUTES, Circumstances(ANA), Gathering(7, NOW))
    assert made[0].recipient == ""
    assert made[0].problem is Problem.NOT_A_CUSTOMER


def test_what_does_not_speak_tells_nobody() -> None:
    """A baseline, an easing, a silent escalation."""
    assert drafts(RULE, replace(OPENED, speaks=False), ROUTES, Circumstances(ANA), Gathering(7, NOW)) == ()


def test_a_recipient_named_twice_is_told_once() -> None:
    """On a list, or through a channel that the rule names twice."""
    twice = Route("operations", ("ops@example.com", "ops@example.com"))
    rule = replace(RULE, notify=everyone("operations", "operations"))
    assert (
        len(drafts(rule, OPENED, Routes({"operations": twice}), Circumstances(ANA), Gathering(7, NOW))) == 1
    )


LEVELS = (Level("notice", 3), Level("warning", 5), Level("critical", 10))
BY_LEVEL = replace(
    RULE,
    levels=LEVELS,
    notify=(Listener("customer", ("notice",)), Listener("operations", ("critical",))),
    on=(Reason.OPENED, Reason.ESCALATED, Reason.EASED, Reason.RETRACTED, Reason.CLOSED),
)
HEARD_BY_ANA = Circumstances(ANA, heard={("customer", None): "critical"})


def step(reason: Reason, level: str | None) -> Transition:
    """A step that speaks, to a level."""
    state = State.OPEN if level else State.RETRACTED
    return Transition(reason, None, Standing(state, level, level, spoken=level is not None), speaks=True)


def told(rule: Rule, transition: Transition, around: Circumstances) -> set[str]:
    """The channels that hear of it."""
    return {draft.channel for draft in drafts(rule, transition, ROUTES, around, Gathering(7, NOW))}


def test_a_level_is_told_to_those_who_listen_for_it() -> None:
    """A notice to the customer, what is critical to operations, and a warning to nobody here."""
    assert told(BY_LEVEL, step(Reason.OPENED, "notice"), Circumstances(ANA)) == {"customer"}
    heard_of_three = Circumstances(ANA, heard={("customer", None): "notice"})
    assert told(BY_LEVEL, step(Reason.ESCALATED, "critical"), heard_of_three) == {"operations"}
    assert told(BY_LEVEL, step(Reason.ESCALATED, "warning"), heard_of_three) == set()


@pytest.mark.parametrize("reason", [Reason.EASED, Reason.RETRACTED, Reason.CLOSED])
def test_a_follow_up_goes_to_whoever_heard(reason: Reason) -> None:
    """Whatever its level is now, and to nobody else."""
    follow_up = step(reason, None if reason is Reason.RETRACTED else "warning")
    assert told(BY_LEVEL, follow_up, Circumstances(ANA)) == set()
    assert told(BY_LEVEL, follow_up, HEARD_BY_ANA) == {"customer"}
    both = Circumstances(
        ANA, heard=dict.fromkeys([("customer", None), ("operations", "lead@example.com")], "critical")
    )
    made = drafts(BY_LEVEL, follow_up, ROUTES, both, Gathering(7, NOW))
    assert [draft.recipient for draft in made] == ["ana@example.com", "lead@example.com"]


def test_nobody_reads_of_an_easing_from_what_they_were_not_told_of() -> None:
    """The customer was told of a notice, operations of what was critical: a warning is less to one only."""
    lead = ("operations", "lead@example.com")
    heard = {("customer", None): "notice", lead: "critical"}
    assert told(BY_LEVEL, step(Reason.EASED, "warning"), Circumstances(ANA, heard=heard)) == {"operations"}
    heard[lead] = "warning"  # they have read that
    assert told(BY_LEVEL, step(Reason.EASED, "warning"), Circumstances(ANA, heard=heard)) == set()


def test_a_level_is_told_again_to_whoever_read_that_it_was_left() -> None:
    """And to nobody else: operations believes in it still."""
    rule = replace(RULE, levels=LEVELS, on=BY_LEVEL.on)
    before = Standing(State.OPEN, "notice", "notice", spoken=True)
    rise = replace(step(Reason.ESCALATED, "warning"), before=before)
    heard = {("customer", None): "notice", ("operations", "lead@example.com"): "warning"}
    made = drafts(rule, rise, ROUTES, Circumstances(ANA, heard=heard), Gathering(7, NOW))
    assert [draft.recipient for draft in made] == ["ana@example.com", "ops@example.com"]
    assert goes_by_heard(rule, rise)
    assert not goes_by_heard(RULE, rise)  # where nobody reads of easings, the ledger need not be asked


def test_a_correction_goes_to_the_customers_new_address() -> None:
    """The customer heard, whatever the address was then."""
    moved = replace(ANA, email="ana@new.example")
    made = drafts(
        BY_LEVEL,
        step(Reason.RETRACTED, None),
        ROUTES,
        replace(HEARD_BY_ANA, customer=moved),
        Gathering(7, NOW),
    )
    assert [draft.recipient for draft in made] == ["ana@new.example"]


def test_a_listener_may_hear_of_less_than_the_rule_tells() -> None:
    """`on` of an entry takes the place of the rule's."""
    rule = replace(RULE, notify=(Listener("customer"), Listener("operations", on=(Reason.RETRACTED,))))
    assert told(rule, OPENED, Circumstances(ANA)) == {"customer"}
    assert rule.tells(Reason.RETRACTED, None)
    assert not rule.tells(Reason.CLOSED, "notice")


def test_a_listener_may_be_for_certain_customers() -> None:
    """All conditions must hold, one of several values is enough, and who is not listed is nobody."""
    vips = Listener(
        "operations", customer=(Match("segment", ("vip", "gold")), Match("language", ("EN-gb",), True))
    )
    rule = replace(RULE, notify=(vips,))
    gold = replace(ANA, fields=(("segment", "b2b"), ("segment", "gold")))
    assert told(rule, OPENED, Circumstances(gold)) == {"operations"}
    assert told(rule, OPENED, Circumstances(replace(gold, language="es"))) == set()
    assert told(rule, OPENED, Circumstances(replace(gold, fields=(("segment", "VIP"),)))) == set()
    assert told(rule, OPENED, Circumstances(None)) == set()


def test_a_listener_may_be_for_certain_orders() -> None:
    """Of those that match, one must meet its conditions: who tallies says which pairs have one."""
    dhl = (Match("carrier", ("DHL",)),)
    rule = replace(RULE, notify=(Listener("operations", when=dhl),))
    assert told(rule, OPENED, Circumstances(ANA)) == set()
    assert told(rule, OPENED, Circumstances(ANA, met={dhl})) == {"operations"}


COUNTS = st.lists(st.integers(0, 12), min_size=1, max_size=12)
LISTENERS = st.lists(
    st.builds(
        Listener,
        st.sampled_from(["customer", "operations", "room"]),
        st.none() | st.lists(st.sampled_from(["notice", "warning", "critical"]), min_size=1).map(tuple),
        st.none() | st.just((Reason.ESCALATED, Reason.RETRACTED, Reason.CLOSED)),
    ),
    max_size=4,
).map(tuple)


@given(LISTENERS, COUNTS)
def test_nobody_reads_of_the_end_of_what_they_never_heard_of(
    notify: tuple[Listener, ...], counts: list[int]
) -> None:
    """And everybody who heard of an alert reads of its end, whatever the levels: over any history of counts,
    and a closing after it."""
    rule = replace(BY_LEVEL, notify=notify)
    routes = Routes(
        {name: Route(name, (f"{name}@example.com",)) for name in ("operations", "room")}
        | {"customer": CUSTOMER}
    )
    june = parse_window("2023-06", Period.MONTH)
    now, known, believing = june.starts_at("UTC"), None, dict[Hearer, str]()
    for count in [*counts, counts[-1]]:
        now += timedelta(days=1) if now < june.ends_at("UTC") - timedelta(days=14) else timedelta(days=90)
        tally = Tally(SubjectId("c1"), WindowId("2023-06"), count, count)
        made = reconcile(rule, june, known, judge(rule, tally), now)
        notices = drafts(rule, made, routes, Circumstances(ANA, heard=believing), Gathering(7, NOW))
        made = made if notices else unheard(made) if made.speaks else made
        heard = {(draft.channel, None if draft.for_customer else draft.recipient) for draft in notices}
        if made.reason in (Reason.RETRACTED, Reason.CLOSED):
            assert heard == set(believing)
            believing = {}
        elif heard:
            assert made.after is not None
            assert made.after.level is not None
            level = rule.rank(made.after.level)
            if made.reason is Reason.EASED:
                assert all(rule.rank(believing[each]) > level for each in heard)
            else:
                assert all(rule.rank(believing.get(each)) < level for each in heard)
            believing |= dict.fromkeys(heard, made.after.level)
        assert made.after is None or made.after.spoken == bool(believing) or made.reason is Reason.CLOSED
        known = made.after


@pytest.mark.parametrize(
    ("zone", "at", "now", "due"),
    [
        ("America/Bogota", time(8), "2023-06-20T12:59:59+00:00", "2023-06-20T13:00:00+00:00"),
        ("America/Bogota", time(8), "2023-06-20T13:00:00+00:00", "2023-06-21T13:00:00+00:00"),
        ("Europe/Madrid", time(8), "2023-03-25T12:00:00+00:00", "2023-03-26T06:00:00+00:00"),
        ("Europe/Madrid", time(2, 30), "2023-03-25T12:00:00+00:00", "2023-03-26T01:30:00+00:00"),
        ("Europe/Madrid", time(2, 30), "2023-10-28T12:00:00+00:00", "2023-10-29T00:30:00+00:00"),
        ("Europe/Madrid", time(2, 30), "2023-10-29T00:30:00+00:00", "2023-10-30T01:30:00+00:00"),
    ],
)
def test_a_daily_digest_is_due_once_a_day(zone: str, at: time, now: str, due: str) -> None:
    """Also on days on which the clock jumps over its time, or shows it twice."""
    assert Daily(at, zone).after(datetime.fromisoformat(now)) == datetime.fromisoformat(due)
