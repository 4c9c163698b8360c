"""A program: a mail server on loopback that takes mail only after STARTTLS and a login, and counts it.

Prints its port and, when its input ends, how many mails it took. Its certificate has the kind of key that
Let's Encrypt gives by default (ECDSA P-256), the cheapest there is; a password is checked as mail servers
check those of system users, against a salted hash of 5,000 rounds of SHA-512.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tercera.mailbox import HOST, listening

USER, PASSWORD = "operations", "correct horse"
SALT, ROUNDS = b"a salt of its own", 5_000
AUTHORITY, KEY = "authority.pem", "key.pem"


class Counter:
    """Takes every mail and keeps none."""

    def __init__(self) -> None:
        self.mails = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Called by aiosmtpd for each mail."""
        self.mails += 1
        return "250 taken"


def serve(folder: Path) -> None:
    """Serves until the input ends."""
    _make_certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / AUTHORITY, folder / KEY)
    counter = Counter()
    known = _hashed(PASSWORD.encode())

    def conversation() -> SMTP:
        return SMTP(
            counter,
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
    print(counter.mails, flush=True)


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
    serve(Path(sys.argv[1]))
