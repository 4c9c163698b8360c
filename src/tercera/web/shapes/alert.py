"""Alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from tercera.ledger import AlertHistory
from tercera.ledger.looks.searching import AlertLine, Care
from tercera.model import Evidence, RejectReason, State, Tally
from tercera.questions.explain import Explanation, Silence
from tercera.web.shapes.base import Amount, Given, Id, Placed
from tercera.web.shapes.decision import DecisionGiven
from tercera.web.shapes.notice import NoticeGiven
from tercera.web.shapes.transition import TransitionGiven


class Order(Given):
    """An order that counts."""

    order_id: Annotated[str, Field(description="Its id in the source.")]
    placed_at: Annotated[
        Placed, Field(description="The day as it was written, or the instant in the rule's zone.")
    ]
    status: Annotated[str, Field(description="Its status.")]
    amount: Annotated[Amount | None, Field(description="Its amount, exactly.")]

    @classmethod
    def of(cls, evidence: Evidence) -> Order:
        """What a tally has."""
        return cls(
            order_id=evidence.order_id,
            placed_at=evidence.placed_at,
            status=evidence.status,
            amount=evidence.amount,
        )


class Numbers(Given):
    """What was counted of one customer in one window."""

    matched: Annotated[int, Field(description="Orders that match the rule, each once.")]
    orders: Annotated[int, Field(description="All orders.")]
    amount: Annotated[Amount | None, Field(description="Of the matching orders, exactly.")]
    first_at: Annotated[Placed | None, Field(description="The first matching order's day or instant.")]
    last_at: Annotated[Placed | None, Field(description="The last one's.")]
    evidence: Annotated[
        list[Order], Field(description="The matching orders, the earliest first; capped, the count is not.")
    ]


class AlertBase(Given):
    """One per rule, customer and window."""

    id: Annotated[Id, Field(description="Its number.")]
    rule: Annotated[str, Field(description="The rule.")]
    customer: Annotated[str, Field(description="The customer, or what the rule counts per.")]
    window: Annotated[str, Field(description="The calendar window, like 2026-11.")]
    state: Annotated[State, Field(description="Where it stands.")]
    level: Annotated[str | None, Field(description="The level that holds; null for none.")]
    matched: Annotated[int, Field(description="Orders that match the rule, each once.")]
    orders: Annotated[int, Field(description="All orders.")]
    amount: Annotated[Amount | None, Field(description="Of the matching orders, exactly.")]
    opened_at: Annotated[datetime, Field(description="When it was first decided.")]
    changed_at: Annotated[datetime, Field(description="When it last moved.")]


class AlertGiven(AlertBase):
    """An alert as lists show it."""

    name: Annotated[str | None, Field(description="The customer's name, where a notice carries it.")]
    care: Annotated[Care, Field(description="What people decided last about it, and still holds.")]
    care_until: Annotated[datetime | None, Field(description="When that ends.")]

    @classmethod
    def of(cls, line: AlertLine) -> AlertGiven:
        """What the ledger has."""
        return cls(
            id=line.id,
            rule=line.rule,
            customer=line.subject,
            window=line.window,
            state=line.state,
            level=line.level,
            matched=line.matched,
            orders=line.orders,
            amount=line.amount,
            opened_at=line.opened_at,
            changed_at=line.changed_at,
            name=line.name,
            care=line.care,
            care_until=line.until,
        )


class AlertDetail(AlertBase, Numbers):
    """An alert with everything that happened to it."""

    transitions: Annotated[list[TransitionGiven], Field(description="Every step, the oldest first.")]
    notices: Annotated[list[NoticeGiven], Field(description="Every notice, the oldest first.")]
    decisions: Annotated[list[DecisionGiven], Field(description="What people decided, the oldest first.")]

    @classmethod
    def of(cls, history: AlertHistory) -> AlertDetail:
        """What the ledger has."""
        alert = history.alert
        return cls(
            id=alert.id,
            rule=alert.rule,
            customer=alert.subject,
            window=alert.window,
            state=alert.standing.state,
            level=alert.standing.level,
            opened_at=alert.opened_at,
            changed_at=alert.changed_at,
            **_numbers(alert.tally),
            transitions=[TransitionGiven.of(each) for each in history.steps],
            notices=[NoticeGiven.of(each) for each in history.deliveries],
            decisions=[DecisionGiven.of(each) for each in history.decisions],
        )


class Alerts(Given):
    """A page of alerts."""

    items: Annotated[list[AlertGiven], Field(description="The alerts of this page.")]
    next: Annotated[str | None, Field(description="The `cursor` of the next page; null on the last.")]


class Why(Numbers):
    """What is true of a customer in a window by the orders as they are now, and what was said of it."""

    rule: Annotated[str, Field(description="The rule.")]
    customer: Annotated[str, Field(description="The customer, or what the rule counts per.")]
    window: Annotated[str, Field(description="The window.")]
    level: Annotated[str | None, Field(description="The level that holds; null for none.")]
    since: Annotated[str | None, Field(description="The order that reached it.")]
    why_not: Annotated[
        Silence | None, Field(description="Why nothing stands; null when it was told and stands.")
    ]
    doubtful: Annotated[
        dict[RejectReason, int],
        Field(description="Orders more that could count if they were readable, by why they are not."),
    ]
    possible_level: Annotated[str | None, Field(description="The level with all of those.")]
    alert: Annotated[AlertDetail | None, Field(description="The alert, if there is one.")]

    @classmethod
    def of(cls, found: Explanation) -> Why:
        """What was found out."""
        return cls(
            rule=found.rule.id,
            customer=found.tally.subject,
            window=found.window.id,
            level=found.finding.level.name if found.finding.level else None,
            since=found.finding.since,
            why_not=found.silence,
            **_numbers(found.tally),
            doubtful=dict(found.doubtful),
            possible_level=found.possible.name if found.possible else None,
            alert=AlertDetail.of(found.history) if found.history else None,
        )


def _numbers(tally: Tally) -> dict[str, object]:
    return {
        "matched": tally.matched,
        "orders": tally.orders,
        "amount": tally.amount,
        "first_at": tally.first_at,
        "last_at": tally.last_at,
        "evidence": [Order.of(each) for each in tally.evidence],
    }
