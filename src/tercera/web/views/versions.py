"""Another version of a rule: other statuses, other thresholds; and the text that would configure it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import yaml

from tercera.acts.deciding import DecisionError
from tercera.model import Level, Match
from tercera.orders import LONGEST_TEXT
from tercera.rules import Rule

MOST_VALUES = 50
"""Values that a condition may have."""

HIGHEST = 1_000_000


class VersionError(DecisionError):
    """What was asked for is no rule. Says what is missing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form asks for: of each condition its values, a line each; of each level its threshold. What is
    empty is as it was."""

    values: Mapping[str, str]
    thresholds: Mapping[str, str]


def version_of(rule: Rule, asked: Asked) -> Rule:
    """The rule, changed as it was asked for. Raises `VersionError`."""
    when = tuple(
        replace(match, values=_values(match, asked.values.get(match.field, "")))
        for match in rule.counting.when
    )
    levels = [_level(level, asked.thresholds.get(level.name, "")) for level in rule.levels]
    if len({level.threshold for level in levels}) != len(levels):
        raise VersionError("two levels have the same threshold; make them differ").said_as("same_levels")
    return replace(
        rule,
        counting=replace(rule.counting, when=when),
        levels=tuple(sorted(levels, key=lambda level: level.threshold)),
    )


def written(rule: Rule) -> str:
    """What differs between versions, as the configuration writes it."""
    return yaml.safe_dump(
        {
            "when": {match.field: _written(match) for match in rule.counting.when},
            "levels": {level.name: level.threshold for level in rule.levels},
        },
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
    )


def _written(match: Match) -> object:
    values = list(match.values)
    return {"in": values, "ignore_case": True} if match.ignore_case else values


def _values(match: Match, text: str) -> tuple[str, ...]:
    values: Sequence[str] = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(values) > MOST_VALUES or any(len(value) > LONGEST_TEXT for value in values):
        raise VersionError(
            f"{match.field}: at most {MOST_VALUES} values of {LONGEST_TEXT} characters can be looked for"
        )
    return tuple(values) or match.values


def _level(level: Level, text: str) -> Level:
    text = text.strip()
    if not text:
        return level
    if not (text.isascii() and text.isdecimal() and len(text) < 8 and 1 <= int(text) <= HIGHEST):
        raise VersionError(
            f"{level.name}: {text[:20]!r} is no number of orders; write one from 1 on"
        ).said_as("no_number", level=level.name, given=text[:20])
    return Level(level.name, int(text))
