"""A mail server in a process of its own that writes down what it does, before it answers.

    python -m tests.e2e.recorder LOG

It first prints its port. LOG gets a line of JSON for each connection that opens or closes and for each mail
that is accepted; that line is there before the client reads the 250. Each mail takes a few milliseconds, some
of them after it is written down: a client that is killed then does not know that its mail was accepted.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import TextIO

from aiosmtpd.smtp import SMTP, syntax

from tercera.mailbox import listening

_TAKES = 0.002
"""Seconds at most, before and again after a mail is written down."""


@dataclass(frozen=True)
class Arrival:
    """An accepted mail, and the connection that it came over."""

    connection: int
    message_id: str
    recipient: str
    subject: str


class Log:
    """Reads what a recorder has written since it was last asked."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._rest = ""
        self.opened = 0
        self.closed = 0

    def arrivals(self) -> Iterator[Arrival]:
        """The mails that are new in it; connections are counted on the way."""
        while line := self._file.readline():
            self._rest += line
            if not self._rest.endswith("\n"):
                return
            entry, self._rest = json.loads(self._rest), ""
            match entry.pop("event"):
                case "opened":
                    self.opened += 1
                case "closed":
                    self.closed += 1
                case "accepted":
                    yield Arrival(**entry)


class _Recorder:
    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._parser = BytesHeaderParser(policy=policy.default)
        self.opened = 0

    def write(self, event: str, connection: int, **more: str) -> None:
        self._file.write(json.dumps({"event": event, "connection": connection, **more}) + "\n")
        self._file.flush()

    def accept(self, connection: int, recipient: str, content: bytes) -> None:
        head = self._parser.parsebytes(content)
        self.write(
            "accepted",
            connection,
            message_id=str(head["Message-ID"]),
            recipient=recipient,
            subject=str(head["Subject"]),
        )


class _Talk(SMTP):
    """One connection."""

    line_length_limit = 1 << 25
    number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.event_handler.opened += 1
        self.number = self.event_handler.opened
        self.event_handler.write("opened", self.number)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.event_handler.write("closed", self.number)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        """Reads the mail in one piece, as the library would line by line."""
        envelope = self.envelope
        assert envelope is not None
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._reader.readuntil(b"\r\n.\r\n")
        await asyncio.sleep(random.uniform(0, _TAKES))
        self.event_handler.accept(self.number, envelope.rcpt_tos[0], content)
        await asyncio.sleep(random.uniform(0, _TAKES))
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push("250 2.0.0 OK")


def main() -> None:
    """Serves until stdin ends."""
    recorder = _Recorder(Path(sys.argv[1]))

    def talk() -> _Talk:
        return _Talk(recorder, hostname="localhost", loop=asyncio.get_running_loop())

    with listening(talk) as port:
        print(port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
