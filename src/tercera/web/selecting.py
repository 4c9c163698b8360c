"""A list of alerts as its address says it, and back: the address is the view."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from starlette.datastructures import QueryParams

from tercera.ledger import Care, Sorting, Wanted
from tercera.model import RuleId, State, SubjectId, WindowId

LONGEST = 200
"""Characters of a value that is looked for."""

Choice = TypeVar("Choice", bound=StrEnum)


def wanted_of(query: QueryParams) -> Wanted:
    """What an address asks for. What it says that there is not, is left out."""
    sort = query.get("sort", "-changed")[:LONGEST]
    return Wanted(
        rule=RuleId(rule) if (rule := _text(query, "rule")) else None,
        levels=tuple(dict.fromkeys(each[:LONGEST] for each in query.getlist("level") if each))[:10],
        state=_one_of(State, query.get("state")),
        window=WindowId(window) if (window := _text(query, "window")) else None,
        subject=SubjectId(subject) if (subject := query.get("customer", "")[:1000]) else None,
        text=_text(query, "q"),
        care=_one_of(Care, query.get("care")),
        sorting=_one_of(Sorting, sort.removeprefix("-")) or Sorting.CHANGED,
        descending=sort.startswith("-"),
    )


def query_of(wanted: Wanted) -> Mapping[str, object]:
    """The address's query for what is wanted."""
    sort = f"{'-' if wanted.descending else ''}{wanted.sorting}"
    return {
        "rule": wanted.rule,
        "level": wanted.levels,
        "state": wanted.state,
        "window": wanted.window,
        "customer": wanted.subject,
        "q": wanted.text,
        "care": wanted.care,
        "sort": None if sort == "-changed" else sort,
    }


def _text(query: QueryParams, name: str) -> str:
    return query.get(name, "").strip()[:LONGEST]


def _one_of(kind: type[Choice], text: str | None) -> Choice | None:
    return next((each for each in kind if each.value == text), None)
