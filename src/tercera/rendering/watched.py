"""What the data watch found, in words: for operations, in every channel."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tercera.messages import Notice
from tercera.model import Placed, Reason
from tercera.rendering.plain import one_line
from tercera.rendering.words import Words
from tercera.telling.watch import Watched

_UNITS = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


@dataclass(frozen=True, slots=True)
class FindingView:
    """Rows that were rejected for one reason: how many, how many of them could have counted, one of them,
    and what to do."""

    reason: str
    rows: str
    matching: str
    sample: str
    remedy: str


@dataclass(frozen=True, slots=True)
class WatchView:
    """What is the matter: `subject` and `heading` in a line, `lead` in a sentence or two, `facts` as label
    and value, `findings` by reason, and what to do about it (`remedy`, "" when it is over)."""

    subject: str
    heading: str
    lead: str
    facts: tuple[tuple[str, str], ...]
    findings: tuple[FindingView, ...]
    remedy: str


def view_watch(notice: Notice, words: Words) -> WatchView:
    """The view of a notice of the data watch."""
    figures = json.loads(notice.detail or "{}")
    kind = Watched(notice.rule).name.lower()
    over = notice.reason is Reason.RETRACTED
    values = {"subject": one_line(notice.subject, 64), **_values(figures, words)}
    key = f"watch.{kind}.{'over' if over else 'on'}"
    if kind == "freshness" and not over and figures.get("newest") is None:
        key = "watch.freshness.none"
    return WatchView(
        subject=one_line(words.say(f"{key}.subject", None, **values), 150),
        heading=words.say(f"{key}.heading", None, **values),
        lead=words.say(f"{key}.lead", None, **values),
        facts=tuple(_facts(kind, values, figures, words)),
        findings=tuple(_findings(figures, words)),
        remedy="" if over else words.say(f"watch.{kind}.remedy", None, **values),
    )


def _values(figures: Mapping[str, Any], words: Words) -> dict[str, str]:
    """What phrases may hold, written as the language does."""
    rows, rejected = int(figures.get("rows") or 0), int(figures.get("rejected") or 0)
    values = {
        "rows": words.number(rows),
        "rejected": words.number(rejected),
        "share": words.share(rejected, rows) if rows else "",
        "error": one_line(str(figures.get("error") or ""), 300),
    }
    if (most := figures.get("max_share")) is not None:
        values["max_share"] = words.share(round(most * 10_000), 10_000)
    if (age := figures.get("max_age")) is not None:
        values["max_age"] = duration(age, words)
    for name in ("newest", "looked_from", "last_good", "since"):
        if figures.get(name):
            values[name] = _moment(figures[name], words)
    return {"since": words.say("watch.never"), **values}


def duration(seconds: float, words: Words) -> str:
    """`2 days`, `90 minutes`."""
    whole = int(seconds)
    unit, size = next((unit, size) for unit, size in _UNITS if whole % size == 0)
    return words.say(f"watch.{unit}", whole // size)


def _moment(text: str, words: Words) -> str:
    placed: Placed = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    shown = words.placed(placed)
    return f"{shown} ({placed.tzname()})" if isinstance(placed, datetime) else shown


def _facts(
    kind: str, values: Mapping[str, str], figures: Mapping[str, Any], words: Words
) -> Iterator[tuple[str, str]]:
    shown = {
        "rejects": ("rule", "rows", "rejected", "max_share"),
        "freshness": ("newest", "max_age"),
        "heartbeat": ("last_good", "error", "max_age"),
        "following": ("error", "max_age"),
    }[kind]
    told = {**values, "rule": values["subject"]}
    if kind == "rejects":
        told["rejected"] = f"{values['rejected']} ({values['share']})"
    for name in shown:
        if told.get(name):
            yield words.say(f"watch.fact.{kind}.{name}"), told[name]


def _findings(figures: Mapping[str, Any], words: Words) -> Iterator[FindingView]:
    for each in figures.get("reasons") or ():
        samples = each.get("samples") or [{}]
        yield FindingView(
            reason=words.say(f"reject.{each['reason']}.name"),
            rows=words.number(each["rows"]),
            matching=words.number(each["matching"]),
            sample=_sample(samples[0], words),
            remedy=words.say(f"reject.{each['reason']}.remedy"),
        )


def _sample(values: Mapping[str, str | None], words: Words) -> str:
    shown = (
        f"{one_line(name, 40)}: {words.say('watch.missing') if value is None else one_line(value, 60)}"
        for name, value in values.items()
    )
    return one_line(" · ".join(shown), 300)
