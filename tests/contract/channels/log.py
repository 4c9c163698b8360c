"""The log channel on a real file, and a disk that is full for a moment."""

from __future__ import annotations

import json
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tercera.channels.log import Settings, open_channel
from tercera.messages import Channel
from tests.contract.channels import Answer, Received

ANSWERS = (Answer.BUSY,)
"""A file has no opinion of a message, and always answers."""


@dataclass
class LogHarness:
    """See `Harness`."""

    path: Path
    settings: Settings
    channel: Channel
    unreachable: Channel
    recipients: tuple[str, str]
    secret: None = None
    keeps_connection: bool = True
    check_connects: bool = True

    def prescribe(self, recipient: str, answer: Answer) -> None:
        """The next line finds room for ten bytes; asking for more gives a signal, which then makes room."""
        assert answer is Answer.BUSY
        size = self.path.stat().st_size if self.path.exists() else 0
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.getsignal(signal.SIGXFSZ)

        def make_room(*_: object) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
            signal.signal(signal.SIGXFSZ, before)

        signal.signal(signal.SIGXFSZ, make_room)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, most))

    def received(self) -> list[Received]:
        """Every line that is whole."""
        if not self.path.exists():
            return []
        lines = self.path.read_text("ascii").splitlines(keepends=True)
        return [_read(line) for line in lines if line.endswith("}\n")]

    def connections(self) -> int:
        """Whether the file was opened at all."""
        return int(self.path.exists())


@contextmanager
def running(folder: Path) -> Iterator[LogHarness]:
    """See `HarnessModule`."""
    path = folder / "alerts.jsonl"
    settings = Settings(to=path, language="es")
    lost = Settings(to=folder / "no such folder" / "alerts.jsonl")
    (name,) = settings.recipients
    yield LogHarness(path, settings, open_channel(settings), open_channel(lost), (name, name))


def _read(line: str) -> Received:
    event = json.loads(line)
    return Received(event["recipient"], event["id"], line)
