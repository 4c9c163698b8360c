"""What was run when, how it ended, and which rows it could not judge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from tercera.ledger import codec
from tercera.ledger.codec import AnyRow
from tercera.ledger.post.joining import last_run_ended, run_ended
from tercera.ledger.tables import rejects, runs, surveys
from tercera.model import RejectCount, RejectReason, RuleId, Survey
from tercera.telling.watch import Heart

PART = "part"
"""The kind of a run that looked at some customers only: no sign that all is well."""

LIVE = "live"
"""The kind of a run that stands for the live cycles between two sweeps."""

LATELY = 20
"""Runs after which what was read for a rule is not the last word any more: it is gone from the configuration,
or nobody can read it."""

KEPT = 2_000
"""How many runs are remembered, with their rejects: more than a day of one every minute."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `finished_at` is None while it goes on, and for ever when it was killed."""

    id: int
    kind: str
    started_at: datetime
    finished_at: datetime | None
    summary: Mapping[str, Any]
    error: str | None


def begin_run(connection: Connection, kind: str, now: datetime) -> int:
    """Its number. Forgets the oldest runs."""
    inserted = connection.execute(insert(runs).values(kind=kind, started_at=now).returning(runs.c.id))
    run = int(inserted.scalar_one())
    last_run_ended(connection, run, now)
    connection.execute(delete(runs).where(runs.c.id <= run - KEPT))
    return run


def finish_run(
    connection: Connection, run: int, now: datetime, summary: Mapping[str, Any], error: str | None
) -> None:
    """`summary` is anything that JSON can hold; other values become their text. Messages that waited for
    the end are due."""
    connection.execute(
        update(runs)
        .where(runs.c.id == run)
        .values(
            finished_at=now,
            summary=json.dumps(summary, default=str),
            error=None if error is None else codec.words_text(error),
        )
    )
    run_ended(connection, run, now)


def note_run(connection: Connection, run: int, now: datetime, summary: Mapping[str, Any]) -> None:
    """How a run stands that goes on. Messages that waited for the end of one of its parts are due."""
    connection.execute(update(runs).where(runs.c.id == run).values(summary=json.dumps(summary, default=str)))
    run_ended(connection, run, now)


def last_runs(connection: Connection, limit: int, before: int | None = None) -> list[Run]:
    """The newest first; with `before`, those of smaller numbers."""
    query = select(runs).order_by(runs.c.id.desc()).limit(limit)
    rows = connection.execute(query if before is None else query.where(runs.c.id < before))
    return [
        Run(row.id, row.kind, row.started_at, row.finished_at, json.loads(row.summary or "{}"), row.error)
        for row in rows
    ]


def heart(connection: Connection) -> Heart:
    """When a cycle last succeeded, since when cycles are remembered, and the last one's error."""
    ended = select(runs.c.finished_at).where(
        runs.c.finished_at.is_not(None), runs.c.error.is_(None), runs.c.kind.not_in([PART, LIVE])
    )
    last_good = connection.execute(ended.order_by(runs.c.id.desc()).limit(1)).scalar_one_or_none()
    first = connection.execute(select(runs.c.started_at).order_by(runs.c.id).limit(1)).scalar_one_or_none()
    finished = select(runs.c.error).where(runs.c.finished_at.is_not(None), runs.c.kind != LIVE)
    error = connection.execute(finished.order_by(runs.c.id.desc()).limit(1)).scalar_one_or_none()
    return Heart(last_good, first, error)


def record_rejects(connection: Connection, run: int, rule: RuleId, survey: Survey) -> None:
    """Once for each run and rule."""
    connection.execute(insert(surveys).values(run=run, rule=rule, rows=survey.rows, orders=survey.orders))
    if survey.rejects:
        connection.execute(
            insert(rejects),
            [
                {
                    "run": run,
                    "rule": rule,
                    "reason": reason.value,
                    "rows": count.rows,
                    "matching": count.matching,
                    "samples": json.dumps([dict(sample) for sample in count.samples]),
                }
                for reason, count in survey.rejects.items()
            ],
        )


def surveys_of(connection: Connection, run: int | None) -> dict[RuleId, Survey]:
    """What a run read and rejected, by rule. When `run` is None, what was last read for each rule: instances
    that share a ledger each read some of them."""
    last = connection.execute(select(func.max(surveys.c.run))).scalar()
    if last is None:
        return {}
    which = surveys.c.run == run if run is not None else surveys.c.run > last - LATELY
    read = connection.execute(select(surveys).where(which).order_by(surveys.c.rule, surveys.c.run)).all()
    return {RuleId(row.rule): _survey(connection, row) for row in {row.rule: row for row in read}.values()}


def _survey(connection: Connection, row: AnyRow) -> Survey:
    of_it = select(rejects).where(rejects.c.run == row.run, rejects.c.rule == row.rule)
    return Survey(
        row.rows,
        row.orders,
        {
            RejectReason(each.reason): RejectCount(each.rows, each.matching, tuple(json.loads(each.samples)))
            for each in connection.execute(of_it.order_by(rejects.c.reason))
        },
    )
