"""The `log` channel: one line of JSON per message, appended to a file or written to a standard stream.

A file is opened for every line, so that a rotated log goes on in the new file, and is on disk before the
message counts as sent. Lines of several threads and processes do not mix.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from tercera.channels._event import event_text
from tercera.channels._settings import ChannelSettings
from tercera.errors import DeliveryError
from tercera.messages import Message
from tercera.notation.paths import ConfiguredPath

__all__ = ["Settings", "open_channel"]

_STREAMS = {"stdout": 1, "stderr": 2}
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY
_STREAM_LOCK = threading.Lock()


class Settings(ChannelSettings):
    """A line of JSON in a file, or on stdout or stderr."""

    kind: Literal["log"] = "log"
    to: Literal["stdout", "stderr"] | ConfiguredPath = Field(
        description="`stdout`, `stderr`, or a file in a folder that is there"
    )

    @property
    def recipients(self) -> tuple[str, ...]:
        """The file's name, or the stream."""
        return (Path(self.to).name,)


def open_channel(settings: Settings) -> LogChannel:
    """The channel of these settings. Opens nothing."""
    return LogChannel(settings)


@dataclass(frozen=True, slots=True)
class LogChannel:
    """Appends lines."""

    settings: Settings

    @contextmanager
    def session(self) -> Iterator[LogChannel]:
        """Itself: nothing is kept open."""
        yield self

    def send(self, message: Message) -> str:
        """Writes a message's line; gives where it went. DeliveryError, never permanent: it could not."""
        line = event_text(message, self.settings.language).encode("ascii") + b"\n"
        place = str(self.settings.to)
        try:
            if place in _STREAMS:
                with _STREAM_LOCK:
                    _write(_STREAMS[place], line)
            else:
                _append(Path(place), line)
        except OSError as error:
            raise self._failed(error) from error
        return f"wrote {len(line)} bytes to {place}"

    def check(self) -> str:
        """Opens the file, which makes it, and writes nothing."""
        place = str(self.settings.to)
        if place not in _STREAMS:
            try:
                os.close(_opened(Path(place)))
            except OSError as error:
                raise self._failed(error) from error
        return f"{place} can be written"

    def _failed(self, error: OSError) -> DeliveryError:
        why = error.strerror or str(error)
        return DeliveryError(
            f"{self.settings.to} can't be written: {why}; check the path, its rights and the disk",
            permanent=False,
        )


def _append(path: Path, line: bytes) -> None:
    """1. wait for other writers; 2. end what a full disk cut off; 3. write; 4. wait for the disk."""
    file = _opened(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = os.fstat(file).st_size
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        _write(file, b"\n" + line if torn else line)
        os.fsync(file)
    finally:
        os.close(file)


def _opened(path: Path) -> int:
    """A file to append to, which only its owner may write and its group read. OSError: it is none; a pipe or
    a device could not say whether a line is safe."""
    file = os.open(path, _APPEND, 0o640)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "it is no ordinary file")
    return file


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
