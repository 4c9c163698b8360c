"""What can be configured. Sources and channels bring settings of their own, found by their `kind`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from tercera.config.document import KeyPath
from tercera.config.listening import Matched, Notify, Told, listeners, matches
from tercera.config.watched import FreshnessSettings, HeartbeatSettings, RejectsSettings, Share
from tercera.config.web import WebSettings
from tercera.deliver.ping import PingUrls
from tercera.fields import Zone
from tercera.model import CUSTOMER, Counting, Level, Period, Reason, RuleId
from tercera.notation.durations import Duration, ShortDuration
from tercera.notation.logins import ENCODED
from tercera.rules import Rule
from tercera.telling.guard import Guard
from tercera.telling.retries import RetryPolicy
from tercera.telling.watch import Limits

LEDGER = r"^(sqlite:///.+|postgresql(\+psycopg)?://.+)$"


def _is_ledger(value: str) -> str:
    if not re.match(LEDGER, value):
        raise ValueError(  # which does not quote it: it may hold a password
            "is no address of a ledger; write one like sqlite:///tercera.db or "
            "postgresql+psycopg://user:password@host/database"
        )
    if value.startswith("postgresql") and value.partition("?")[0].count("@") > 1:
        raise ValueError(f"has more than one @; {ENCODED}")
    return value


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


LIVE_EVERY = "10m"
"""How often to sweep beside looking live, unless told otherwise."""


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
    statement: list[str] = Field(default_factory=list)
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
            tuple(self.statement),
        )


class GuardSettings(_Shape):
    """The blast guard: when a cycle that would tell very many at once is held back."""

    max_notices: Annotated[int, Field(ge=1)] = 500
    max_share: Share = 0.05
    min_notices: Annotated[int, Field(ge=0)] = 20
    expires: Duration = Field(timedelta(days=7), json_schema_extra={"default": "7d"})

    def guard(self) -> Guard:
        """What the cycle reads."""
        return Guard(self.max_notices, self.max_share, self.min_notices, self.expires)


_POLICY = RetryPolicy()


class DeliverySettings(_Shape):
    """How messages are tried again, and over how many connections they go out."""

    first_pause: Duration = Field(_POLICY.first_pause, json_schema_extra={"default": "30s"})
    longest_pause: Duration = Field(_POLICY.longest_pause, json_schema_extra={"default": "12h"})
    longest_probe_pause: Duration = Field(_POLICY.longest_probe_pause, json_schema_extra={"default": "15m"})
    attempts: Annotated[int, Field(ge=1, le=1000)] = _POLICY.attempts
    max_age: Duration = Field(_POLICY.max_age, json_schema_extra={"default": "3d"})
    connections: Annotated[int, Field(ge=1, le=64)] = 8

    @model_validator(mode="after")
    def _pauses_grow(self) -> DeliverySettings:
        if self.first_pause < timedelta(seconds=1):
            raise ValueError("first_pause must be at least 1s")
        if min(self.longest_pause, self.longest_probe_pause) < self.first_pause:
            raise ValueError("longest_pause and longest_probe_pause can't be shorter than first_pause")
        return self

    def policy(self) -> RetryPolicy:
        """What delivering goes by."""
        return RetryPolicy(
            self.first_pause, self.longest_pause, self.longest_probe_pause, self.attempts, self.max_age
        )


class Schedule(_Shape):
    """When to sweep: `every` so long, or by a five-field `cron` line in the configuration's time zone; `live`
    looks at what changes as it does, at once but for the `debounce`, and sweeps beside that."""

    every: Duration | None = None
    cron: str | None = None
    live: bool = False
    debounce: Annotated[ShortDuration, Field(le=timedelta(seconds=60))] = Field(
        timedelta(milliseconds=200), json_schema_extra={"default": "200ms"}
    )

    @model_validator(mode="before")
    @classmethod
    def _live_sweeps_too(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("live") is True and not {"every", "cron"} & value.keys():
            return {**value, "every": LIVE_EVERY}
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> Schedule:
        if (self.every is None) == (self.cron is None):
            raise ValueError("give either every (like 1m) or cron (like '0 8 1 * *')")
        if "debounce" in self.model_fields_set and not self.live:
            raise ValueError("debounce is of use with live: true alone")
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
    delivery: DeliverySettings = DeliverySettings()
    rejects: RejectsSettings = RejectsSettings()
    freshness: FreshnessSettings | None = None
    heartbeat: HeartbeatSettings | None = None
    web: WebSettings = WebSettings()

    def limits(self) -> Limits:
        """From where on operations hears of the data."""
        return Limits(
            self.timezone,
            self.rejects.max_share,
            self.rejects.min_rows,
            self.freshness.max_age if self.freshness else None,
            self.heartbeat.max_age if self.heartbeat else None,
        )

    def ping_urls(self) -> PingUrls | None:
        """Where a sign of life goes."""
        heart = self.heartbeat
        if heart is None or (heart.ping is None and heart.ping_failed is None):
            return None
        good, bad = (url.get_secret_value() if url else None for url in (heart.ping, heart.ping_failed))
        return PingUrls(good, bad, heart.allow_private)


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
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    watch: Limits | None = None
    ping: PingUrls | None = None
    lease: timedelta = timedelta(seconds=60)
    web: WebSettings = field(default_factory=WebSettings)
    file: Skeleton = field(kw_only=True, repr=False)
    """The top level as it was read: with what its sections hold in the clear, so it is for `shown` alone."""
    filled: Mapping[KeyPath, str] = field(default_factory=dict, kw_only=True)
    """Which values came from outside the file, as they are written in it."""
