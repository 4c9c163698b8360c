"""The open ways to every channel: kept from batch to batch, closed together at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Self

from tercera.errors import ConfigError, DeliveryError
from tercera.messages import Channel, Message, Session


class Sessions:
    """The sessions of each channel, opened when first needed, and again after they were closed."""

    def __init__(self, channels: Mapping[str, Channel], connections: int) -> None:
        self._channels = channels
        self._connections = connections
        self._open: dict[str, list[Session]] = defaultdict(list)
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """All of them."""
        self._open.clear()
        self._closing.close()

    def of(self, name: str, messages: int) -> list[Session]:
        """A channel's sessions for so many messages: few, and none that would have nothing to do."""
        count = max(1, min(self._connections, messages))
        # What could not be opened may have been put right since.
        sessions = self._open[name] = [each for each in self._open[name] if not isinstance(each, _Closed)]
        while len(sessions) < count:
            sessions.append(self._opened(name))
        return sessions[:count]

    def _opened(self, name: str) -> Session:
        channel = self._channels.get(name)
        if channel is None:
            return _Closed(f"channel {name!r} is not in the configuration any more")
        try:
            return self._closing.enter_context(channel.session())
        except ConfigError as error:
            return _Closed(str(error))


class _Closed:
    """Stands for a channel that can't be used: its messages wait until it can."""

    def __init__(self, why: str) -> None:
        self._why = why

    def send(self, message: Message) -> str:
        """Always fails, for now."""
        raise DeliveryError(self._why, permanent=False)
