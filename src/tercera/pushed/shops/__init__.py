"""What shop systems send of their orders: one file each. A module has `is_signed(secret, body, headers)` and
`read(topic, body) -> News`; both pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tercera.errors import TerceraError
from tercera.pushed.order import PushedOrder


class UnreadableError(TerceraError):
    """What a shop sent is not what its documentation says."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class News:
    """What a message tells: an order as it is now, or that one is `gone` (its id), or neither."""

    order: PushedOrder | None = None
    gone: str | None = None
    at: datetime | None = None


NOTHING = News()
"""A message about something else, or a greeting."""


def is_hmac_of(secret: str, body: bytes, given: str | None) -> bool:
    """Whether the base64 of a SHA-256 HMAC is that of the body. Takes as long for a wrong one."""
    made = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
    return given is not None and hmac.compare_digest(made, given.strip().encode())


def document(body: bytes, shop: str) -> dict[str, Any]:
    """The JSON object of a message. UnreadableError: it is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{shop}: the message is no JSON ({error})") from None
    if not isinstance(value, dict):
        raise UnreadableError(f"{shop}: the message is no JSON object")
    return value
