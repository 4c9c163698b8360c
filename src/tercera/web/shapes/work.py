"""Rules, runs, how all goes, and what could not be judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from tercera.ledger import Run
from tercera.model import Match, Period, RejectReason, Survey
from tercera.model import Reason as ReasonGiven
from tercera.questions.backtest import Backtest
from tercera.rules import Rule
from tercera.rules.listener import Listener
from tercera.web.shapes.base import Given


class Condition(Given):
    """What a value must be."""

    field: Annotated[str, Field(description="The field.")]
    values: Annotated[list[str], Field(description="One of these.")]
    ignore_case: Annotated[bool, Field(description="Whether case counts for nothing.")]

    @classmethod
    def of(cls, match: Match) -> Condition:
        """Of a rule."""
        return cls(field=match.field, values=list(match.values), ignore_case=match.ignore_case)


class LevelGiven(Given):
    """A line that is crossed."""

    name: Annotated[str, Field(description="Its name.")]
    threshold: Annotated[int, Field(description="From how many matching orders on.")]


class ListenerGiven(Given):
    """Who hears of a rule."""

    channel: Annotated[str, Field(description="The channel.")]
    levels: Annotated[list[str] | None, Field(description="Of these levels; null: of all.")]
    on: Annotated[list[ReasonGiven], Field(description="Of these steps.")]
    when: Annotated[list[Condition], Field(description="What one of the matching orders must be.")]
    customer: Annotated[list[Condition], Field(description="What the customer must be.")]

    @classmethod
    def of(cls, listener: Listener, usual: tuple[ReasonGiven, ...]) -> ListenerGiven:
        """Of a rule that tells of `usual` steps."""
        return cls(
            channel=listener.channel,
            levels=None if listener.levels is None else list(listener.levels),
            on=list(usual if listener.on is None else listener.on),
            when=[Condition.of(each) for each in listener.when],
            customer=[Condition.of(each) for each in listener.customer],
        )


class RuleGiven(Given):
    """A rule as it is configured."""

    id: Annotated[str, Field(description="Its id.")]
    title: Annotated[str, Field(description="What it says of itself.")]
    when: Annotated[list[Condition], Field(description="What an order must be to match: each of these.")]
    per: Annotated[str, Field(description="For whom it counts: `customer`, or a field of the order.")]
    within: Annotated[Period, Field(description="How long its windows are.")]
    timezone: Annotated[str, Field(description="In which zone they begin and end.")]
    levels: Annotated[list[LevelGiven], Field(description="Its lines, the lowest first.")]
    notify: Annotated[list[ListenerGiven], Field(description="Who hears of it.")]
    grace: Annotated[
        timedelta, Field(description="For how long after its end a window is still watched (ISO 8601).")
    ]
    statement: Annotated[list[str], Field(description="The channels that get a statement of each window.")]
    checked_through: Annotated[
        datetime | None, Field(description="Up to when it was looked at; null when it never was.")
    ]

    @classmethod
    def of(cls, rule: Rule, checked_through: datetime | None) -> RuleGiven:
        """Of the configuration, and how far the ledger says it was looked at."""
        return cls(
            id=rule.id,
            title=rule.title,
            when=[Condition.of(each) for each in rule.counting.when],
            per=rule.counting.per,
            within=rule.counting.within,
            timezone=rule.counting.zone,
            levels=[LevelGiven(name=each.name, threshold=each.threshold) for each in rule.levels],
            notify=[ListenerGiven.of(each, rule.on) for each in rule.notify],
            grace=rule.grace,
            statement=list(rule.statement),
            checked_through=checked_through,
        )


class Rules(Given):
    """Every rule."""

    items: Annotated[list[RuleGiven], Field(description="In the order of the configuration.")]


class RunGiven(Given):
    """One cycle, or what stands for the live ones between two sweeps."""

    id: Annotated[int, Field(description="Its number.")]
    kind: Annotated[str, Field(description="`sweep`, `part` (of some customers) or `live`.")]
    started_at: Annotated[datetime, Field(description="When it began.")]
    finished_at: Annotated[
        datetime | None, Field(description="When it ended; null while it goes on, or was killed.")
    ]
    error: Annotated[str | None, Field(description="What went wrong.")]
    summary: Annotated[dict[str, Any], Field(description="What it came to, in figures.")]

    @classmethod
    def of(cls, run: Run) -> RunGiven:
        """What the ledger has."""
        return cls(
            id=run.id,
            kind=run.kind,
            started_at=run.started_at,
            finished_at=run.finished_at,
            error=run.error,
            summary=dict(run.summary),
        )


class Runs(Given):
    """Runs, the newest first."""

    items: Annotated[list[RunGiven], Field(description="The runs of this page.")]
    next: Annotated[str | None, Field(description="The `cursor` of the next page; null on the last.")]


class Following(Given):
    """How following the changes of the source goes."""

    since: Annotated[datetime, Field(description="Since when nothing was missed.")]
    read_through: Annotated[datetime, Field(description="Up to when changes were handled.")]
    lost_at: Annotated[datetime | None, Field(description="When history was lost last.")]
    lost: Annotated[str | None, Field(description="Why.")]


class Found(Given):
    """Something that the data watch found, and that is not over."""

    alert: Annotated[int, Field(description="Its alert.")]
    rule: Annotated[str, Field(description="What is watched, like `tercera:rejects`.")]
    subject: Annotated[str, Field(description="Of what.")]
    since: Annotated[datetime, Field(description="Since when.")]


class Health(Given):
    """How the data and Tercera itself are."""

    last_good_cycle: Annotated[datetime | None, Field(description="When a cycle last succeeded.")]
    last_error: Annotated[str | None, Field(description="What went wrong with the last one.")]
    newest_order: Annotated[
        str | None, Field(description="Day or instant of the newest order seen, where `freshness` looks.")
    ]
    reject_share: Annotated[
        dict[str, float], Field(description="Of the rows read for each rule: how many can't be judged.")
    ]
    waiting: Annotated[int, Field(description="Notices that are still to be sent.")]
    live: Annotated[Following | None, Field(description="Null where changes are not followed.")]
    open: Annotated[list[Found], Field(description="What the data watch found.")]


class RejectsOfReason(Given):
    """Rows that can't be judged for one reason."""

    reason: Annotated[RejectReason, Field(description="Why.")]
    rows: Annotated[int, Field(description="How many.")]
    matching: Annotated[int, Field(description="Of these: how many could have counted.")]


class RejectsOfRule(Given):
    """What was last read for a rule."""

    rule: Annotated[str, Field(description="The rule.")]
    rows: Annotated[int, Field(description="Rows read.")]
    orders: Annotated[int, Field(description="Orders among them that could be judged.")]
    rejects: Annotated[list[RejectsOfReason], Field(description="The most frequent first.")]

    @classmethod
    def of(cls, rule: str, survey: Survey) -> RejectsOfRule:
        """What the ledger has."""
        return cls(rule=rule, rows=survey.rows, orders=survey.orders, rejects=_rejects(survey))


class Rejects(Given):
    """Rows that can't be judged. Their samples, which hold the shop's data, are on the page of the data."""

    items: Annotated[list[RejectsOfRule], Field(description="By rule.")]


class BacktestGiven(Given):
    """What would have been said over history. Nothing was written or sent."""

    rule: Annotated[str, Field(description="The rule.")]
    alerts: Annotated[int, Field(description="Alerts that there would have been.")]
    customers: Annotated[int, Field(description="Customers among them (or what the rule counts per).")]
    by_level: Annotated[dict[str, int], Field(description="Alerts by the highest level of each.")]
    by_window: Annotated[dict[str, int], Field(description="Alerts by window, in their order.")]
    orders: Annotated[int, Field(description="Orders that were read.")]
    rows: Annotated[int, Field(description="Rows that were read.")]
    rejects: Annotated[list[RejectsOfReason], Field(description="Rows that could not be judged.")]
    could_have_counted: Annotated[int, Field(description="Of these: rows that match the rule.")]
    seconds: Annotated[float, Field(description="How long it took.")]

    @classmethod
    def of(cls, result: Backtest) -> BacktestGiven:
        """What was found out."""
        return cls(
            rule=result.rule,
            alerts=result.alerts,
            customers=result.customers,
            by_level=result.by_level,
            by_window=result.by_window,
            orders=result.survey.orders,
            rows=result.survey.rows,
            rejects=_rejects(result.survey),
            could_have_counted=sum(each.matching for each in result.survey.rejects.values()),
            seconds=round(result.seconds, 3),
        )


def share_of(survey: Survey) -> float:
    """Of the rows that were read, how many could not be judged."""
    rejected = sum(count.rows for count in survey.rejects.values())
    return round(rejected / survey.rows, 4) if survey.rows else 0.0


def _rejects(survey: Survey) -> list[RejectsOfReason]:
    ordered: Mapping[RejectReason, Any] = dict(
        sorted(survey.rejects.items(), key=lambda item: (-item[1].rows, item[0]))
    )
    return [
        RejectsOfReason(reason=reason, rows=count.rows, matching=count.matching)
        for reason, count in ordered.items()
    ]
