"""The secret that signs links and marks forms, and the keys that are drawn from it.

It comes from `web.secret`, or from a file beside the ledger that only its owner can read. It is not in the
ledger: who can read the ledger can't sign.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from tercera.errors import ConfigError

FILE = ".tercera-key"


@dataclass(frozen=True, slots=True)
class Keys:
    """Signs texts, each for one purpose: a mark that was made for one is of no use for another."""

    secret: bytes = field(repr=False)

    def sign(self, purpose: str, text: str) -> str:
        """64 hexadecimal characters."""
        key = hmac.digest(self.secret, purpose.encode(), hashlib.sha256)
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    def is_signed(self, purpose: str, text: str, mark: str) -> bool:
        """Whether `sign` made this mark. Takes as long for a wrong one as for the right one."""
        return self.equal(self.sign(purpose, text), mark)

    @staticmethod
    def equal(made: str, given: str) -> bool:
        """Whether two marks are the same, in the same time whatever they are."""
        return hmac.compare_digest(made.encode(), given.encode())


def read_keys(secret: str | None, folder: Path) -> Keys:
    """From the configured secret, else from the file in a folder, which is made when there is none.
    ConfigError: it can't be written, or is open to others."""
    if secret is not None:
        return Keys(secret.encode())
    path = folder / FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Keys(_read(path))
    except OSError as error:
        raise ConfigError(
            f"web: the key for signing can't be written to {path} ({error.strerror}); make the folder "
            "writable, or set web.secret"
        ) from None
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
    return Keys(_read(path))


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"web: others can read {path}, which signs links; `chmod 600 {path}` helps")
        found = path.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"web: {path} can't be read ({error}); remove it to make a new one") from None
    if len(found) < 32:
        raise ConfigError(f"web: {path} holds no key; remove it to make a new one")
    return found.encode()
