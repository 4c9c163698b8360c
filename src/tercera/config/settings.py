"""What can be configured. Sources and channels bring settings of their own, found by their `kind`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from tercera.config.listening import Matched, Notify, Told, listeners, matches
from tercera.guard import Guard
from tercera.model import CUSTOMER, Counting, Level, Period, Reason, RuleId
from tercera.orders import Zone
from tercera.rules import Rule

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(text: str) -> timedelta:
    """`30s`, `5m`, `12h`, `30d`, `2w`. ValueError for anything else."""
    found = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if not found:
        raise ValueError(f"{text!r} is no duration; write a number and s, m, h, d or w, like 30s, 5m or 30d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _duration(value: object) -> object:
    return value if isinstance(value, timedelta) else parse_duration(str(value))


LEDGER = r"^(sqlite:///.+|postgresql(\+psycopg)?://.+)$"


def _is_ledger(value: str) -> str:
    if not re.match(LEDGER, value):
        raise ValueError(  # which does not quote it: it may hold a password
            "is no address of a ledger; write one like sqlite:///tercera.db or "
            "postgresql+psycopg://user:password@host/database"
        )
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration, json_schema_input_type=Annotated[str, Field(pattern=r"^[0-9]{1,6}[smhdw]$")]),
]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RuleSettings(_Shape):
    """One rule."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    title: Annotated[str, Field(min_length=1, max_length=200)]
    when: Annotated[dict[str, Matched], Field(min_length=1)]
    per: str = CUSTOMER
    within: Period = Period.MONTH
    levels: Annotated[dict[str, Annotated[int, Field(ge=1)]], Field(min_length=1)]
    notify: Notify = Field(default_factory=list)
    on: tuple[Told, ...] = (Reason.OPENED, Reason.ESCALATED, Reason.RETRACTED)
    grace: Duration = Field(timedelta(days=30), json_schema_extra={"default": "30d"})
    evidence: Annotated[int, Field(ge=1, le=1000)] = 50
    timezone: Zone | None = None

    @field_validator("levels")
    @classmethod
    def _levels_differ(cls, levels: dict[str, int]) -> dict[str, int]:
        if len(set(levels.values())) != len(levels):
            raise ValueError(f"two levels have the same threshold: {levels}")
        return levels

    def rule(self, zone: str) -> Rule:
        """The rule that the stages read; `zone` where it names none itself."""
        counting = Counting(
            when=matches(self.when),
            per=self.per,
            within=self.within,
            zone=self.timezone or zone,
            evidence=self.evidence,
        )
        levels = sorted(
            (Level(name, threshold) for name, threshold in self.levels.items()),
            key=lambda level: level.threshold,
        )
        return Rule(
            RuleId(self.id),
            self.title,
            counting,
            tuple(levels),
            listeners(self.notify),
            self.grace,
            self.on,
        )


def _share(value: object) -> object:
    if isinstance(value, str) and (found := re.fullmatch(r"(\d{1,3}(?:\.\d+)?) ?%", value)):
        return float(found[1]) / 100
    return value


class GuardSettings(_Shape):
    """The blast guard: when a cycle that would tell very many at once is held back."""

    max_notices: Annotated[int, Field(ge=1)] = 500
    max_share: Annotated[float, BeforeValidator(_share), Field(gt=0, le=1)] = 0.05
    min_notices: Annotated[int, Field(ge=0)] = 20
    expires: Duration = Field(timedelta(days=7), json_schema_extra={"default": "7d"})

    def guard(self) -> Guard:
        """What the cycle reads."""
        return Guard(self.max_notices, self.max_share, self.min_notices, self.expires)


class Schedule(_Shape):
    """When to sweep: `every` so long, or by a five-field `cron` line in the configuration's time zone."""

    every: Duration | None = None
    cron: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Schedule:
        if (self.every is None) == (self.cron is None):
            raise ValueError("give either every (like 1m) or cron (like '0 8 1 * *')")
        if self.every is not None and self.every < timedelta(seconds=1):
            raise ValueError("every must be at least 1s")
        if self.cron is not None:
            from apscheduler.triggers.cron import CronTrigger

            CronTrigger.from_crontab(self.cron)
        return self


class Skeleton(_Shape):
    """The file's top level. `source`, `channels` and `email` are read by the modules that they name."""

    timezone: Zone
    ledger: Annotated[str, AfterValidator(_is_ledger), Field(json_schema_extra={"pattern": LEDGER})] = (
        "sqlite:///tercera.db"
    )
    lease: Annotated[Duration, Field(ge=timedelta(seconds=1))] = Field(
        timedelta(seconds=60), json_schema_extra={"default": "60s"}
    )
    source: dict[str, Any]
    rules: Annotated[list[RuleSettings], Field(min_length=1)]
    channels: dict[str, dict[str, Any]] = Field(default_factory=dict)
    email: dict[str, Any] | None = None
    schedule: Schedule = Field(
        Schedule(every=timedelta(minutes=1)), json_schema_extra={"default": {"every": "1m"}}
    )
    operations: str | None = None
    guard: GuardSettings = GuardSettings()


@dataclass(frozen=True)
class Settings:
    """The whole configuration, read and checked. `base` is the folder that relative paths start from.

    `operations` names the channel that hears of customers who could not be told. `ledger` may hold a
    password: only `shown` of it is for people.
    """

    base: Path
    timezone: str
    ledger: str
    source: Any
    rules: tuple[Rule, ...]
    channels: dict[str, Any]
    schedule: Schedule
    operations: str | None
    guard: Guard = field(default_factory=Guard)
    lease: timedelta = timedelta(seconds=60)
