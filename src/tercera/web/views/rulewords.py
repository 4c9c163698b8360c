"""A rule as a sentence: when, per whom, within what, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tercera.model import CUSTOMER, Counting, Match
from tercera.rendering.words import Words
from tercera.rules import Listener, Rule


@dataclass(frozen=True, slots=True)
class RuleWords:
    """What it counts; of which steps it tells; and of each listener the channel, what kind it is of, and to
    what it is restricted (None: to nothing)."""

    counts: str
    tells: str
    listeners: tuple[tuple[str, str, str | None], ...]


def words_of_rule(rule: Rule, channels: Mapping[str, Any], words: Words) -> RuleWords:
    """`channels` are their settings, by name."""
    return RuleWords(
        counts_of(rule.counting, words),
        words.all_of([words.say(f"step.{reason}") for reason in rule.on]),
        tuple(
            (each.channel, getattr(channels.get(each.channel), "kind", "?"), _restricted(each, words))
            for each in rule.notify
        ),
    )


def counts_of(counting: Counting, words: Words) -> str:
    """`Per customer and calendar month, it counts the orders whose status is returned or cancelled.`"""
    per = words.say("rules.customer") if counting.per == CUSTOMER else _quoted(counting.per, words)
    return words.say(
        "rules.counts",
        per=per,
        period=words.say(f"rules.period.{counting.within}"),
        conditions=words.all_of([_condition(match, words) for match in counting.when]),
    )


def _condition(match: Match, words: Words) -> str:
    known = words.say("rules.status") if match.field == "status" else _quoted(match.field, words)
    return words.say(
        "rules.condition", field=known, values=words.any_of([_quoted(value, words) for value in match.values])
    )


def _restricted(listener: Listener, words: Words) -> str | None:
    found = []
    if listener.levels is not None:
        found.append(words.say("rules.only_levels", levels=words.any_of(listener.levels)))
    found += [_condition(match, words) for match in (*listener.when, *listener.customer)]
    if listener.on is not None:
        found.append(words.all_of([words.say(f"step.{reason}") for reason in listener.on]))
    return "; ".join(found) or None


def _quoted(text: str, words: Words) -> str:
    return words.say("orders.quote", text=text)
