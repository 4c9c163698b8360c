"""A real mail server over TCP: STARTTLS, TLS or neither, with or without a login, that does as it is told.

    with SmtpServer(folder) as server:
        server.answer("busy@example.com", "451 4.3.0 try later", times=1)
        ...
        assert [mail.recipient for mail in server.accepted] == [...]

As a process of its own, which keeps each mail on disk before it answers 250:

    python -m tests.servers.smtp --directory D --port-file F

The port file holds JSON, `{"host": …, "port": …, "ca_file": …}`, and so does the one line that it prints when
it is ready; `read_accepted(D)` reads what was kept.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, syntax

from tercera.demo.mailbox import HOST, listening
from tests.servers.certificates import Certificates, make_certificates

USERNAME = "tercera"
PASSWORD = "correct horse battery"


class Security(StrEnum):
    """How the server encrypts."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Act(StrEnum):
    """What a server may do instead of answering."""

    HANG = "hang"
    DROP = "drop"
    DROP_IN_DATA = "drop in data"
    KEEP_AND_DROP = "keep and drop"  # the mail is kept, and the connection ends before the 250


@dataclass(frozen=True)
class Accepted:
    """A mail that was answered with 250 (or kept, before the connection was dropped)."""

    sender: str
    recipient: str
    content: bytes
    connection: int = 0

    @cached_property
    def mail(self) -> EmailMessage:
        """The mail, parsed."""
        parsed = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


class SmtpServer:
    """Accepts every mail, but where it was told to answer otherwise.

    `connections`, `logins` and `commands` (by verb) count what clients did. With `keep`, each mail is
    written to that folder before it is answered. After `per_connection` mails a connection gets a 421.
    """

    def __init__(
        self,
        folder: Path,
        *,
        security: Security = Security.STARTTLS,
        login: bool = True,
        certificates: Certificates | None = None,
        keep: Path | None = None,
        per_connection: int | None = None,
        utf8: bool = True,
        pipelining: bool = True,
    ) -> None:
        self.security = security
        self.login = login
        self.keep = keep
        self.per_connection = per_connection
        self.utf8 = utf8
        self.pipelining = pipelining
        self.port = 0
        self.accepted: list[Accepted] = []
        self.connections = 0
        self.logins = 0
        self.commands: Counter[str] = Counter()
        self._answers: dict[tuple[str, str], list[str | Act]] = defaultdict(list)
        self._always: dict[tuple[str, str], str | Act] = {}
        self._open = ExitStack()
        self.certificates = certificates
        if certificates is None and security is not Security.NONE:
            self.certificates = make_certificates(folder)

    @property
    def ca_file(self) -> Path | None:
        """What a client has to trust."""
        return self.certificates.ca_file if self.certificates else None

    def answer(self, address: str, how: str | Act, *, at: str = "RCPT", times: int | None = None) -> None:
        """At `RCPT` or `DATA` for a recipient, or at `MAIL` for a sender: the next `times`, or always."""
        if times is None:
            self._always[at, address] = how
        else:
            self._answers[at, address] += [how] * times

    def drop_all(self) -> None:
        """Ends every connection without a word, as a restart does. Returns when it is done."""
        done = threading.Event()
        talks = list(self._talks)

        def drop() -> None:
            for talk in talks:
                talk.abort()
            done.set()

        if talks:
            talks[0].loop.call_soon_threadsafe(drop)
            done.wait()

    def __enter__(self) -> SmtpServer:
        self._talks: WeakSet[_Talk] = WeakSet()
        context = self.certificates.server_context() if self.certificates else None
        self._tls = context if self.security is Security.STARTTLS else None
        implicit = context if self.security is Security.TLS else None
        self.port = self._open.enter_context(listening(self._talk, implicit))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _talk(self) -> _Talk:
        self.connections += 1
        talk = _Talk(
            self,
            hostname="localhost",
            loop=asyncio.get_running_loop(),
            enable_SMTPUTF8=self.utf8,
            tls_context=self._tls,
            require_starttls=self._tls is not None,
            auth_require_tls=self._tls is not None,
            auth_exclude_mechanism=None if self.login else ("PLAIN", "LOGIN"),
            authenticator=self._authenticate,
        )
        talk.number = self.connections
        self._talks.add(talk)
        return talk

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        right = data.login == USERNAME.encode() and data.password == PASSWORD.encode()
        self.logins += right
        return AuthResult(success=right, handled=False, auth_data=data)

    async def handle_EHLO(
        self, talk: _Talk, session: Session, envelope: Envelope, name: str, offers: list[str]
    ) -> list[str]:
        """Called by aiosmtpd."""
        session.host_name = name
        return [offers[0], *(["250-PIPELINING"] if self.pipelining else []), *offers[1:]]

    async def handle_MAIL(
        self, talk: _Talk, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Called by aiosmtpd."""
        if self.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self.per_connection is not None and talk.taken >= self.per_connection:
            await talk.leave("421 4.7.0 Too many messages on this connection")
        if status := await self._told(talk, "MAIL", address):
            return status
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, talk: _Talk, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Called by aiosmtpd."""
        if status := await self._told(talk, "RCPT", address):
            return status
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def take(self, talk: _Talk, envelope: Envelope, content: bytes) -> str:
        """Keeps a mail, or answers as told."""
        recipient = envelope.rcpt_tos[0]
        how = self._next("DATA", recipient)
        if how is not None and how is not Act.KEEP_AND_DROP:
            return await self._do(talk, how)
        assert envelope.mail_from is not None
        accepted = Accepted(envelope.mail_from, recipient, content, talk.number)
        self.accepted.append(accepted)
        if self.keep is not None:
            _write(self.keep, len(self.accepted), accepted)
        if how is not None:
            await self._do(talk, Act.DROP)
        talk.taken += 1
        return f"250 2.0.0 OK kept as {len(self.accepted)}"

    def next_is(self, at: str, address: str, act: Act) -> bool:
        """Whether that is what comes next; if so it is used up."""
        told = self._answers[at, address] or [self._always.get((at, address), "")]
        return told[0] is act and self._next(at, address) is act

    async def _told(self, talk: _Talk, at: str, address: str) -> str | None:
        how = self._next(at, address)
        return None if how is None else await self._do(talk, how)

    async def _do(self, talk: _Talk, how: str | Act) -> str:
        if how is Act.HANG:
            await asyncio.Event().wait()
        if isinstance(how, Act):
            await talk.leave(None)
        if how.startswith("421"):
            await talk.leave(how)
        return how

    def _next(self, at: str, address: str) -> str | Act | None:
        answers = self._answers[at, address]
        return answers.pop(0) if answers else self._always.get((at, address))


class _Talk(SMTP):
    """One connection."""

    line_length_limit = 1 << 25  # the limit of the reader, so that a mail can be read at once
    number = 0
    taken = 0

    def abort(self) -> None:
        """Ends the connection at once, if it is still there."""
        if self.transport is not None:
            cast(asyncio.WriteTransport, self.transport).abort()

    async def leave(self, words: str | None) -> None:
        """Ends the connection, with some words or without."""
        assert self.transport is not None
        if words is not None:
            await self.push(words)
            self.transport.close()
        else:
            self.abort()
        raise asyncio.CancelledError

    async def _call_handler_hook(self, command: str, *args: Any) -> Any:
        self.event_handler.commands[command] += 1
        return await super()._call_handler_hook(command, *args)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        """Reads the mail in one piece: the library's line by line takes longer than everything else."""
        server, envelope = self.event_handler, self.envelope
        assert envelope is not None
        if not envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        if server.next_is("DATA", envelope.rcpt_tos[0], Act.DROP_IN_DATA):
            await self._reader.readuntil(b"\r\n")
            await self.leave(None)
        content = (await self._reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
        server.commands["DATA"] += 1
        status = await server.take(self, envelope, content)
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # the library's own
        await self.push(status)


def _write(folder: Path, number: int, accepted: Accepted) -> None:
    head = f"X-Envelope-From: {accepted.sender}\r\nX-Envelope-To: {accepted.recipient}\r\n"
    half = folder / f"{number:06d}.part"
    half.write_bytes(head.encode() + accepted.content)
    half.rename(half.with_suffix(".eml"))


def read_accepted(folder: Path) -> list[Accepted]:
    """The mails that a server kept in `folder`, in the order of arrival."""
    return [_read(path) for path in sorted(folder.glob("*.eml"))]


def _read(path: Path) -> Accepted:
    sender, recipient, content = path.read_bytes().split(b"\r\n", 2)
    return Accepted(sender.decode().partition(": ")[2], recipient.decode().partition(": ")[2], content)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.smtp")
    parser.add_argument("--directory", type=Path, required=True, help="where mails are kept")
    parser.add_argument("--port-file", type=Path, required=True, help="written when the server is ready")
    parser.add_argument("--security", type=Security, default=Security.STARTTLS, choices=list(Security))
    parser.add_argument("--no-login", action="store_true", help="takes mail from anybody")
    chosen = parser.parse_args(arguments)
    chosen.directory.mkdir(parents=True, exist_ok=True)
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with SmtpServer(
        chosen.directory, security=chosen.security, login=not chosen.no_login, keep=chosen.directory
    ) as server:
        ready = {
            "host": HOST,
            "port": server.port,
            "ca_file": str(server.ca_file) if server.ca_file else None,
        }
        half = chosen.port_file.with_suffix(".part")
        half.write_text(json.dumps(ready))
        half.rename(chosen.port_file)
        print(json.dumps(ready), flush=True)
        signal.sigwait(stop)


if __name__ == "__main__":
    main()
