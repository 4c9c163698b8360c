"""Passwords, kept as Argon2id hashes."""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from tercera.errors import TerceraError

SHORTEST, LONGEST = 12, 1024
"""Characters. The length is what counts; no further rules about their kinds."""

_AT_ONCE = threading.Semaphore(2)
"""Each verification takes 64 MiB: many at once must not exhaust the machine."""

_hasher = PasswordHasher()


def hashed(password: str) -> str:
    """What is kept. TerceraError for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise TerceraError(f"a password has {SHORTEST} to {LONGEST} characters; choose another")
    return _hasher.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Whether it is the one that was hashed. Takes as long where there is none."""
    with _AT_ONCE:
        try:
            return _hasher.verify(kept or _nobodys(), password[:LONGEST]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password, it only takes time")
