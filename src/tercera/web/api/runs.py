"""How all goes: runs, health, and rows that can't be judged."""

from __future__ import annotations

from fastapi import APIRouter

from tercera.ledger import Ledger
from tercera.web.cursors import Cursor, Limit, cursor_of, place_of
from tercera.web.permitting.roles import Reader
from tercera.web.shapes.work import Following, Found, Health, Rejects, RejectsOfRule, RunGiven, Runs, share_of
from tercera.web.site import Here

LATELY = 20
"""Runs among which the newest order is looked for."""

router = APIRouter(tags=["health"])


@router.get("/runs", summary="Runs, the newest first")
def list_runs(site: Here, visitor: Reader, cursor: Cursor = None, limit: Limit = 50) -> Runs:
    """What was run when, and how it ended."""
    place = place_of(cursor, "runs")
    found = site.ledger.diary.last_runs(limit + 1, place)
    shown = found[:limit]
    return Runs(
        items=[RunGiven.of(each) for each in shown],
        next=cursor_of("runs", shown[-1].id) if len(found) > limit else None,
    )


@router.get("/health", summary="How the data and Tercera are")
def show_health(site: Here, visitor: Reader) -> Health:
    """When a cycle last succeeded, the newest order, the share of rejects, what the data watch found."""
    ledger = site.ledger
    heart = ledger.diary.heart()
    return Health(
        last_good_cycle=heart.last_good,
        last_error=heart.error,
        newest_order=_newest(ledger),
        reject_share={rule: share_of(survey) for rule, survey in ledger.diary.rejects().items()},
        waiting=ledger.post.waiting(),
        live=_live(ledger),
        open=[
            Found(alert=each.id, rule=each.rule, subject=each.subject, since=each.changed_at)
            for each in ledger.watch_alerts()
        ],
    )


@router.get("/rejects", summary="Rows that can't be judged")
def list_rejects(site: Here, visitor: Reader) -> Rejects:
    """What was last read for each rule, and how much of it can't be judged, by reason."""
    return Rejects(items=[RejectsOfRule.of(rule, each) for rule, each in site.ledger.diary.rejects().items()])


def _newest(ledger: Ledger) -> str | None:
    found = (run.summary.get("newest") for run in ledger.diary.last_runs(LATELY))
    return next((str(newest) for newest in found if newest), None)


def _live(ledger: Ledger) -> Following | None:
    found = ledger.followed()
    if found is None:
        return None
    return Following(since=found.since, read_through=found.moved_at, lost_at=found.lost_at, lost=found.lost)
