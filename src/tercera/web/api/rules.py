"""The rules as they are configured, and what they would have said over history."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from tercera.questions.backtest import backtest
from tercera.web.asked import AskedError
from tercera.web.documented import problems
from tercera.web.permitting.roles import Reader
from tercera.web.shapes.base import Day, Name
from tercera.web.shapes.work import BacktestGiven, RuleGiven, Rules
from tercera.web.site import Here

LONGEST = timedelta(days=1830)
"""How much history one request looks through: five years."""

USUALLY = timedelta(days=365)

router = APIRouter(tags=["rules"])


class SpanError(AskedError):
    """The days that were asked for are none to look through."""


@router.get("/rules", summary="The rules")
def list_rules(site: Here, visitor: Reader) -> Rules:
    """In the order of the configuration, with how far each was looked at."""
    return Rules(
        items=[RuleGiven.of(rule, site.ledger.checked_through(rule.id)) for rule in site.app.settings.rules]
    )


@router.get("/backtest", responses=problems(404, 429, 502), summary="What would have been said over history")
def run_backtest(
    site: Here,
    visitor: Reader,
    rule: Annotated[Name | None, Query(description="The rule; may be left out where there is one.")] = None,
    first: Annotated[
        Day | None, Query(alias="from", description="Windows from this day's on; a year back without.")
    ] = None,
    last: Annotated[
        Day | None, Query(alias="to", description="Windows up to this day's; today's without.")
    ] = None,
) -> BacktestGiven:
    """By the live evaluator, over five years at most, for one visitor at a time. Writes and sends nothing."""
    chosen = site.app.rule(rule)
    end = last or site.now().astimezone(site.zone).date()
    begin = first or (end - USUALLY if end.year > 1 else end)
    if begin > end or end - begin > LONGEST:
        raise SpanError(f"`from` to `to` ({begin} to {end}) must be at most {LONGEST.days} days")
    with site.turns.taken():
        return BacktestGiven.of(backtest(chosen, site.app.source, begin, end))
