"""Routing: the right notice to the right address, or a reason why there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tercera.messages import NoticeKind, Problem
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
    Transition,
)
from tercera.routing import Route, Routes, drafts
from tercera.rules import Rule

RULE = Rule(
    RuleId("r"),
    "Returns",
    Counting((Match("status", ("returned",)),), "customer", Period.MONTH, "UTC"),
    (Level("notice", 3),),
    ("customer", "operations"),
    timedelta(days=30),
)
CUSTOMER = Route("customer", None, "es")
OPERATIONS = Route("operations", ("ops@example.com", "lead@example.com"), "en", digest=True)
ROUTES = Routes({"customer": CUSTOMER, "operations": OPERATIONS}, OPERATIONS)
OPENED = Transition(Reason.OPENED, None, Standing(State.OPEN, "notice", "notice", spoken=True), speaks=True)
ANA = Customer("c1", "Ana", "ana@example.com", "en-GB")


def test_customer_and_operations_are_told() -> None:
    """One notice a recipient; the customer's in the customer's language, operations' in a digest."""
    made = drafts(RULE, OPENED, ROUTES, ANA, bundle="7")
    assert [(d.recipient, d.language, d.for_customer, d.bundle) for d in made] == [
        ("ana@example.com", "en", True, None),
        ("ops@example.com", "en", False, "7"),
        ("lead@example.com", "en", False, "7"),
    ]
    assert {d.kind for d in made} == {NoticeKind.ALERT}
    assert {d.problem for d in made} == {None}


def test_a_language_that_the_templates_do_not_speak_is_the_channels() -> None:
    """Better a Spanish mail than none."""
    assert drafts(RULE, OPENED, ROUTES, replace(ANA, language="pt_BR"), bundle="7")[0].language == "es"
    assert drafts(RULE, OPENED, ROUTES, replace(ANA, language=None), bundle="7")[0].language == "es"


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
    made = drafts(RULE, OPENED, ROUTES, customer, bundle="7")
    assert [(d.recipient, d.problem) for d in made] == [
        ("", problem),
        ("ops@example.com", problem),
        ("lead@example.com", problem),
    ]


def test_operations_is_told_even_when_the_rule_does_not_notify_it() -> None:
    """By an undelivered notice, bundled into one mail a cycle."""
    rule = replace(RULE, notify=("customer",))
    made = drafts(rule, OPENED, ROUTES, None, bundle="7")
    assert [(d.kind, d.recipient, d.bundle) for d in made] == [
        (NoticeKind.ALERT, "", None),
        (NoticeKind.UNDELIVERED, "ops@example.com", "7"),
        (NoticeKind.UNDELIVERED, "lead@example.com", "7"),
    ]
    assert len(drafts(rule, OPENED, Routes(ROUTES.by_name, None), None, bundle="7")) == 1


def test_a_rule_per_another_field_has_nobody_to_mail_as_customer() -> None:
    """Only customers have an address; a seller's id is never looked up among them."""
    rule = replace(RULE, counting=replace(RULE.counting, per="seller"))
    made = drafts(rule, OPENED, ROUTES, ANA, bundle="7")
    assert made[0].recipient == ""
    assert made[0].problem is Problem.NOT_A_CUSTOMER


def test_what_does_not_speak_tells_nobody() -> None:
    """A baseline, an easing, a silent escalation."""
    assert drafts(RULE, replace(OPENED, speaks=False), ROUTES, ANA, bundle="7") == ()


def test_a_recipient_named_twice_is_told_once() -> None:
    """On a list, or through a channel that the rule names twice."""
    twice = Route("operations", ("ops@example.com", "ops@example.com"))
    rule = replace(RULE, notify=("operations", "operations"))
    assert len(drafts(rule, OPENED, Routes({"operations": twice}), ANA, bundle="7")) == 1
