"""Durations as people write them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(text: str) -> timedelta:
    """`30s`, `5m`, `12h`, `30d`, `2w`. ValueError for anything else."""
    found = re.fullmatch(r"(\d{1,6})([smhdw])", text)
    if not found:
        raise ValueError(f"{text!r} is no duration; write a number and s, m, h, d or w, like 30s, 5m or 30d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def parse_short(text: str) -> timedelta:
    """The same, and `200ms`."""
    found = re.fullmatch(r"(\d{1,6})ms", text)
    return timedelta(milliseconds=int(found[1])) if found else parse_duration(text)


def _short(value: object) -> object:
    return value if isinstance(value, timedelta) else parse_short(str(value))


def _duration(value: object) -> object:
    return value if isinstance(value, timedelta) else parse_duration(str(value))


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration, json_schema_input_type=Annotated[str, Field(pattern=r"^[0-9]{1,6}[smhdw]$")]),
]
ShortDuration = Annotated[
    timedelta,
    BeforeValidator(
        _short, json_schema_input_type=Annotated[str, Field(pattern=r"^[0-9]{1,6}(ms|[smhdw])$")]
    ),
]
