"""What was told to whom, and what the other side said to it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StrictBool

from tercera.ledger import Circuit, Delivery, Receipt
from tercera.messages import NoticeKind, NoticeState, Problem
from tercera.web.shapes import transition
from tercera.web.shapes.base import Asked, Given, Id, Name, StrictId


class ReceiptGiven(Given):
    """How one attempt to hand a message over ended."""

    attempt: Annotated[int, Field(description="The number of the attempt, from 1.")]
    at: Annotated[datetime, Field(description="When it ended.")]
    state: Annotated[NoticeState, Field(description="What became of the message by it.")]
    code: Annotated[int | None, Field(description="The other side's answer code, like 250 or 404.")]
    words: Annotated[str, Field(description="The other side's own words.")]

    @classmethod
    def of(cls, receipt: Receipt) -> ReceiptGiven:
        """What the ledger has."""
        return cls(
            attempt=receipt.attempt,
            at=receipt.at,
            state=receipt.state,
            code=receipt.code,
            words=receipt.words,
        )


class NoticeGiven(Given):
    """One thing that one recipient is told about one step of an alert."""

    id: Annotated[Id, Field(description="Its number.")]
    kind: Annotated[NoticeKind, Field(description="What it says.")]
    alert: Annotated[int, Field(description="The alert that it is about.")]
    step: Annotated[int, Field(description="The number of the alert's transition that it tells of.")]
    rule: Annotated[str, Field(description="The alert's rule.")]
    customer: Annotated[str, Field(description="The alert's customer (or what the rule counts per).")]
    window: Annotated[str, Field(description="The alert's window.")]
    reason: Annotated[transition.ReasonGiven, Field(description="Why the alert moved.")]
    level: Annotated[str | None, Field(description="The level that it moved to.")]
    at: Annotated[datetime, Field(description="When it moved.")]
    channel: Annotated[str, Field(description="The channel.")]
    recipient: Annotated[str, Field(description="The address; empty where there is none.")]
    language: Annotated[str, Field(description="The language of what is sent.")]
    for_customer: Annotated[bool, Field(description="Whether the customer is the recipient.")]
    digest: Annotated[bool, Field(description="Whether it shares a message with others.")]
    message: Annotated[str, Field(description="The key of its message, which never changes.")]
    state: Annotated[NoticeState, Field(description="How far it has come.")]
    attempts: Annotated[int, Field(description="How often it was tried.")]
    due_at: Annotated[datetime | None, Field(description="When it is tried next, while it waits.")]
    problem: Annotated[Problem | None, Field(description="Why the customer can't be told.")]
    receipts: Annotated[list[ReceiptGiven], Field(description="Every attempt, the oldest first.")]

    @classmethod
    def of(cls, delivery: Delivery) -> NoticeGiven:
        """What the ledger has."""
        return cls(
            id=delivery.id,
            kind=delivery.kind,
            alert=delivery.alert,
            step=delivery.step,
            rule=delivery.rule,
            customer=delivery.subject,
            window=delivery.window,
            reason=delivery.reason,
            level=delivery.level,
            at=delivery.at,
            channel=delivery.channel,
            recipient=delivery.recipient,
            language=delivery.language,
            for_customer=delivery.for_customer,
            digest=delivery.digest,
            message=delivery.message,
            state=delivery.state,
            attempts=delivery.attempts,
            due_at=delivery.due_at,
            problem=delivery.problem,
            receipts=[ReceiptGiven.of(each) for each in delivery.receipts],
        )


class Paused(Given):
    """A channel whose other side is away: it is left alone, and looked at again now and then."""

    channel: Annotated[str, Field(description="Its name.")]
    failures: Annotated[int, Field(description="How often in a row it could not be reached.")]
    opened_at: Annotated[datetime, Field(description="Since when.")]
    retry_at: Annotated[datetime, Field(description="When it is tried next.")]
    words: Annotated[str, Field(description="What it said, or what the network did.")]

    @classmethod
    def of(cls, circuit: Circuit) -> Paused:
        """What the ledger has."""
        return cls(
            channel=circuit.channel,
            failures=circuit.failures,
            opened_at=circuit.opened_at,
            retry_at=circuit.retry_at,
            words=circuit.words,
        )


class Deliveries(Given):
    """Notices, the newest first."""

    items: Annotated[list[NoticeGiven], Field(description="The notices of this page.")]
    paused: Annotated[list[Paused], Field(description="Channels that are left alone for now.")]
    next: Annotated[str | None, Field(description="The `cursor` of the next page; null on the last.")]


class Retry(Asked):
    """Which notices that reached nobody are to be tried again: all, or those that everything here names."""

    ids: Annotated[
        list[StrictId] | None, Field(description="By their numbers.", min_length=1, max_length=1000)
    ] = None
    channel: Annotated[Name | None, Field(description="Of this channel.")] = None
    rule: Annotated[Name | None, Field(description="Of this rule.")] = None
    dry_run: Annotated[StrictBool, Field(description="Only count them.")] = False


class Retried(Given):
    """What became of them."""

    retried: Annotated[int, Field(description="Notices that are due again.")]
    withheld: Annotated[
        int, Field(description="Those that stay as they are: held, discarded, dismissed or silenced.")
    ]


class HeldGiven(Given):
    """What the blast guard holds back of a rule."""

    rule: Annotated[str, Field(description="The rule.")]
    alerts: Annotated[int, Field(description="How many alerts.")]
    still_true: Annotated[int, Field(description="Of these: how many are as they were when they were held.")]
    notices: Annotated[int, Field(description="How many notices wait.")]
    since: Annotated[datetime, Field(description="Since when.")]
    until: Annotated[datetime, Field(description="When they are discarded, if nobody decides.")]


class HeldList(Given):
    """Everything that is held back."""

    items: Annotated[list[HeldGiven], Field(description="By rule.")]


class Letting(Asked):
    """Of which rule."""

    rule: Annotated[Name | None, Field(description="Of this rule only; of all without.")] = None


class Released(Given):
    """What became of what was held."""

    released: Annotated[int, Field(description="Notices that are due now.")]
    discarded: Annotated[int, Field(description="Notices that are never sent.")]
