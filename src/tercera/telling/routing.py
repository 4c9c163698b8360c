"""Whom a transition is told to: transition, rule, channels and customer → drafts of notices. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tercera.messages import Bundle, Draft, Hearer, Holding, NoticeKind, Problem
from tercera.model import CUSTOMER, Customer, Match, Reason, Transition
from tercera.notation.addresses import is_address
from tercera.rules import Rule
from tercera.rules.listener import FOLLOW_UPS
from tercera.telling.gathering import Daily, Gathering

LANGUAGES = ("en", "es")
"""What the built-in templates speak."""


@dataclass(frozen=True, slots=True)
class Route:
    """A channel as routing sees it: to the customer (`to` is None) or to fixed recipients."""

    channel: str
    to: tuple[str, ...] | None
    language: str = "en"
    digest: bool = False
    daily: Daily | None = None
    """When a digest is sent that gathers more than one cycle."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Every channel by name, and the one that hears of customers who could not be told."""

    by_name: Mapping[str, Route]
    operations: Route | None = None


def problem_of(rule: Rule, customer: Customer | None) -> Problem | None:
    """Why the customer can't be told, if so."""
    if rule.counting.per not in (CUSTOMER, "customer_id"):
        return Problem.NOT_A_CUSTOMER
    return Problem.NO_ENTRY if customer is None else problem_of_address(customer)


def problem_of_address(customer: Customer) -> Problem | None:
    """What is wrong with the address of a directory entry, if anything."""
    if not customer.email or not customer.email.strip():
        return Problem.NO_EMAIL
    return None if is_address(customer.email.strip()) else Problem.BAD_EMAIL


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of the pair that a transition is about: the customer, which conditions on orders are met
    by one of those that match (`met`), and who heard of the alert, each with the level that they were told of
    last (`heard`; empty for a step that does not go by it, see `goes_by_heard`)."""

    customer: Customer | None = None
    met: Collection[tuple[Match, ...]] = ()
    heard: Mapping[Hearer, str] = field(default_factory=dict)


def drafts(
    rule: Rule, transition: Transition, routes: Routes, around: Circumstances, gathering: Gathering
) -> tuple[Draft, ...]:
    """The notices of a transition, none when it does not speak.

    A new step goes to the channels whose listeners fit it; a follow-up to those who heard of the alert, and
    to nobody else. Nobody reads of an easing who was not told of a higher level, or of a rise who was. A
    customer who can't be told leaves an undeliverable notice; operations reads why, in the alert's own
    notice where it gets one, else in an undelivered notice.
    """
    if not transition.speaks:
        return ()
    chosen = [routes.by_name[name] for name in _channels(rule, transition, around)]
    customer = around.customer
    problem = problem_of(rule, customer) if any(route.to is None for route in chosen) else None
    made: list[Draft] = []
    for route in chosen:
        made += _alert_drafts(route, customer, problem, gathering)
    made = [draft for draft in made if _is_news(rule, transition, around.heard.get(_hearer(draft)))]
    untold = problem if any(draft.for_customer for draft in made) else None
    if untold and routes.operations and routes.operations not in chosen:
        bundle = gathering.of_team(routes.operations.daily)
        made += undelivered(routes.operations, customer, untold, detail=None, bundle=bundle)
    return tuple(made)


def goes_by_heard(rule: Rule, transition: Transition) -> bool:
    """Whether who hears of a step depends on who heard of the alert: a follow-up; and a rise, where some may
    have been told since that the level was left and others not."""
    if transition.reason in FOLLOW_UPS:
        return True
    spoken = transition.before is not None and transition.before.spoken
    return spoken and rule.tells(Reason.EASED, None)


def _is_news(rule: Rule, transition: Transition, believed: str | None) -> bool:
    """Whether a step tells something to whoever believes in a level, or in no alert at all (None)."""
    if transition.reason in (Reason.RETRACTED, Reason.CLOSED):
        return believed is not None
    level = transition.after.level if transition.after else None
    if transition.reason is Reason.EASED:
        return rule.rank(level) < rule.rank(believed)
    return rule.rank(level) > rule.rank(believed)


def _channels(rule: Rule, transition: Transition, around: Circumstances) -> Iterable[str]:
    """The channels that hear of a transition, each once."""
    level = transition.after.level if transition.after else None
    listening = (each for each in rule.notify if each.hears(transition.reason, level, rule.on))
    if transition.reason in FOLLOW_UPS:
        heard = {channel for channel, _ in around.heard}
        return dict.fromkeys(each.channel for each in listening if each.channel in heard)
    return dict.fromkeys(
        each.channel
        for each in listening
        if each.is_for(around.customer) and (not each.when or each.when in around.met)
    )


def _hearer(draft: Draft) -> Hearer:
    return draft.channel, None if draft.for_customer else draft.recipient


def undelivered(
    operations: Route,
    customer: Customer | None,
    problem: Problem,
    *,
    detail: str | None,
    bundle: Bundle | None,
) -> Iterable[Draft]:
    """Tells operations that a customer was not told, and why."""
    for recipient in operations.to or ():
        yield Draft(
            NoticeKind.UNDELIVERED,
            operations.channel,
            recipient,
            operations.language,
            for_customer=False,
            customer=customer,
            problem=problem,
            detail=detail,
            bundle=bundle,
        )


def guarded(operations: Route, holding: Holding, *, bundle: Bundle) -> Iterable[Draft]:
    """Tells operations that so many alerts are held back. The drafts of all examples become one message."""
    for recipient in operations.to or ():
        yield Draft(
            NoticeKind.HELD,
            operations.channel,
            recipient,
            operations.language,
            for_customer=False,
            detail=holding.text,
            bundle=bundle,
        )


def gathering_of(rules: Sequence[Rule], routes: Routes, run: int, now: datetime) -> Gathering:
    """How the notices of a run over these rules share messages: who hears from several rules gets one message
    at the end of the run."""
    channels = [{each.channel for each in rule.notify} for rule in rules]
    to_customers = [names for names in channels if any(routes.by_name[name].to is None for name in names)]
    return Gathering(
        run,
        now,
        waits_for_customers=len(to_customers) > 1,
        waits_for_team=sum(map(bool, channels)) > 1,
    )


def _alert_drafts(
    route: Route, customer: Customer | None, problem: Problem | None, gathering: Gathering
) -> Iterable[Draft]:
    common = Draft(
        NoticeKind.ALERT,
        route.channel,
        "",
        route.language,
        for_customer=route.to is None,
        customer=customer,
        problem=problem,
        bundle=gathering.of_team(route.daily) if route.digest else None,
    )
    if route.to is not None:
        return [replace(common, recipient=recipient) for recipient in dict.fromkeys(route.to)]
    if problem or customer is None or customer.email is None:
        return [common]
    language = language_of(customer) or route.language
    bundle = gathering.of_customer(customer.id)
    return [replace(common, recipient=customer.email.strip(), language=language, bundle=bundle)]


def language_of(customer: Customer) -> str | None:
    """`es`, from `ES`, `es-CO` or `es_MX`; None when the templates don't speak the customer's language."""
    short = re.split(r"[-_]", (customer.language or "").strip().lower())[0]
    return short if short in LANGUAGES else None
