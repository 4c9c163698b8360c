"""Which notices share a message: what a cycle has to tell one recipient, or what a whole day has. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tercera.messages import Bundle, Draft

PATIENCE = timedelta(minutes=2)
"""How long a message waits for the other rules of its cycle, should nobody say that the cycle has ended."""


@dataclass(frozen=True, slots=True)
class Daily:
    """A time of the day in a zone, at which a digest is sent."""

    at: time
    zone: str

    def after(self, now: datetime) -> datetime:
        """The next such moment, in UTC. Once a day also where a clock change skips or repeats the time: what
        is skipped comes as much later, what comes twice counts the first time."""
        zone = ZoneInfo(self.zone)
        day = now.astimezone(zone).date()
        for later in range(3):
            moment = datetime.combine(day + timedelta(days=later), self.at, zone).astimezone(UTC)
            if moment > now:
                return moment
        raise ValueError(f"no {self.at} follows {now} in {self.zone}")


@dataclass(frozen=True, slots=True)
class Gathering:
    """How the notices of one run share messages. `waits_for_customers` and `waits_for_team` say that the run
    may have more to tell them: their messages then wait for its end."""

    run: int
    now: datetime
    waits_for_customers: bool = False
    waits_for_team: bool = False
    team_hears_at: datetime | None = None
    """Until when a digest gathers what the team has to hear, of this run and whatever follows; None: it goes
    out by itself."""

    def of_customer(self, customer_id: str) -> Bundle:
        """One message for each customer. Two of them may have the same address: they get one each."""
        mark = hashlib.sha256(customer_id.encode("utf-8", "replace")).hexdigest()[:16]
        return self._bundle(f"{self.run}:{mark}", waits=self.waits_for_customers)

    def of_team(self, daily: Daily | None) -> Bundle:
        """One message for each recipient: of the run, or of all until some time."""
        if daily is not None:
            return Bundle(f"daily at {daily.at.isoformat()} {daily.zone}", due_at=daily.after(self.now))
        if self.team_hears_at is not None:
            return Bundle("live", due_at=self.team_hears_at)
        return self._bundle(str(self.run), waits=self.waits_for_team)

    def _bundle(self, name: str, *, waits: bool) -> Bundle:
        return Bundle(name, self.now + PATIENCE, self.run) if waits else Bundle(name)


def held_by(draft: Draft, rule: str) -> Draft:
    """The draft, held back with those of the same rule: another rule's are decided about apart."""
    bundle = draft.bundle and Bundle(f"{draft.bundle.name} of {rule}")
    return replace(draft, held=True, bundle=bundle)
