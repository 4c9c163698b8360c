"""How alerts moved."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from tercera.ledger import Passage, Step
from tercera.model import Muted, RejectReason, State
from tercera.model import Reason as ReasonGiven
from tercera.web.shapes.base import Given

__all__ = ["PassageGiven", "Passages", "ReasonGiven", "TransitionGiven"]


class TransitionGiven(Given):
    """One step of an alert."""

    step: Annotated[int, Field(description="Its number among the alert's own, from 1.")]
    run: Annotated[int, Field(description="The run that decided it.")]
    at: Annotated[datetime, Field(description="When it was decided.")]
    reason: Annotated[ReasonGiven, Field(description="Why it moved.")]
    before: Annotated[str | None, Field(description="The level that held until then.")]
    level: Annotated[str | None, Field(description="The level that holds from then on.")]
    state: Annotated[State, Field(description="The state from then on.")]
    matched: Annotated[int, Field(description="How many orders counted.")]
    orders: Annotated[int, Field(description="Of how many.")]
    told: Annotated[bool, Field(description="Whether notices went out for it.")]
    muted: Annotated[Muted | None, Field(description="Why not, where they would have.")]
    title: Annotated[str, Field(description="The rule's title then; what the data watch found.")]
    doubtful: Annotated[
        dict[RejectReason, int],
        Field(description="Orders more that could count if they were readable, by why they are not."),
    ]

    @classmethod
    def of(cls, step: Step) -> TransitionGiven:
        """What the ledger has."""
        return cls(
            step=step.seq,
            run=step.run,
            at=step.at,
            reason=step.reason,
            before=step.before,
            level=step.after.level,
            state=step.after.state,
            matched=step.matched,
            orders=step.tally.orders,
            told=step.speaks,
            muted=step.muted,
            title=step.title,
            doubtful=dict(step.doubtful),
        )


class PassageGiven(Given):
    """A transition with its alert."""

    position: Annotated[str, Field(description="Where it stands; `after` this come the next ones.")]
    alert: Annotated[int, Field(description="The alert.")]
    rule: Annotated[str, Field(description="The alert's rule.")]
    customer: Annotated[str, Field(description="The alert's customer, or what the rule counts per.")]
    window: Annotated[str, Field(description="The alert's window.")]
    transition: Annotated[TransitionGiven, Field(description="How it moved.")]

    @classmethod
    def of(cls, passage: Passage) -> PassageGiven:
        """What the ledger has."""
        return cls(
            position=passage.position,
            alert=passage.alert,
            rule=passage.rule,
            customer=passage.subject,
            window=passage.window,
            transition=TransitionGiven.of(passage.step),
        )


class Passages(Given):
    """Transitions in the order in which they were written."""

    items: Annotated[list[PassageGiven], Field(description="At most as many as were asked for.")]
    next: Annotated[str, Field(description="`after` this come the next ones, now or later.")]
