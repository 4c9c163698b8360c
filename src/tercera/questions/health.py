"""How the data and Tercera itself are: what the command line, the dashboard and the API say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tercera.ledger import LIVE, Ledger, Run
from tercera.model import Alert, RuleId, Survey
from tercera.telling.watch import Heart

LATELY = 100
"""Runs over which repairs are counted."""

_SEEN = 20
"""Runs in which the newest order is looked for."""


@dataclass(frozen=True, slots=True)
class Following:
    """How following the changes goes: since when, how far; when and why history was lost; customers that
    sweeps had to repair lately."""

    since: datetime
    read_through: datetime
    lost_at: datetime | None
    lost: str | None
    repaired: int


@dataclass(frozen=True, slots=True)
class Health:
    """When a cycle last succeeded, the newest order that was seen (as ISO 8601, where `freshness` looks for
    it), what was last read for each rule, how following the changes goes (None where nobody ever did), and
    what the data watch has found and is not over."""

    heart: Heart
    newest_order: str | None
    surveys: Mapping[RuleId, Survey]
    live: Following | None
    found: tuple[Alert, ...]


def health_of(ledger: Ledger) -> Health:
    """As the ledger tells it."""
    runs = ledger.diary.last_runs(LATELY)
    newest = (run.summary.get("newest") for run in runs[:_SEEN])
    return Health(
        heart=ledger.diary.heart(),
        newest_order=next((each for each in newest if each), None),
        surveys=ledger.diary.rejects(),
        live=_following(ledger, runs),
        found=tuple(ledger.watch_alerts()),
    )


def _following(ledger: Ledger, runs: Sequence[Run]) -> Following | None:
    followed = ledger.followed()
    if followed is None:
        return None
    repaired = sum(run.summary.get("repaired", 0) for run in runs if run.kind == LIVE)
    return Following(followed.since, followed.moved_at, followed.lost_at, followed.lost, repaired)


def rejected(survey: Survey) -> int:
    """Rows that could not be judged."""
    return sum(count.rows for count in survey.rejects.values())


def share(survey: Survey) -> float:
    """Of the rows that were read, how many could not be judged."""
    return round(rejected(survey) / survey.rows, 4) if survey.rows else 0.0
