"""A mail server for one machine that keeps every mail as a file: where the demo's mails arrive.

with Mailbox(Path("demo/mail")) as mailbox:
    ...  # host 127.0.0.1, port mailbox.port, no encryption, no login
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
import threading
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path
from types import TracebackType
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
_NUMBERED = re.compile(r"(\d+)-.*\.eml")
_UNSAFE = re.compile(r"[^a-z0-9]+")


class Mailbox:
    """Keeps each mail as `NNNN-<recipient>-<subject>.eml` under `folder`, numbered in the order of arrival.

    A folder that holds mails already is continued.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        """Where it listens, once entered."""
        self._kept = 0
        self._listening = listening(self._conversation)

    def __enter__(self) -> Mailbox:
        self.folder.mkdir(parents=True, exist_ok=True)
        numbers = (_NUMBERED.fullmatch(each.name) for each in self.folder.iterdir())
        self._kept = max((int(found[1]) for found in numbers if found), default=0)
        self.port = self._listening.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.__exit__(kind, error, trace)

    def mails(self) -> list[Path]:
        """The files, oldest first."""
        return sorted(self.folder.glob("*.eml"), key=lambda path: int(path.name.partition("-")[0]))

    def _conversation(self) -> SMTP:
        return SMTP(self, hostname="localhost", enable_SMTPUTF8=True, loop=asyncio.get_running_loop())

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd for each mail."""
        content = envelope.original_content or b""
        self._kept += 1
        path = self.folder / file_name(self._kept, envelope.rcpt_tos[0], content)
        half = path.with_suffix(".part")  # whoever watches the folder never sees half a mail
        half.write_bytes(content)
        half.rename(path)
        return f"250 kept as {path.name}"


def file_name(number: int, recipient: str, content: bytes) -> str:
    """A name that every file system takes, whatever the mail's headers hold."""
    subject = BytesHeaderParser(policy=policy.default).parsebytes(content).get("Subject", "")
    words = [_slug(recipient.replace("@", " at "), 40), _slug(str(subject), 60)]
    return "-".join([f"{number:04d}", *filter(None, words)]) + ".eml"


def _slug(text: str, limit: int) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _UNSAFE.sub("-", plain)[:limit].strip("-")


@contextmanager
def listening(
    conversation: Callable[[], asyncio.BaseProtocol], context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """Serves `conversation` on a free port of this machine, in a thread of its own; gives the port."""
    # aiosmtpd tells of every connection that a client drops; nobody here needs to read it.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    started: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(
        target=lambda: asyncio.run(_serve(conversation, context, started)), name="mail", daemon=True
    )
    thread.start()
    port, loop, done = started.result()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()


async def _serve(
    conversation: Callable[[], asyncio.BaseProtocol],
    context: ssl.SSLContext | None,
    started: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]],
) -> None:
    talks: WeakSet[asyncio.BaseProtocol] = WeakSet()  # a connection keeps its own alive

    def speak() -> asyncio.BaseProtocol:
        talk = conversation()
        talks.add(talk)
        return talk

    loop, done = asyncio.get_running_loop(), asyncio.Event()
    try:
        server = await loop.create_server(speak, HOST, 0, ssl=context)
    except OSError as error:
        started.set_exception(error)
        return
    started.set_result((server.sockets[0].getsockname()[1], loop, done))
    await done.wait()
    server.close()
    for each in list(talks):
        transport = getattr(each, "transport", None)
        if transport is not None:
            transport.abort()
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(server.wait_closed(), 1)
