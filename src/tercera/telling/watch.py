"""The data watch: what a cycle saw → whether operations should hear of it. Pure.

Four things are watched: the share of rows that can't be judged, the age of the newest order, the time since
a cycle last succeeded, and since when changes can't be followed. What fails is an ordinary alert of the
ledger, under a reserved rule id that no configured rule can have: it opens once, is taken back once, can be
silenced and looked at like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from tercera.lifecycle import reconcile
from tercera.model import (
    Counting,
    Finding,
    Level,
    Period,
    Placed,
    Quiet,
    Reason,
    RejectCount,
    RejectReason,
    RuleId,
    Standing,
    SubjectId,
    Survey,
    Transition,
)
from tercera.rules import Rule, everyone
from tercera.windows import Window

RESERVED = "tercera:"
"""With this begin the rule ids of the product's own alerts."""

LEVEL = "watch"
"""The one level of these alerts."""

_SAMPLES, _FIELDS, _CUT = 2, 8, 60
_FOR_EVER = timedelta(days=36_500)

UNFOLLOWED = timedelta(minutes=5)
"""How long changes may not be followed before operations hears of it: a database that restarts takes less."""


class Watched(StrEnum):
    """What is watched, by the rule id of its alerts."""

    REJECTS = "tercera:rejects"
    FRESHNESS = "tercera:freshness"
    HEARTBEAT = "tercera:heartbeat"
    FOLLOWING = "tercera:following"


def is_reserved(rule: str) -> bool:
    """Whether a rule id is one of the product's own."""
    return rule.startswith(RESERVED)


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on operations hears of it; None: never. `max_share` of the rows that a rule's sweep read,
    once those are `min_rows`; `max_age` of the newest order; `max_pause` since a cycle last succeeded."""

    zone: str
    max_share: float = 0.05
    min_rows: int = 20
    max_age: timedelta | None = None
    max_pause: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """One thing that was looked at. `failing` is None when it can't be told; `words` say it in English, for
    logs and lists; `figures` are what messages say it with: text and numbers that JSON can hold.

    `count` of `out_of` is what a list of alerts shows as its count: rejected rows of those read.
    """

    watched: Watched
    subject: SubjectId
    failing: bool | None
    words: str
    figures: Mapping[str, Any]
    count: int = 0
    out_of: int = 0

    @property
    def detail(self) -> str:
        """The figures as a notice carries them."""
        return json.dumps(self.figures, separators=(",", ":"))


def measure_rejects(rule: RuleId, survey: Survey, limits: Limits) -> Measured:
    """The share of rows that a sweep could not judge."""
    rejected = sum(count.rows for count in survey.rejects.values())
    share = rejected / survey.rows if survey.rows else 0.0
    return Measured(
        Watched.REJECTS,
        SubjectId(rule),
        share > limits.max_share if survey.rows >= limits.min_rows else None,
        f"{rejected:,} of {survey.rows:,} rows can't be judged ({share:.1%}; at most {limits.max_share:.1%})",
        {
            "rule": rule,
            "rows": survey.rows,
            "rejected": rejected,
            "share": round(share, 4),
            "max_share": limits.max_share,
            "reasons": _reasons(survey.rejects),
        },
        rejected,
        survey.rows,
    )


def measure_freshness(newest: Placed | None, since: date | None, limits: Limits, now: datetime) -> Measured:
    """The age of the newest order that was seen. `since` is the first day that was looked at, None for all
    of history: where that is too late, nothing can be told of a source that showed no order."""
    assert limits.max_age is not None
    oldest = oldest_fresh(limits, now)
    if newest is None:
        failing: bool | None = True if since is None or since <= oldest else None
    else:
        failing = age_of(newest, limits.zone, now) > limits.max_age
    seen = f"the newest order is of {newest.isoformat()}" if newest else f"no order since {oldest}"
    return Measured(
        Watched.FRESHNESS,
        SubjectId("orders"),
        failing,
        f"{seen} (at most {in_short(limits.max_age)} old)",
        {
            "newest": newest.isoformat() if newest else None,
            "looked_from": oldest.isoformat(),
            "max_age": limits.max_age.total_seconds(),
        },
    )


def oldest_fresh(limits: Limits, now: datetime) -> date:
    """The first day on which an order can lie that is fresh."""
    assert limits.max_age is not None
    return (now - limits.max_age).astimezone(ZoneInfo(limits.zone)).date()


def age_of(newest: Placed, zone: str, now: datetime) -> timedelta:
    """How old an order is: of one with a time exactly, of one with a day alone in whole days."""
    if isinstance(newest, datetime):
        return now - newest
    return now.astimezone(ZoneInfo(zone)).date() - newest


@dataclass(frozen=True, slots=True)
class Heart:
    """What the ledger knows of cycles: when one last succeeded (None: never), since when it has been tried,
    and what went wrong last."""

    last_good: datetime | None
    first: datetime | None
    error: str | None


def measure_heart(heart: Heart, limits: Limits, now: datetime, *, started: datetime | None) -> Measured:
    """The time since a cycle last succeeded. A process that has only just `started` gets as long to show
    that it can."""
    assert limits.max_pause is not None
    since = heart.last_good or heart.first
    counted_from = max((each for each in (since, started) if each is not None), default=now)
    told = f"no cycle has succeeded since {since.isoformat()}" if since else "no cycle has run"
    if heart.last_good is None and since:
        told = f"no cycle has succeeded yet, since {since.isoformat()}"
    return Measured(
        Watched.HEARTBEAT,
        SubjectId("cycles"),
        now - counted_from > limits.max_pause,
        f"{told}{': ' + heart.error if heart.error else ''}",
        {
            "last_good": heart.last_good.isoformat() if heart.last_good else None,
            "since": since.isoformat() if since else None,
            "max_age": limits.max_pause.total_seconds(),
            "error": heart.error,
        },
    )


def beating(limits: Limits, now: datetime) -> Measured:
    """A cycle has just succeeded."""
    assert limits.max_pause is not None
    figures = {
        "last_good": now.isoformat(),
        "since": now.isoformat(),
        "max_age": limits.max_pause.total_seconds(),
        "error": None,
    }
    return Measured(Watched.HEARTBEAT, SubjectId("cycles"), False, "a cycle has succeeded again", figures)


@dataclass(frozen=True, slots=True)
class Following:
    """Whether the changes of the source can be followed: since when they can't (None: they can), and why."""

    broken_since: datetime | None = None
    error: str | None = None


def measure_following(following: Following, now: datetime) -> Measured:
    """The time since changes were last followed. While that is short nothing is said, nor taken back: a
    process that was restarted does not know what the one before it said."""
    since = following.broken_since
    failing = None if since and now - since <= UNFOLLOWED else since is not None
    told = f"changes can't be followed since {since.isoformat()}" if since else "changes are followed again"
    return Measured(
        Watched.FOLLOWING,
        SubjectId("changes"),
        failing,
        f"{told}{': ' + following.error if following.error else ''}",
        {
            "since": (since or now).isoformat(),
            "max_age": UNFOLLOWED.total_seconds(),
            "error": following.error,
        },
    )


def transition_of(
    measured: Measured,
    window: Window,
    known: Standing | None,
    limits: Limits,
    now: datetime,
    quiet: Quiet | None,
) -> Transition:
    """How its alert moves, by the lifecycle of all alerts. It never closes by itself: it stands until what
    failed is well again, however long that takes."""
    level = Level(LEVEL, 1)
    rule = Rule(
        id=RuleId(measured.watched),
        title=measured.words,
        counting=Counting((), per_of(measured.watched), Period.MONTH, limits.zone),
        levels=(level,),
        notify=everyone("operations"),
        grace=_FOR_EVER,
        on=(Reason.OPENED, Reason.ESCALATED, Reason.RETRACTED),
    )
    return reconcile(rule, window, known, Finding(level if measured.failing else None), now, quiet=quiet)


def per_of(watched: Watched) -> str:
    """What the subject of such an alert is."""
    return "rule" if watched is Watched.REJECTS else "watch"


def in_short(duration: timedelta) -> str:
    """`2d`, `15m`: as the configuration writes it."""
    seconds = int(duration.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _reasons(rejects: Mapping[RejectReason, RejectCount]) -> list[dict[str, Any]]:
    """The most frequent first."""
    return [
        {
            "reason": reason.value,
            "rows": count.rows,
            "matching": count.matching,
            "samples": [_cut(sample.items()) for sample in count.samples[:_SAMPLES]],
        }
        for reason, count in sorted(rejects.items(), key=lambda item: (-item[1].rows, item[0]))
    ]


def _cut(values: Iterable[tuple[str, str | None]]) -> dict[str, str | None]:
    shown = [(name[:_CUT], value if value is None else value[:_CUT]) for name, value in values]
    return dict(shown[:_FIELDS])
