"""What was run when, how it ended, and what it could not judge: each method is one transaction of `runs`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from tercera.ledger import runs
from tercera.ledger.database.engine import reading, writing
from tercera.model import RuleId, Survey
from tercera.telling.watch import Heart


class Diary:
    """The runs of a ledger. Every method raises `LedgerError`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin_run(self, kind: str, now: datetime) -> int:
        """The number of a run that begins."""
        with writing(self._engine) as connection:
            return runs.begin_run(connection, kind, now)

    def note_run(self, run: int, now: datetime, summary: Mapping[str, Any]) -> None:
        """How a run stands that goes on; what waited for the end of one of its parts is due."""
        with writing(self._engine) as connection:
            runs.note_run(connection, run, now, summary)

    def finish_run(self, run: int, now: datetime, summary: Mapping[str, Any], error: str | None) -> None:
        """How it ended."""
        with writing(self._engine) as connection:
            runs.finish_run(connection, run, now, summary, error)

    def record_rejects(self, run: int, rule: RuleId, survey: Survey) -> None:
        """What a run read for a rule, and which rows it could not judge."""
        with writing(self._engine) as connection:
            runs.record_rejects(connection, run, rule, survey)

    def heart(self) -> Heart:
        """When a cycle last succeeded, and what went wrong last."""
        with reading(self._engine) as connection:
            return runs.heart(connection)

    def last_runs(self, limit: int, before: int | None = None) -> list[runs.Run]:
        """Runs, the newest first; with `before`, those of smaller numbers."""
        with reading(self._engine) as connection:
            return runs.last_runs(connection, limit, before)

    def rejects(self, run: int | None = None) -> dict[RuleId, Survey]:
        """What a run (for each rule the latest one, without a number) read and could not judge."""
        with reading(self._engine) as connection:
            return runs.surveys_of(connection, run)
