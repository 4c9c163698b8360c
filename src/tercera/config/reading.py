"""What decides which orders a source counts, as marks by which an edit is noticed."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

_NOT_COUNTED = {"amount", "currency"}
"""Settings of orders that change no count."""


def reading_of(source: Any) -> dict[str, str]:
    """By the names of the source's settings, a mark of each that is not as it comes: no value is kept, for it
    may hold what nobody else should read. Who asks the server, and how, says nothing of its orders."""
    orders = source.orders.model_dump(mode="json", exclude_defaults=True, exclude=_NOT_COUNTED)
    found = {f"orders.{name}": value for name, value in orders.items()}
    found["kind"] = source.kind
    found |= _places(source)
    return {name: _mark(value) for name, value in found.items()}


def _places(source: Any) -> dict[str, str]:
    """The servers, in any order, and the database or the file."""
    found = {name: str(value) for name in ("database", "path") if (value := getattr(source, name, None))}
    if (uri := getattr(source, "uri", None)) is not None:
        address = urlsplit(uri.get_secret_value())
        found["server"] = ",".join(sorted(address.netloc.rpartition("@")[2].split(",")))
        found.setdefault("database", address.path)
    return found


def _mark(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
