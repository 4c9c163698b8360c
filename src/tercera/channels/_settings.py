"""What the settings of every kind of channel have in common."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tercera.fields import Zone
from tercera.rendering.words import languages
from tercera.telling.gathering import Daily
from tercera.telling.rates import PATTERN, parse_rate
from tercera.telling.timing import Hours, Quiet, Timing


def _spoken(tag: str) -> str:
    if tag.replace("-", "_").partition("_")[0].lower() not in languages():
        raise ValueError(f"there are no phrases for {tag!r}; choose one of {', '.join(languages())}")
    return tag


Language = Annotated[str, AfterValidator(_spoken)]


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS = {name: number for number, name in enumerate(get_args(Day))}
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


def _clock(value: object) -> object:
    """YAML reads an unquoted 20:30 as a number, twenty times sixty and thirty."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return f"{value // 60:02}:{value % 60:02}"
    if isinstance(value, str) and re.fullmatch(_CLOCK, value):
        return value
    raise ValueError(f'{value!r} is no time of day; write it with its quotes, like "20:00"')


Clock = Annotated[str, BeforeValidator(_clock, json_schema_input_type=Annotated[str, Field(pattern=_CLOCK)])]
RateText = Annotated[str, Field(pattern=PATTERN), AfterValidator(lambda text: parse_rate(text) and text)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class QuietSettings(_Shape):
    """Hours of the recipient's wall clock in which nothing is sent, over midnight too."""

    start: Clock = Field(alias="from", description='time of day, like `"20:00"`')
    until: Clock = Field(description='time of day, like `"08:00"`; then everything that waited goes out')

    @model_validator(mode="after")
    def _leaves_time(self) -> QuietSettings:
        if self.start == self.until:
            raise ValueError("from and until are the same: that would be quiet for ever")
        return self

    @property
    def hours(self) -> Quiet:
        """As the gate reads them."""
        return Quiet(time.fromisoformat(self.start), time.fromisoformat(self.until))


class RateSettings(_Shape):
    """At most so many messages in so long; what is more waits for its turn."""

    per_channel: RateText | None = Field(None, description="of the whole channel, like `100/1m`")
    per_recipient: RateText | None = Field(None, description="to one recipient, like `5/1d`")


class DailySettings(_Shape):
    """A digest once a day."""

    at: Clock = Field(description='time of day, like `"08:00"`, in the channel\'s time zone')


class ChannelSettings(BaseModel):
    """A channel. Each kind adds `kind: Literal["<file name>"]` and what it needs."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    language: Language = Field(
        "en", description="`en` or `es` (or with a region: `es-CO`); a customer's own comes first"
    )
    digest: bool | DailySettings = Field(
        False,
        description="true makes one message of all that a cycle has to tell, "
        '`{at: "08:00"}` one of all until then, each day',
    )
    quiet: QuietSettings | None = Field(
        None, description='hours in which nothing is sent, like `{from: "20:00", until: "08:00"}`'
    )
    days: Annotated[tuple[Day, ...], Field(min_length=1)] = Field(
        get_args(Day), description="on which something is sent"
    )
    timezone: Zone | None = Field(
        None, description="of recipients who have none in the directory; the top level's when empty"
    )
    urgent: tuple[str, ...] = Field((), description="levels that are told at any hour, like `[critical]`")
    rate: RateSettings = Field(RateSettings(), description="how many messages may go out in how long")

    def daily(self, zone: str) -> Daily | None:
        """When a digest of more than one cycle is sent; `zone` where the channel names none itself."""
        if isinstance(self.digest, bool):
            return None
        return Daily(time.fromisoformat(self.digest.at), self.timezone or zone)

    def timing(self, zone: str) -> Timing:
        """When the channel may speak, and how often; `zone` where it names none itself."""
        return Timing(
            self.timezone or zone,
            Hours(self.quiet.hours if self.quiet else None, frozenset(_DAYS[day] for day in self.days)),
            frozenset(self.urgent),
            parse_rate(self.rate.per_channel) if self.rate.per_channel else None,
            parse_rate(self.rate.per_recipient) if self.rate.per_recipient else None,
        )

    @property
    def recipients(self) -> tuple[str, ...] | None:
        """Whom the channel speaks to: names that stay the same and are no secret. None: the customer."""
        raise NotImplementedError
