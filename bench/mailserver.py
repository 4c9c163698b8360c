"""A program: a mail server on loopback that takes mail only after STARTTLS and a login, and counts it.

Prints its port and, when its input ends, how many mails it took. Its certificate has the kind of key that
Let's Encrypt gives by default (ECDSA P-256), the cheapest there is. A password is checked against a salted
hash, PBKDF2 with 5,000 rounds of SHA-512: some 3 ms of work, where bcrypt as Dovecot uses it takes 2 ms and
Debian's yescrypt 14 ms.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import json
import ssl
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session, syntax
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tercera.demo.mailbox import HOST, listening

USER, PASSWORD = "operations", "correct horse"
SALT, ROUNDS = b"a salt of its own", 5_000
AUTHORITY, KEY = "authority.pem", "key.pem"
SAMPLE = "sample.eml"
TIMES = "--times"
"""With this, a line of JSON follows at the end: when each mail was taken, and its head."""


class Post:
    """Takes every mail and keeps only the first, for the rival to send the like of it."""

    def __init__(self, sample: Path) -> None:
        self.mails = 0
        self.taken: list[tuple[float, str]] = []
        self._sample = sample

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, name: str, offers: list[str]
    ) -> list[str]:
        """Called by aiosmtpd for each greeting."""
        session.host_name = name
        return [offers[0], "250-PIPELINING", *offers[1:]]

    def take(self, content: bytes) -> str:
        """The answer to a mail."""
        if self.mails == 0:
            self._sample.write_bytes(content)
        self.mails += 1
        self.taken.append((time.time(), content[:4000].partition(b"\r\n\r\n")[0].decode("ascii", "replace")))
        return "250 2.0.0 taken"


class Conversation(SMTP):
    """One connection, handled as common mail servers do: answers that belong together leave together
    (RFC 2920), and a mail is read in pieces as large as they come. The library would go line by line."""

    line_length_limit = 1 << 25  # the limit of the reader, so that a mail can be read at once
    _held = b""

    async def push(self, status: str | bytes) -> None:
        """Holds an answer back while it goes on, or while the next command is there already."""
        answer = status.encode() if isinstance(status, str) else status
        self._held += answer + b"\r\n"
        if answer[3:4] != b"-" and not self._reader._buffer:  # type: ignore[attr-defined]  # asyncio's
            self._writer.write(self._held)
            self._held = b""
            await self._writer.drain()

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        """Called by aiosmtpd."""
        if await self.check_auth_needed("DATA"):
            return
        assert self.envelope is not None
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 whom is it for?")
            return
        await self.push("354 go ahead")
        content = await self._reader.readuntil(b"\r\n.\r\n")
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # the library's own
        await self.push(self.event_handler.take(content[:-3].replace(b"\r\n..", b"\r\n.")))


def serve(folder: Path, *, times: bool = False) -> None:
    """Serves until the input ends."""
    _make_certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / AUTHORITY, folder / KEY)
    post = Post(folder / SAMPLE)
    known = _hashed(PASSWORD.encode())

    def conversation() -> Conversation:
        return Conversation(
            post,
            hostname="localhost",
            enable_SMTPUTF8=True,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=lambda _server, _session, _envelope, _mechanism, login: AuthResult(
                success=login.login == USER.encode() and _hashed(login.password) == known
            ),
            loop=asyncio.get_running_loop(),
        )

    with listening(conversation) as port:
        print(port, flush=True)
        sys.stdin.read()
    print(post.mails, flush=True)
    if times:
        print(json.dumps(post.taken), flush=True)


def _hashed(password: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password, SALT, ROUNDS)


def _make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "benchmark")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / AUTHORITY).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / KEY).write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


if __name__ == "__main__":
    serve(Path(sys.argv[1]), times=TIMES in sys.argv[2:])
