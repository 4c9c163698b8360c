"""A mail server and a web server in one process that write down what they do, before they answer.

    python -m tests.fault.witness LOG INSTANCES

It first prints a line of JSON: for each instance the port for mail, and the one that all have for the web
(they name themselves in the path: `/0`). LOG gets a line of JSON for each
connection that opens or closes and for each message that is accepted; that line is there before the client
reads the 250 (or 200). Each message takes a few milliseconds, some of them after it is written down: a client
that is killed then does not know that its message was accepted.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, TextIO

from aiosmtpd.smtp import SMTP, syntax

from tercera.demo.mailbox import HOST

_TAKES = 0.002
"""Seconds at most, before and again after a message is written down."""

MARK = "TOLD "
"""Begins the lines of a mail that the tests' templates write for machines."""


@dataclass(frozen=True)
class Arrival:
    """An accepted message: by which way, over which connection of which instance, under which id, what it
    said (a line for each notice), and a digest of all of it."""

    way: str
    instance: int
    connection: int
    key: str
    recipient: str
    lines: tuple[str, ...]
    content: str
    at: float
    """By the machine's clock that goes on evenly, which all of its processes share."""


class Log:
    """Reads what a witness has written since it was last asked."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._rest = ""
        self.opened = 0
        self.closed = 0

    def arrivals(self) -> Iterator[Arrival]:
        """The messages that are new in it; connections are counted on the way."""
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
                    entry["lines"] = tuple(entry["lines"])
                    yield Arrival(**entry)


class _Witness:
    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._opened = 0

    def open(self) -> int:
        self._opened += 1
        self.write("opened", self._opened)
        return self._opened

    def write(self, event: str, connection: int, **more: Any) -> None:
        self._file.write(json.dumps({"event": event, "connection": connection, **more}) + "\n")
        self._file.flush()

    async def accept(self, way: str, connection: int, instance: int, **what: Any) -> None:
        await asyncio.sleep(random.uniform(0, _TAKES))
        what |= {"way": way, "instance": instance, "at": time.monotonic()}
        self.write("accepted", connection, **what)
        await asyncio.sleep(random.uniform(0, _TAKES))


class _Mail(SMTP):
    """One connection of a mail client."""

    line_length_limit = 1 << 25
    number = 0
    instance = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.number = self.event_handler.open()
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
        mail = message_from_bytes(content, policy=policy.default)
        plain = mail.get_body(("plain",))
        assert plain is not None
        await self.event_handler.accept(
            "mail",
            self.number,
            self.instance,
            key=str(mail["Message-ID"]),
            recipient=envelope.rcpt_tos[0],
            lines=[
                line.removeprefix(MARK) for line in plain.get_content().splitlines() if line.startswith(MARK)
            ],
            content=hashlib.sha256(content).hexdigest(),
        )
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # the library's own
        await self.push("250 2.0.0 OK")


async def _web(witness: _Witness, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection of a web client."""
    connection = witness.open()
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
            body = await reader.readexactly(int(headers["content-length"]))
            event = json.loads(body)
            await witness.accept(
                "web",
                connection,
                int(head[0].split()[1].strip("/")),
                key=headers["webhook-id"],
                recipient=event["recipient"],
                lines=[_line(told) for told in event["data"].get("notices", [event["data"]])],
                content=hashlib.sha256(body).hexdigest(),
            )
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        witness.write("closed", connection)
        writer.close()


def _line(told: dict[str, Any]) -> str:
    """As the mails' templates write it."""
    change = told["type"].partition(".")[2]
    return "|".join(
        str(part)
        for part in (
            told["rule"], told["subject"], told["window"], change, told["level"] or "", told["matched"],
            told["alert"], told["step"],
        )
    )  # fmt: skip


async def _serve(path: Path, instances: int) -> None:
    loop, witness = asyncio.get_running_loop(), _Witness(path)

    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _web(witness, reader, writer)

    servers = [await asyncio.start_server(web, HOST, 0)]
    for instance in range(instances):

        def talk(instance: int = instance) -> _Mail:
            mail = _Mail(witness, hostname="localhost", loop=loop)
            mail.instance = instance
            return mail

        servers.append(await loop.create_server(talk, HOST, 0))
    web_port, *mail_ports = (server.sockets[0].getsockname()[1] for server in servers)
    ports = [[mail, web_port] for mail in mail_ports]
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
