"""Channels: how a message reaches somebody. One file per kind, found by its name.

A module here whose name has no leading underscore is a kind: it has `Settings` (a Pydantic model with `kind:
Literal["<file name>"]`) and `open_channel(settings) -> Channel`. Nothing is imported until it is asked for.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Protocol, cast

from pydantic import BaseModel

from tercera.errors import ConfigError
from tercera.messages import Channel


class ChannelKind(Protocol):
    """What the module of a kind offers."""

    Settings: type[BaseModel]

    def open_channel(self, settings: BaseModel) -> Channel:
        """The channel that these settings, an instance of its own `Settings`, describe."""
        ...


def kinds() -> tuple[str, ...]:
    """The names of all kinds, sorted. Imports none of them."""
    return tuple(
        sorted(each.name for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_"))
    )


def load(kind: str) -> ChannelKind:
    """The module of a kind. ConfigError: there is none of this name."""
    if kind not in kinds():
        raise ConfigError(f"{kind!r} is no kind of channel; there are: {', '.join(kinds())}")
    return cast(ChannelKind, import_module(f"{__name__}.{kind}"))
