"""The statement of a window that is over, in words: for operations, in every channel."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tercera.messages import Notice
from tercera.model import CUSTOMER, WindowId
from tercera.rendering.plain import one_line
from tercera.rendering.words import Words
from tercera.windows import parse_window


@dataclass(frozen=True, slots=True)
class LevelView:
    """One level: how many stand at it in the end, how many the window before, for how many it was the highest
    ever; `share` is how long its bar is, of 100."""

    name: str
    threshold: str
    final: str
    before: str
    peak: str
    share: int


@dataclass(frozen=True, slots=True)
class StatementView:
    """What became of a window: `subject` and `heading` in a line, `lead` and `change` in a sentence each,
    `levels` from the highest, `top` the subjects with most orders (who, how many, level), `facts` as label
    and value."""

    subject: str
    heading: str
    kicker: str
    lead: str
    change: str
    levels: tuple[LevelView, ...]
    top: tuple[tuple[str, str, str], ...]
    facts: tuple[tuple[str, str], ...]


def view_statement(notice: Notice, words: Words) -> StatementView:
    """The view of a statement."""
    told = json.loads(notice.detail or "{}")
    window = parse_window(notice.window, notice.period)
    before = parse_window(WindowId(told["before"]["window"]), notice.period)
    the_window = words.window(window, "the")
    standing = int(told["standing"])
    values = {
        "window": words.window(window),
        "in_window": words.window(window, "in"),
        "of_window": words.window(window, "of"),
        "The_window": the_window[:1].upper() + the_window[1:],
        "in_before": words.window(before, "in"),
        "title": one_line(told["title"], 200),
        "rule": one_line(told["rule"], 64),
        "before": words.number(told["before"]["standing"]),
    }
    who = "customers" if told["per"] in (CUSTOMER, "customer_id") else "subjects"
    return StatementView(
        subject=one_line(words.say(f"statement.{who}.subject", standing, **values), 150),
        heading=words.say(f"statement.{who}.heading", standing, **values),
        kicker=words.say("statement.kicker", None, **values),
        lead=words.say(f"statement.{who}.lead", standing, **values),
        change=_change(standing, int(told["before"]["standing"]), values, words),
        levels=tuple(_levels(told["levels"], words)),
        top=tuple(
            (one_line(name, 60), words.number(count), one_line(level)) for name, count, level in told["top"]
        ),
        facts=tuple(_facts(told, words)),
    )


def _change(standing: int, before: int, values: Mapping[str, str], words: Words) -> str:
    key = "same" if standing == before else "more" if standing > before else "fewer"
    return words.say(f"statement.{key}", abs(standing - before), **values)


def _levels(levels: list[dict[str, Any]], words: Words) -> Iterator[LevelView]:
    most = max((each["final"] for each in levels), default=0) or 1
    for each in reversed(levels):
        yield LevelView(
            name=one_line(each["name"]),
            threshold=words.say("statement.from", None, threshold=words.number(each["threshold"])),
            final=words.number(each["final"]),
            before=words.number(each["before"]),
            peak=words.number(each["peak"]),
            share=round(100 * each["final"] / most),
        )


def _facts(told: Mapping[str, Any], words: Words) -> Iterator[tuple[str, str]]:
    moves = told["transitions"]
    yield words.say("statement.alerts"), words.number(told["alerts"])
    yield words.say("statement.told"), words.number(told["told"])
    for reason in ("opened", "escalated", "eased", "retracted", "baseline"):
        if moves.get(reason):
            yield words.say(f"statement.moves.{reason}"), words.number(moves[reason])
    if told["rejected"]:
        names = (
            f"{words.number(rows)} {words.say(f'reject.{reason}.name')}"
            for reason, rows in told["rejects"].items()
        )
        count = words.say(
            "statement.rejected_value",
            told["could_have_counted"],
            rejected=words.number(told["rejected"]),
            rows=words.number(told["rows"]),
        )
        yield words.say("statement.rejected"), f"{count}: {', '.join(names)}"
    else:
        yield words.say("statement.rejected"), words.say("statement.rejected_none")
    checked = datetime.fromisoformat(told["checked_through"])
    yield words.say("statement.checked"), f"{words.placed(checked)} ({checked.tzname()})"
