"""What people decide."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from tercera.notation.durations import parse_duration
from tercera.telling.silences import Decision, DecisionKind
from tercera.web.shapes.base import Asked, Ending, Given, Id, Name, Said

Lasting = Annotated[
    str,
    StringConstraints(max_length=20),
    Field(examples=["7d"]),
]


class Acknowledgement(Asked):
    """Somebody looks after an alert."""

    reason: Annotated[Said, Field(description="Shown in the alert's history.")] = ""


class Dismissal(Asked):
    """An alert is no problem."""

    reason: Annotated[Said, Field(description="Why; shown in the alert's history.", min_length=1)]


class _Ending(Asked):
    until: Annotated[
        Ending | None, Field(description="When it ends, with its offset. Either this or `for`.")
    ] = None
    lasting: Annotated[
        Lasting | None,
        Field(alias="for", description="How long, like `12h`, `7d` or `2w`, instead of `until`."),
    ] = None
    reason: Annotated[Said, Field(description="Why; shown to whoever looks.", min_length=1)]

    @model_validator(mode="after")
    def _one_end(self) -> _Ending:
        if (self.until is None) == (self.lasting is None):
            raise ValueError("say when it ends: either `until` or `for`")
        if self.lasting is not None:
            _length(self.lasting)
        return self

    def ends(self, now: datetime) -> datetime:
        """When it ends."""
        if self.until is not None:
            return self.until
        assert self.lasting is not None
        return now + _length(self.lasting)


class Snooze(_Ending):
    """Nothing more is told of one alert for a time."""


class SilenceAsked(_Ending):
    """Nothing is told of a customer, by a rule, or of a customer by a rule, for a time."""

    customer: Annotated[Name | None, Field(description="Whom, or what the rule counts per.")] = None
    rule: Annotated[Name | None, Field(description="By which rule; by all without.")] = None

    @model_validator(mode="after")
    def _about_something(self) -> SilenceAsked:
        if self.customer is None and self.rule is None:
            raise ValueError("say what to silence: `customer`, `rule` or both")
        return self


def _length(text: str) -> timedelta:
    try:
        length = parse_duration(text)
    except OverflowError:
        raise ValueError(f"{text!r} is too long") from None
    if not timedelta() < length <= timedelta(days=36_500):
        raise ValueError(f"{text!r} is no time to wait for")
    return length


class DecisionGiven(Given):
    """What somebody decided. What is null is not restricted."""

    id: Annotated[Id, Field(description="Its number; `DELETE /silences/{id}` ends it.")]
    kind: Annotated[DecisionKind, Field(description="What was decided.")]
    alert: Annotated[int | None, Field(description="The alert that it is about, for all but silences.")]
    rule: Annotated[str | None, Field(description="The rule that it is about.")]
    customer: Annotated[str | None, Field(description="The customer (or what the rule counts per).")]
    window: Annotated[str | None, Field(description="The window that it is about.")]
    at: Annotated[datetime, Field(description="When it was decided.")]
    until: Annotated[datetime | None, Field(description="When it ends by itself.")]
    ended_at: Annotated[datetime | None, Field(description="When somebody ended it.")]
    author: Annotated[str, Field(description="Who decided.")]
    reason: Annotated[str, Field(description="Why.")]

    @classmethod
    def of(cls, decision: Decision) -> DecisionGiven:
        """What the ledger has."""
        return cls(
            id=decision.id,
            kind=decision.kind,
            alert=decision.alert,
            rule=decision.rule,
            customer=decision.subject,
            window=decision.window,
            at=decision.at,
            until=decision.until,
            ended_at=decision.ended_at,
            author=decision.author,
            reason=decision.reason,
        )


class Silences(Given):
    """What keeps Tercera from telling something, the oldest first."""

    items: Annotated[list[DecisionGiven], Field(description="Silences, snoozes and dismissals in force.")]
