"""What the rest of the dashboard looks at: notices, silences, runs, rejects, answers. Nothing here writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine

from tercera.ledger.database.engine import reading
from tercera.ledger.looks import notices_page, precision, surveyed
from tercera.ledger.looks.notices_page import NoticePage
from tercera.ledger.looks.precision import Precision
from tercera.ledger.looks.surveyed import Rejected, RunOfRule
from tercera.ledger.people import decisions
from tercera.messages import NoticeState
from tercera.model import RuleId
from tercera.telling.silences import Decision


class Reports:
    """Reads of a ledger, each bounded. Every method raises `LedgerError`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def notices(
        self, state: NoticeState | None, channel: str | None, place: str | None, limit: int
    ) -> NoticePage:
        """A page of the notices in a state and of a channel, or of all; after the place of another page."""
        with reading(self._engine) as connection:
            return notices_page.notice_page(connection, state, channel, place, limit)

    def silences(self, now: datetime, *, over: bool, before: int | None, limit: int) -> list[Decision]:
        """Silences, snoozes and dismissals that hold, or that are over; the newest first, of ids less than
        `before`."""
        with reading(self._engine) as connection:
            return decisions.quieting(connection, now, over=over, before=before, limit=limit)

    def precision(self) -> Mapping[RuleId, Precision]:
        """What people said about each rule's alerts; rules that nobody said anything about are not in it."""
        with reading(self._engine) as connection:
            return precision.precision_by_rule(connection)

    def runs_of(self, rule: RuleId, limit: int) -> list[RunOfRule]:
        """The last runs that swept a rule, the newest first."""
        with reading(self._engine) as connection:
            return surveyed.runs_of(connection, rule, limit)

    def rejected(self) -> tuple[list[datetime], list[Rejected]]:
        """When orders were read, and what each of these runs rejected; the oldest first."""
        with reading(self._engine) as connection:
            return surveyed.surveyed_at(connection), surveyed.rejected_over_time(connection)
