"""The settings of the data watch, and shares such as `5%`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from tercera.notation.durations import Duration


def _share(value: object) -> object:
    if isinstance(value, str) and (found := re.fullmatch(r"(\d{1,3}(?:\.\d+)?) ?%", value)):
        return float(found[1]) / 100
    return value


Share = Annotated[float, BeforeValidator(_share), Field(gt=0, le=1)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RejectsSettings(_Shape):
    """When rows that can't be judged are operations' business: as a share of what a rule's sweep read."""

    max_share: Share = 0.05
    min_rows: Annotated[int, Field(ge=1)] = 20


class FreshnessSettings(_Shape):
    """When a source that shows no new orders is operations' business."""

    max_age: Annotated[Duration, Field(gt=timedelta(0), le=timedelta(days=366))]


def _ping_url(url: SecretStr) -> SecretStr:
    from tercera.channels._endpoint import parse_url

    parse_url(url.get_secret_value())
    return url


PingUrl = Annotated[SecretStr, AfterValidator(_ping_url)]


class HeartbeatSettings(_Shape):
    """When a Tercera that can't sweep is operations' business, and a sign of life for a service that notices
    when it stays away."""

    max_age: Annotated[Duration, Field(gt=timedelta(0))] | None = None
    ping: PingUrl | None = None
    ping_failed: PingUrl | None = None
    allow_private: bool = False

    @model_validator(mode="after")
    def _does_something(self) -> HeartbeatSettings:
        if self.max_age is None and self.ping is None and self.ping_failed is None:
            raise ValueError("give max_age (like 15m), ping (a URL), or both")
        for url in (self.ping, self.ping_failed):
            if url is not None and not self.allow_private and url.get_secret_value().startswith("http:"):
                raise ValueError("the ping's url must begin with https:// (or set allow_private: true)")
        return self
