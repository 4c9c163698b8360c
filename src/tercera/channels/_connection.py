"""A connection to a mail server that is kept over many mails, and what each of the server's answers means.

Who is at fault decides whether a mail is given up. A recipient or a mail that is refused for good (5xx) is
permanent. What is about ourselves (connection, login, sender, a server that won't relay for us) is not: it
will be put right, and then the mail is sent.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import suppress
from enum import StrEnum

from tercera.channels._mime import Envelope
from tercera.channels._server import Smtp, connect, server_words
from tercera.errors import DeliveryError, Fault
from tercera.failpoints import Failpoint, reached

_GO_AHEAD = 354
_GOODBYE = 421
_FULL = 552
_LOGIN = (530, 534, 535, 538)
_RELAY = re.compile(r"\brelay", re.IGNORECASE)
_MAILBOX_FULL = re.compile(r"\b5\.2\.2\b")


class _Stage(StrEnum):
    SENDER = "sender"
    RECIPIENT = "recipient"
    MESSAGE = "message"


class _LostError(Exception):
    """The connection is gone. Its text says how; `begun`: while the mail itself was being handed over,
    `late`: after waiting in vain, `code`: the answer that it went with."""

    def __init__(self, words: str, *, begun: bool, late: bool = False, code: int | None = None) -> None:
        super().__init__(words)
        self.begun = begun
        self.late = late
        self.code = code


class Connection:
    """Opened by the first mail, opened anew when the server has ended it. Used by one thread.

    `opened` counts the connections made so far.
    """

    def __init__(self, settings: Smtp, context: ssl.SSLContext | None) -> None:
        self.opened = 0
        self._settings = settings
        self._context = context
        self._server: smtplib.SMTP | None = None
        self._handed = 0

    def send(self, envelope: Envelope) -> str:
        """Hands a mail over; gives the server's words. DeliveryError says why not, and whether for good.

        A server may have ended the connection since the last mail. Nothing of this one was taken then, so it
        is tried once more on a new connection.
        """
        if self._handed >= self._settings.messages_per_connection:
            self.close()
        reused = self._server is not None
        try:
            return self._hand_over(envelope)
        except _LostError as lost:
            self._drop()
            if not reused or lost.begun or lost.late:
                raise self._explained(lost) from lost
        try:
            return self._hand_over(envelope)
        except _LostError as lost:
            self._drop()
            raise self._explained(lost) from lost

    def check(self) -> str:
        """Connects and logs in; gives a line that says how."""
        server = self._connected()
        tls = server.sock.version() if isinstance(server.sock, ssl.SSLSocket) else "not encrypted"
        login = f"logged in as {self._settings.username}" if self._settings.username else "without a login"
        return f"{self._settings.place} takes mail ({tls}, {login})"

    def close(self) -> None:
        """Says goodbye, if there is anybody to hear it."""
        if self._server is not None:
            with suppress(smtplib.SMTPException, OSError):  # it may have gone already
                self._server.quit()
        self._drop()

    def _connected(self) -> smtplib.SMTP:
        if self._server is None:
            self._server = connect(self._settings, self._context)
            reached(Failpoint.AFTER_CONNECT)
            self.opened += 1
            self._handed = 0
        return self._server

    def _drop(self) -> None:
        server, self._server, self._handed = self._server, None, 0
        if server is not None:
            server.close()

    def _hand_over(self, envelope: Envelope) -> str:
        """MAIL, RCPT, DATA, the mail: the fewest commands that there are, in two turns where the server lets
        us (RFC 2920), else in four."""
        server = self._connected()
        commands = self._commands(server, envelope)
        if server.has_extn("pipelining"):
            self._ask(server, commands)
        else:
            for command in commands:
                self._ask(server, [command])
        self._write(server, envelope.content.replace(b"\r\n.", b"\r\n..") + b".\r\n", begun=True)
        code, words = self._reply(server, begun=True)
        if not 200 <= code < 300:
            raise self._refused(_Stage.MESSAGE, code, words)
        self._handed += 1
        return words

    def _commands(self, server: smtplib.SMTP, envelope: Envelope) -> list[tuple[_Stage, bytes]]:
        recipient = envelope.recipient
        if not recipient.is_ascii and not server.has_extn("smtputf8"):
            raise DeliveryError(
                f"mail server {self._settings.place} can't take {recipient.mailbox}: it does not offer "
                "SMTPUTF8, which addresses beyond ASCII need",
                permanent=True,
            )
        options = "" if recipient.is_ascii else " SMTPUTF8"
        return [
            (_Stage.SENDER, f"MAIL FROM:<{envelope.sender.mailbox}>{options}\r\n".encode()),
            (_Stage.RECIPIENT, f"RCPT TO:<{recipient.mailbox}>\r\n".encode()),
            (_Stage.MESSAGE, b"DATA\r\n"),
        ]

    def _ask(self, server: smtplib.SMTP, commands: list[tuple[_Stage, bytes]]) -> None:
        """Sends commands together and reads their answers. DeliveryError: the first that was refused."""
        self._write(server, b"".join(command for _, command in commands))
        answers = [(stage, *self._reply(server)) for stage, _ in commands]
        for stage, code, words in answers:
            if not (200 <= code < 300 or (stage is _Stage.MESSAGE and code == _GO_AHEAD)):
                if answers[-1][1] == _GO_AHEAD:  # it waits for a mail that has nobody to go to
                    self._write(server, b".\r\n")
                    self._reply(server)
                self._reset(server)
                raise self._refused(stage, code, words)

    def _write(self, server: smtplib.SMTP, data: bytes, *, begun: bool = False) -> None:
        try:
            server.send(data)
        except (smtplib.SMTPException, OSError) as error:
            raise self._lost(error, begun) from error

    def _reply(self, server: smtplib.SMTP, *, begun: bool = False) -> tuple[int, str]:
        """An answer's code, and its words with the code before them."""
        try:
            code, said = server.getreply()
        except (smtplib.SMTPException, OSError) as error:
            raise self._lost(error, begun) from error
        words = f"{code} {server_words(said, self._settings)}"
        if code == _GOODBYE:
            raise _LostError(f"ended the connection: {words}", begun=begun, code=code)
        return code, words

    def _lost(self, error: Exception, begun: bool) -> _LostError:
        late = isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
        how = f"did not answer within {self._settings.timeout:g} s" if late else "ended the connection"
        if begun:
            how += "; should it have taken the mail, the next try repeats it with the same Message-ID"
        return _LostError(how, begun=begun, late=late)

    def _reset(self, server: smtplib.SMTP) -> None:
        """After a refusal: the next mail begins on a clean slate."""
        try:
            clean = server.rset()[0] == 250
        except (smtplib.SMTPException, OSError):
            clean = False
        if not clean:
            self._drop()

    def _refused(self, stage: _Stage, code: int, words: str) -> DeliveryError:
        about = f"the sender {self._settings.address.mailbox}" if stage is _Stage.SENDER else f"the {stage}"
        refused = f"mail server {self._settings.place} refused {about}: {words}"
        if _is_ours(stage, code, words):
            return DeliveryError(f"{refused}; check sender, username and password", permanent=False)
        permanent = code >= 500 and not _may_pass(stage, code, words)
        return DeliveryError(refused, permanent=permanent, code=code)

    def _explained(self, lost: _LostError) -> DeliveryError:
        # Before the mail itself it may be the recipient that the server can't bear: the next one tells.
        fault = Fault.LOST if lost.begun else Fault.UNSURE
        place = self._settings.place
        return DeliveryError(f"mail server {place} {lost}", permanent=False, code=lost.code, fault=fault)


def _is_ours(stage: _Stage, code: int, words: str) -> bool:
    """A refusal of us, not of the recipient: a login is wanted, the sender is not ours, no relaying for us.

    Such an error carries no code, like those of `connect`: no mail will go out until it is put right.
    """
    if code in _LOGIN:
        return True
    if stage is _Stage.SENDER:
        return code >= 500 and code != _FULL  # too large a mail is the mail's fault
    return code >= 500 and stage is _Stage.RECIPIENT and _RELAY.search(words) is not None


def _may_pass(stage: _Stage, code: int, words: str) -> bool:
    """552 means a full mailbox, which its owner will empty, or (RFC 5321, 4.5.3.1.10) an old server's 452."""
    if code != _FULL:
        return False
    return stage is _Stage.RECIPIENT or _MAILBOX_FULL.search(words) is not None
